"""What is made in an AWS account, and the roles' policies, which Terraform and Python render alike."""
