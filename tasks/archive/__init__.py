"""A pg_dump directory archive in S3: written from a clone and loaded into a shadow, both by streaming."""
