"""Proves the masked clone, and the database restored from its archive: whole tables, read once."""
