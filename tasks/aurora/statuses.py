"""What the status of a cluster, an instance or a snapshot means for somebody who waits for ``available``.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html
"""

from __future__ import annotations

from typing import Literal

Outlook = Literal["ready", "wait", "hopeless"]

_HOPELESS = frozenset(
    {
        "cloning-failed",
        "deleting",
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "insufficient-capacity",
        "migration-failed",
        "restore-error",
        "stopped",
        "stopping",
        "storage-full",
    }
)


def outlook(status: str) -> Outlook:
    """Whether ``available`` is here, may still come, or can't come any more."""
    if status == "available":
        return "ready"
    if status in _HOPELESS or status.startswith("incompatible-"):
        return "hopeless"
    return "wait"
