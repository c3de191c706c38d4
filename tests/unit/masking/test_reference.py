"""The reference says what the maskers' definitions say."""

from __future__ import annotations

from pathlib import Path

import pytest

from masking.maskers import MASKERS
from masking.reference import GENERATED, maskers_table

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_generated_is_what_the_definitions_make(name: str) -> None:
    """`make docs` writes it anew."""
    text = (DOCS / name).read_text()
    assert GENERATED[name](text) == text


def test_every_masker_has_a_line() -> None:
    assert [f"| `{name}` |" in maskers_table() for name in MASKERS] == [True] * len(MASKERS)
