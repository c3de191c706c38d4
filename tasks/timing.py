"""How long each step takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.report import StepReport


@contextmanager
def timed(name: str, steps: list[StepReport]) -> Iterator[None]:
    """Append the step to ``steps`` when it ends, however it ends."""
    start = time.monotonic()
    try:
        yield
    finally:
        steps.append(StepReport(name=name, seconds=round(time.monotonic() - start, 3)))
