"""Many statements, one pass per table."""
