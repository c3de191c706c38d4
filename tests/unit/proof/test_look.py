"""One block, looked at for raw values and for shapes."""

from __future__ import annotations

from masking.proof.blocks import Block
from masking.proof.search import Copies
from masking.proof.shapes import ShapeCounts
from masking.proof.words import WordKey
from tasks.proof.searching import look


def test_letters_whose_lower_case_has_another_length_hide_no_shape() -> None:
    # A dotted capital I grows by a byte, and a Kelvin sign shrinks by two.
    values = ["\u0130\u0130", *("078-05-1121", "call 212-736-5000") * 3, "\u212a"]
    block = Block(text="".join(f"{value}\n" for value in values).encode(), first_value=0)
    shapes = ShapeCounts()
    look(block, 1, WordKey.drawn(), None, Copies(), shapes)
    assert shapes.beyond_chance() == {(0, "ssn"): 3, (0, "phone"): 3}


def test_escapes_of_any_character_are_read() -> None:
    block = Block(text=b'{"note": "\\\\u2019 078-05-1121\\\\u2019"}\n', first_value=0)
    shapes = ShapeCounts()
    look(block, 1, WordKey.drawn(), None, Copies(), shapes)
    assert shapes.beyond_chance() == {(0, "ssn"): 1}
