"""What a mask run in a job of its own is known by."""

from __future__ import annotations

from contracts.naming import RunKey


def start_key(run: RunKey, attempt: int) -> str:
    """Prefect's idempotency key: each attempt of a refresh masks its clone once."""
    return f"mask-{run.flow_run_id}-{attempt}"
