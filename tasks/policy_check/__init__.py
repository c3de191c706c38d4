"""A policy held against a database, a schema file or a saved catalogue, with nothing masked."""
