"""What a search found, held against what the policy acknowledges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from masking.proof.raw_values import RawValues
from masking.proof.search import Copies
from masking.proof.shapes import ShapeCounts

RAW_VALUES = "raw_values"
#: Numbers are never spread evenly: where they are thick, there may be so many times as many as elsewhere.
_THICK = 4
#: Chance goes beyond what is expected of it by so many standard deviations at most, where there are so many numbers.
_DEVIATIONS = 3
_MANY = 300


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


@dataclass(frozen=True, kw_only=True)
class ByChance:
    """Of ``numbers`` at ``place``, ``count`` have a shape, or are raw ones: no more than chance makes so."""

    place: str
    #: As a finding's.
    rule: str
    count: int
    numbers: int


@dataclass(kw_only=True)
class Found:
    """What a search has found: what must be acknowledged, and what chance explains."""

    findings: list[Finding] = field(default_factory=list)
    by_chance: list[ByChance] = field(default_factory=list)

    def add(
        self,
        places: Sequence[str],
        acknowledged: Sequence[Mapping[str, str]],
        shapes: ShapeCounts,
        copies: Copies,
        raw: RawValues | None,
    ) -> None:
        """What was counted in columns, each with its place's name and what may be there."""
        self.findings += of_shapes(places, acknowledged, shapes)
        self.by_chance += shapes_by_chance(places, shapes)
        if raw is not None:
            self.findings += of_copies(places, acknowledged, copies, raw)
            self.by_chance += copies_by_chance(places, copies, raw)


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


def shapes_by_chance(places: Sequence[str], counts: ShapeCounts) -> Iterator[ByChance]:
    """Numbers that pass a card's check and are no cards, by column."""
    for column, (count, numbers) in sorted(counts.cards_by_chance().items()):
        if count:
            yield ByChance(place=places[column], rule="card", count=count, numbers=numbers)


def of_copies(
    places: Sequence[str], acknowledged: Sequence[Mapping[str, str]], copies: Copies, raw: RawValues
) -> Iterator[Finding]:
    """Raw values found, by column and the column they came from, beyond what chance explains."""
    counts: dict[tuple[int, int], int] = {}
    for (column, origin, digits), count in copies.found.items():
        if not _is_chance(count, column, digits, copies, raw):
            counts[column, origin] = counts.get((column, origin), 0) + count
    for (column, origin), count in sorted(counts.items()):
        yield Finding(
            place=places[column],
            count=count,
            rule=RAW_VALUES,
            detail=f"hold raw values of {raw.columns[origin]}",
            reason=acknowledged[column].get(RAW_VALUES, ""),
        )


def copies_by_chance(places: Sequence[str], copies: Copies, raw: RawValues) -> Iterator[ByChance]:
    """Raw numbers found that chance explains, by column."""
    counts: dict[int, int] = {}
    lengths: dict[int, set[int]] = {}
    for (column, _, digits), count in copies.found.items():
        if _is_chance(count, column, digits, copies, raw):
            counts[column] = counts.get(column, 0) + count
            lengths.setdefault(column, set()).add(digits)
    for column, count in sorted(counts.items()):
        numbers = sum(copies.numbers[column, digits] for digits in lengths[column])
        yield ByChance(place=places[column], rule=RAW_VALUES, count=count, numbers=numbers)


def _is_chance(count: int, column: int, digits: int, copies: Copies, raw: RawValues) -> bool:
    """Whether so many of a column's numbers of so many digits would be raw ones by chance."""
    if not digits:
        return False
    numbers = copies.numbers[column, digits]
    expected = numbers * _THICK * raw.densities[digits]
    return count <= expected + (_DEVIATIONS * math.sqrt(expected) if numbers >= _MANY else 0)
