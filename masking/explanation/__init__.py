"""A plan in words and SQL, for a person who has to agree to it."""
