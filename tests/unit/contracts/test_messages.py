"""What people read: counts, names and times."""

from __future__ import annotations

import pytest

from contracts.messages import duration, failure_message, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (185, "3 min 05 s"), (4320, "1 h 12 min")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1_400_000, "1.4 MB"), (3_200_000_000_000, "3.2 TB")]
)
def test_sizes_are_for_people(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("preflight", "Nothing was touched"),
        ("mask", "nothing left the clone"),
        ("restore", "begins at the archive"),
        ("cleanup", "janitor"),
    ],
)
def test_a_failure_says_what_to_do_next(step: str, says: str) -> None:
    message = failure_message(
        "staging",
        state="Failed",
        step=step,
        seconds=65,
        reason="cluster x: it broke.",
        run_url="http://ui/run",
    )
    assert says in message
    assert "*staging*" in message
    assert "1 min 05 s" in message
    assert message.endswith("http://ui/run")
