"""PostgreSQL: what is done to a clone and to a target, over connections made in one place."""
