"""Ranges of telephone numbers, written as the North American plan writes them: N is a digit from 2 to 9, X is any.

The default, NXX-555-01XX, is set apart for fiction: https://nanpa.com/numbering/555-line-numbers
"""

from __future__ import annotations

import re
from math import prod
from typing import Final

#: Set apart for fiction, in any area code: 80,000 numbers.
RESERVED: Final = "NXX55501XX"
#: Digits of the numbers without an area code.
LOCAL: Final = 7
_NATIONAL: Final = 10
_DIGITS: Final = {"N": "23456789", "X": "0123456789"}


def places_of(text: str) -> str:
    """A range's ten places without what stands between them.

    Raises:
        ValueError: it hasn't ten places, or a sign that is none.
    """
    places = re.sub(r"[-+ ()./]", "", text)
    if not re.fullmatch(rf"[0-9NX]{{{_NATIONAL}}}", places):
        raise ValueError(
            "a range has ten places, each a digit, N (2 to 9) or X (0 to 9), such as NXX-555-XXXX"
        )
    return places


def numbers_in(places: str) -> int:
    """How many numbers a range holds."""
    return prod(len(_digits(place)) for place in places)


def is_reserved(places: str) -> bool:
    """Whether every number of a range is one that is set apart for fiction."""
    return all(
        set(_digits(place)) <= set(_digits(reserved))
        for place, reserved in zip(places, RESERVED, strict=True)
    )


def pattern(places: str) -> str:
    """A regular expression for a range's numbers, in PostgreSQL's and Python's syntax alike."""
    return "".join({"N": "[2-9]", "X": "[0-9]"}.get(place, place) for place in places)


def _digits(place: str) -> str:
    return _DIGITS.get(place, place)
