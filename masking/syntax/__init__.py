"""SQL that users wrote, read with PostgreSQL's own parser: what it refers to, and how expressions combine."""
