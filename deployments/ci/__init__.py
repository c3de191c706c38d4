"""What a pipeline needs that refreshes an env and shows how it went."""
