"""Where it runs. Only `localaws` and `demo` are Python; the rest is configuration."""
