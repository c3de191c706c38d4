"""What is decided about data: policy and catalogue in, plan and SQL out. Pure: no I/O, no Prefect, no boto3."""
