"""How the world is touched: one effect per task. What is decided lives in masking/ and in pure modules here."""
