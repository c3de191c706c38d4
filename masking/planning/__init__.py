"""Policy held against catalogue: what happens to every table and column, and proof of it."""
