"""What the steps pass to each other. Pure: no I/O, and imports nothing else of this project."""
