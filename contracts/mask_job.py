"""What a mask run in a job of its own is called, and what may be told of how it ended."""

from __future__ import annotations

from contracts import errors
from contracts.naming import RunKey

# "Flow run encountered an exception: PolicyInvalid: policy.yaml: …"
# https://github.com/PrefectHQ/prefect/blob/3.8.8/src/prefect/states.py, exception_to_failed_state
_INTRODUCTION = "Flow run encountered an exception: "


def start_key(run: RunKey, attempt: int) -> str:
    """Prefect's idempotency key: each attempt of a refresh masks its clone once."""
    return f"mask-{run.flow_run_id}-{attempt}"


def reason_of(message: str | None) -> str:
    """A state's message where an error of ours wrote it, which quotes no row; else nothing."""
    kind, _, text = (message or "").removeprefix(_INTRODUCTION).partition(": ")
    found = getattr(errors, kind, None)
    return text if isinstance(found, type) and issubclass(found, errors.RefreshError) else ""
