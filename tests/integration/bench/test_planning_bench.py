"""The bench of ``make bench-planning``, on so few tables that its figures mean nothing: none decides a test."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import many_tables
from tests.bench.planning import bench
from tests.bench.server import SETTINGS, bench_server


def test_every_part_of_the_mask_step_goes_through_on_the_database_of_many_tables(tmp_path: Path) -> None:
    with bench_server({**SETTINGS, **many_tables.SETTINGS}) as server:
        result = bench(server, tables=40)
    result.write(tmp_path / "planning.json")
    written = json.loads((tmp_path / "planning.json").read_text())
    assert written["tables"] == 40
    assert [part["name"] for part in written["parts"]] == [
        "parse the policy",
        "read the catalogue",
        "plan",
        "warn",
        "explain",
        "write the checks",
        "rehearse",
        "save the schema",
        "mask",
        "verify",
        "finish",
    ]
    assert written["planning_seconds"] > 0
