"""What is configured: one block per env, made from its file."""
