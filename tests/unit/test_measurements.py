"""What a test measured without asserting it is shown all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MEASURES = """
def test_measures(record_property):
    record_property("longest_gap_s", 0.042)
"""


def test_what_a_test_recorded_is_in_the_summary_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(MEASURES)
    # In another process, as in `make test`: what was recorded has to travel.
    options = (
        "-n",
        "1",
        "-p",
        "tests.fix_measurements",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert "test_it.py::test_measures: longest_gap_s = 0.042" in done.stdout, done.stdout + done.stderr
