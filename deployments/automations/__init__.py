"""What the Prefect server does by itself when a run has died without a word: no flow can report its own death."""
