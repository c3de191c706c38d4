"""The reference says what the maskers' definitions say."""

from __future__ import annotations

from pathlib import Path

from masking.maskers import MASKERS
from masking.reference import maskers_table, with_table

DOCUMENT = Path(__file__).parents[3] / "docs" / "masking.md"


def test_the_reference_is_what_the_definitions_make() -> None:
    """`make docs` writes it anew."""
    text = DOCUMENT.read_text()
    assert with_table(text) == text


def test_every_masker_has_a_line() -> None:
    assert [f"| `{name}` |" in maskers_table() for name in MASKERS] == [True] * len(MASKERS)
