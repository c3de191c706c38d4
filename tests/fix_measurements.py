"""pytest plugin: what a test measured, and doesn't assert, is in the summary of the run.

``record_property("longest_gap_s", 0.04)`` is all that the test says; xdist hands it on with the test's report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest


def measurements(reports: Iterable[Any]) -> Iterator[str]:
    """A line for each property that a test recorded."""
    for report in reports:
        if isinstance(report, pytest.TestReport) and report.when == "call":
            for name, value in report.user_properties:
                yield f"{report.nodeid}: {name} = {value}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = sorted(measurements(report for found in terminalreporter.stats.values() for report in found))
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.line(line)
