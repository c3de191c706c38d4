"""What is done to Aurora through the RDS API: snapshots, the clone, and taking both away again."""
