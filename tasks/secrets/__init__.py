"""Secrets: read at the moment of use, they go nowhere but into a connection or a key derivation."""
