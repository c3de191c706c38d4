"""Waiting with a deadline and a reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TypeVar

from contracts.errors import WaitTimedOut

Found = TypeVar("Found")

# Short at first, since small clusters are quick; then 15 s, which RDS doesn't throttle.
FIRST_POLLS_S = (0.2, 0.3, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 5.0, 5.0, 10.0)
POLL_S = 15.0


def polls() -> Iterator[float]:
    """The pauses between looks, in seconds, without end."""
    return chain(FIRST_POLLS_S, repeat(POLL_S))


def wait_for(
    look: Callable[[], Found | None], *, resource: str, waiting_for: str, timeout_s: float, remedy: str
) -> Found:
    """What ``look`` returns once that isn't None.

    Raises:
        WaitTimedOut: after ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    for pause_s in polls():
        if (found := look()) is not None:
            return found
        if time.monotonic() + pause_s > deadline:
            break
        time.sleep(pause_s)
    raise WaitTimedOut(
        f"it wasn't {waiting_for} after {timeout_s / 60:.0f} minutes", resource=resource, remedy=remedy
    )
