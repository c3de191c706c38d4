"""What a search found, held against what the policy acknowledges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from masking.proof.raw_values import RawValues
from masking.proof.search import Copies
from masking.proof.shapes import ShapeCounts

RAW_VALUES = "raw_values"
#: Numbers are never spread evenly: where they are thick, there may be so many times as many as elsewhere.
_THICK = 4
_DEVIATIONS = 6


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``count`` values at ``place`` that have a shape, or are raw ones; ``reason`` where the policy acknowledges it."""

    place: str
    count: int
    #: The word of the policy's ``acknowledge`` line.
    rule: str
    detail: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.count} values {self.detail}"


_SHAPES: Mapping[str, str] = {
    "email": "have the shape of an e-mail address",
    "phone": "have the shape of a phone number",
    "ssn": "have the shape of an SSN",
    "card": "have the shape of a card number, and its check digit",
    "iban": "have the shape of an IBAN, and its check digits",
    "private_key": "hold a private key",
    "api_token": "hold an API token",
    "jwt": "hold a JWT",
    "password_hash": "hold a password hash",
}


def of_shapes(
    places: Sequence[str], acknowledged: Sequence[Mapping[str, str]], counts: ShapeCounts
) -> Iterator[Finding]:
    """Shapes found, by column: each with its place's name and what may be there."""
    for (column, shape), count in sorted(counts.beyond_chance().items()):
        yield Finding(
            place=places[column],
            count=count,
            rule=shape,
            detail=_SHAPES[shape],
            reason=acknowledged[column].get(shape, ""),
        )


def of_copies(
    places: Sequence[str], acknowledged: Sequence[Mapping[str, str]], copies: Copies, raw: RawValues
) -> Iterator[Finding]:
    """Raw values found, by column and the column they came from, beyond what chance explains."""
    counts: dict[tuple[int, int], int] = {}
    for (column, origin, digits), count in copies.found.items():
        if not digits or not _is_chance(count, copies.numbers[column, digits], raw.densities[digits]):
            counts[column, origin] = counts.get((column, origin), 0) + count
    for (column, origin), count in sorted(counts.items()):
        yield Finding(
            place=places[column],
            count=count,
            rule=RAW_VALUES,
            detail=f"hold raw values of {raw.columns[origin]}",
            reason=acknowledged[column].get(RAW_VALUES, ""),
        )


def _is_chance(count: int, numbers: int, density: float) -> bool:
    """Whether so many of ``numbers`` would be raw ones by chance, where ``density`` of all numbers are."""
    expected = numbers * _THICK * density
    return bool(count <= expected + _DEVIATIONS * math.sqrt(expected))
