"""What of a Prefect state's message may be told outside Prefect."""

from __future__ import annotations

from contracts import errors

# "Flow run encountered an exception: PolicyInvalid: policy.yaml: …"
# https://github.com/PrefectHQ/prefect/blob/3.8.8/src/prefect/states.py, exception_to_failed_state
_INTRODUCTION = "Flow run encountered an exception: "


def reason_of(message: str | None) -> str:
    """The text of an error of ours, which quotes no row and no secret; of any other one nothing."""
    kind, _, text = (message or "").removeprefix(_INTRODUCTION).partition(": ")
    found = getattr(errors, kind, None)
    return text if isinstance(found, type) and issubclass(found, errors.RefreshError) else ""
