"""The ways in which a raw value may be written elsewhere, as hashes of runs of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from masking.proof.kinds import (
    MOST_UNNAMED_WORDS,
    MOST_WORDS,
    SHORTEST,
    SHORTEST_CODE,
    SHORTEST_NUMBER,
    SHORTEST_TOKEN,
    SHORTEST_UNNAMED_NUMBER,
    Kind,
)
from masking.proof.raw_values import Forms, Gathered
from masking.proof.words import Flags, Numbers, Places, Words, words_of

#: How people group digits, by how many there are.
_GROUPS: Final[dict[int, tuple[tuple[int, ...], ...]]] = {
    7: ((3, 4),),
    9: ((3, 2, 4), (3, 3, 3)),
    10: ((3, 3, 4), (3, 7)),
    11: ((1, 3, 3, 4),),
    12: ((4, 4, 4), (2, 3, 3, 4)),
    15: ((4, 6, 5),),
    16: ((4, 4, 4, 4),),
}
#: Digits of a number of the North American plan, whose country code is 1.
_NATIONAL: Final = 10
_GROUP_BASE: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, kw_only=True)
class _Values:
    """Values of one column in one block: first and last word, where they are in compact places."""

    first: Places
    count: Places
    start: Places
    stop: Places
    digits: Places
    has_at: Flags

    @property
    def length(self) -> Places:
        return self.stop - self.start

    def where(self, flags: Flags) -> _Values:
        return _Values(
            first=self.first[flags],
            count=self.count[flags],
            start=self.start[flags],
            stop=self.stop[flags],
            digits=self.digits[flags],
            has_at=self.has_at[flags],
        )


def gather(
    block: bytes, kinds: Sequence[Kind], columns: Sequence[int], into: Gathered, *, first_value: int = 0
) -> None:
    """Take the raw values of a block of COPY's rows, whose columns are of ``kinds`` and have the numbers ``columns``.

    The block is undressed and folded.
    """
    words = words_of(block, into.key)
    if not len(words):
        return
    value = np.searchsorted(words.breaks, words.starts)
    first = np.flatnonzero(np.concatenate(([True], value[1:] != value[:-1])))
    last = np.concatenate((first[1:], [len(words)])) - 1
    start, stop = words.compact[first], words.compact_end(last)
    at = np.zeros(len(words.breaks) + 1, dtype=np.bool_)
    at[np.searchsorted(words.breaks, np.flatnonzero(words.block == ord("@")))] = True
    found = _Values(
        first=first,
        count=last - first + 1,
        start=start,
        stop=stop,
        digits=words.digit_counts(start, stop),
        has_at=at[value[first]],
    )
    column = (value[first] + first_value) % len(kinds)
    for place, kind in enumerate(kinds):
        ours = found.where(column == place)
        ours = ours.where(_identifies(ours, kind))
        into.count(columns[place], len(ours.first))
        for forms in _forms(words, ours, kind):
            into.add(columns[place], forms)


def _identifies(values: _Values, kind: Kind) -> Flags:
    """Which values are long and peculiar enough to be searched for."""
    length, digits, count = values.length, values.digits, values.count
    is_number = digits == length
    is_mixed = (digits > 0) & ~is_number
    fits = (count <= MOST_WORDS) & (length >= SHORTEST)
    is_email = values.has_at & (count >= 2) & (length >= SHORTEST)
    is_code = is_mixed & (length >= SHORTEST_CODE)
    is_long_number = is_number & (length >= SHORTEST_NUMBER)
    found: Flags
    match kind:
        case "e-mail address":
            found = is_email | (count > 1)
        case "phone number":
            found = is_long_number
        case "id" | "SSN" | "card number" | "IBAN":
            found = is_email | is_code | is_long_number
        case "token":
            found = is_code | (length >= SHORTEST_TOKEN)
        case "user name":
            found = ~is_number | is_long_number
        case "full name" | "first and last name" | "last and first name":
            found = (count > 1) & (digits == 0)
        case "street and number":
            found = (count > 1) & is_mixed
        case "value" | "text":
            is_unnamed = is_number & (length >= SHORTEST_UNNAMED_NUMBER) & (count <= MOST_UNNAMED_WORDS)
            found = is_email | is_unnamed
            if kind == "value":
                found = found | (is_code & (count == 1))
    return fits & found


def _forms(words: Words, values: _Values, kind: Kind) -> Iterator[Forms]:
    is_number = values.digits == values.length
    yield from _as_written(words, values.where(~is_number))
    if kind in ("id", "SSN", "card number", "IBAN", "token", "user name", "value"):
        # A code may stand without its separators; an IBAN in groups of four.
        codes = values.where(~is_number & ~values.has_at & (values.digits > 0))
        yield _form(words, codes.where((codes.count > 1) & (codes.length >= SHORTEST_CODE)), (), whole=True)
        if kind == "IBAN":
            for length in _each(codes.length):
                ours = codes.where(codes.length == length)
                whole, rest = divmod(length, 4)
                if 2 <= whole + bool(rest) <= MOST_WORDS + 1:
                    yield _form(words, ours, (4,) * whole + ((rest,) if rest else ()), letters=True)
    numbers = values.where(is_number)
    for length in _each(numbers.length):
        yield from _number_forms(words, numbers.where(numbers.length == length), length, kind)


def _as_written(words: Words, values: _Values) -> Iterator[Forms]:
    for count in _each(values.count):
        ours = values.where(values.count == count)
        hashes = words.hashes(ours.start, ours.stop)
        second = np.minimum(ours.first + 1, len(words) - 1)
        two = words.hashes(ours.start, words.compact_end(second)) if count > 1 else hashes
        yield Forms(word_count=count, hashes=hashes, first_two=two)


def _number_forms(words: Words, values: _Values, length: int, kind: Kind) -> Iterator[Forms]:
    yield _form(words, values, (), whole=True, digits=length)
    for groups in _GROUPS.get(length, ()):
        yield _form(words, values, groups)
    for count in _each(values.count):
        ours = values.where(values.count == count)
        if count > 1:
            yield from _grouped_as_written(words, ours, count)
    if kind != "phone number":
        return
    if length == _NATIONAL:
        # The same number with its country's code.
        contiguous = words.key.behind("1", words.hashes(values.start, values.stop))
        yield Forms(
            word_count=1,
            hashes=contiguous,
            first_two=contiguous,
            digits=length + 1,
            leads=1000 + _lead(words, values.start) // 10,
        )
    elif length > _NATIONAL:
        start = values.stop - _NATIONAL
        for groups in ((), *_GROUPS[_NATIONAL]):
            yield _at(words, start, values.stop, groups, digits=0 if groups else _NATIONAL)


def _grouped_as_written(words: Words, values: _Values, count: int) -> Iterator[Forms]:
    code = group_code(words, values.first, count)
    yield Forms(
        word_count=count,
        hashes=words.hashes(values.start, values.stop) + code,
        first_two=words.hashes(values.start, words.compact_end(values.first + 1)),
    )


def _form(
    words: Words,
    values: _Values,
    groups: tuple[int, ...],
    *,
    whole: bool = False,
    digits: int = 0,
    letters: bool = False,
) -> Forms:
    return _at(words, values.start, values.stop, () if whole else groups, digits=digits, letters=letters)


def _at(
    words: Words,
    start: Places,
    stop: Places,
    groups: tuple[int, ...],
    *,
    digits: int = 0,
    letters: bool = False,
) -> Forms:
    hashes = words.hashes(start, stop)
    if not groups:
        return Forms(
            word_count=1,
            hashes=hashes,
            first_two=hashes,
            digits=digits,
            leads=_lead(words, start) if digits else start[:0],
        )
    code = np.uint64(0 if letters else _group_number(groups))
    two = words.hashes(start, np.minimum(start + groups[0] + groups[1], stop))
    return Forms(word_count=len(groups), hashes=hashes + code, first_two=two)


def _lead(words: Words, start: Places) -> Places:
    """The first four digits of the numbers that begin at ``start``."""
    found = np.zeros(len(start), dtype=np.int64)
    for place in range(4):
        found = found * 10 + (words.left[start + place].astype(np.int64) - ord("0"))
    return found


def group_code(words: Words, first: Places, count: int) -> Numbers:
    """What is added to the hash of ``count`` words of digits, so that it is found only where it is grouped so:
    ``2023-01-15 0930`` isn't the phone number 202-301-150930.
    """
    found = np.zeros(len(first), dtype=np.uint64)
    for place in range(count):
        found = found * np.uint64(_GROUP_BASE) + words.lengths[first + place].astype(np.uint64)
    return found


def _group_number(groups: tuple[int, ...]) -> int:
    found = 0
    for group in groups:
        found = (found * _GROUP_BASE + group) % (1 << 64)
    return found


def _each(counts: Places) -> list[int]:
    """The different ones of small numbers."""
    return np.flatnonzero(np.bincount(counts)).tolist()
