"""What the user says of a database: ``policy.yaml``, and PostgreSQL Anonymizer's labels as another way to say it."""
