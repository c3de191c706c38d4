"""Waiting ends at once where the status can't become good any more."""

from __future__ import annotations

import pytest

from tasks.aurora.statuses import outlook


def test_available_is_what_is_waited_for() -> None:
    assert outlook("available") == "ready"


@pytest.mark.parametrize(
    "status",
    [
        "creating",
        "backing-up",
        "modifying",
        "resetting-master-credentials",
        "starting",
        "upgrading",
        "new-word",
    ],
)
def test_a_passing_status_is_waited_out(status: str) -> None:
    assert outlook(status) == "wait"


@pytest.mark.parametrize(
    "status",
    ["failed", "deleting", "stopped", "incompatible-parameters", "incompatible-network", "storage-full",
     "inaccessible-encryption-credentials-recoverable", "migration-failed"],
)  # fmt: skip
def test_a_hopeless_status_ends_the_wait(status: str) -> None:
    assert outlook(status) == "hopeless"
