from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.contenders import Outcome
from tests.bench.document import markdown, with_section
from tests.bench.ours import CHOSEN, WAYS
from tests.bench.report import Result
from tests.bench.state import State

RESULT = Result(
    rows=10,
    outcomes={
        "scripts": Outcome(seconds=(30.0, 31.0, 90.0)),
        "floor": Outcome(seconds=(1.0,)),
        "ours": Outcome(seconds=(2.0, 4.0, 2.0)),
        "peers.bauta": Outcome(seconds=(8.0,)),
        "peers.pynonymizer": Outcome(error="pynonymizer: still running | after 1800 s"),
    },
    per_masker_us={"email": 1.234},
)


def test_seconds_are_medians_and_a_peer_that_failed_has_its_message() -> None:
    assert RESULT.as_json() == {
        "rows": 10,
        "seconds": {
            "scripts": 31.0,
            "floor": 1.0,
            "ours": 2.0,
            "ours_ways": {name: 2.0 for name, way in WAYS.items() if way is CHOSEN},
            "peers": {"bauta": 8.0, "pynonymizer": "pynonymizer: still running | after 1800 s"},
        },
        "per_masker_us": {"email": 1.23},
    }


def test_ratios_are_to_the_floor_and_to_the_scripts() -> None:
    assert ("ours", "2.00 s", "2.00–4.00 (3)", "2.0 ×", "15.5 ×") in list(RESULT.lines())


def test_the_page_names_a_peers_version_and_what_is_counted_of_it() -> None:
    text = "\n".join(markdown(RESULT, {"date": "2020-01-01"}))
    assert "| bauta[postgresql,native,fpe]==0.2.7 | 8.00 s |" in text
    assert "from one database into another" in text
    assert "still running \\| after 1800 s" in text


def test_only_the_named_part_of_the_page_is_written() -> None:
    page = "before\n<!-- result -->\nold\n<!-- /result -->\nafter\n"
    assert with_section(page, "result", ["new"]) == "before\n<!-- result -->\nnew\n<!-- /result -->\nafter\n"
    with pytest.raises(ValueError, match="no part between"):
        with_section(page, "linearity", ["new"])


def test_a_result_is_kept_until_what_it_was_measured_on_changes(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    State(path).put("floor", "these rows", [1.0])
    assert State(path).get("floor", "these rows") == [1.0]
    assert State(path).get("floor", "other rows") is None
    assert State(path, fresh=True).get("floor", "these rows") is None
