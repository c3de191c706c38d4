"""The bench of ``make bench-proof``, on a table so small that its figures mean nothing: none decides a test."""

from __future__ import annotations

import pytest

from tests.bench.planted import PLACES
from tests.bench.proof import bench
from tests.bench.server import bench_server


def test_the_result_has_what_was_planted_and_found_and_every_parts_time() -> None:
    with bench_server() as server:
        result = bench(server, rows=2_000, copies=240, runs=2)
    assert (result["planted"], result["planted_found"], result["false_alarms"]) == (240, 240, 0)
    assert result["planted_by_kind"] == {kind: [20, 20] for kind in PLACES}
    figures = [result[name] for name in ("masking_s", "verification_s", "combined_update_s")]
    assert all(isinstance(figure, float) and figure > 0 for figure in figures)
    assert len(result["runs"]) == 2
    assert {"gather raw values, and remember", "prove", "search of the schema"} <= result["parts"].keys()
    assert result["verification_s"] == pytest.approx(
        sum(part["seconds"] for name, part in result["parts"].items() if name not in ("mask", "saved schema"))
    )
    assert "of these: unique indexes" in result["proof_one_by_one"]
    assert all(found["mask_recall"] > 0 for found in result["suggestions"].values())
