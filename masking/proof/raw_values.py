"""Raw values of identifying domains, as keyed hashes: made before the pass, looked up after it.

They are 64 bits each, in this process's memory only. A process that dies forgets them, and with them the proof: its
clone isn't dumped. By chance one of 10¹⁰ runs of words meets one of 10⁷ hashes once in 200 runs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from masking.proof.kinds import Kind
from masking.proof.words import Numbers, WordKey

#: Bits of the filters per hash; one run of words in 64 passes by chance.
_FILTER_BITS_PER_HASH: Final = 16
_LEAST_FILTER_BITS: Final = 1 << 16
#: Numbers of so many digits are searched for while at most one in a hundred, where they are, is a raw one.
_DENSEST: Final = 0.01
#: Digits by which it is told where numbers are: sequences fill few of 10,000 ranges.
_LEAD: Final = 4
_RANGES: Final = 10**_LEAD
#: Hashes held at most: 8 bytes each, twice that while they are sorted.
MOST_HASHES: Final = 200_000_000
#: Hashes that are taken before they are sorted in.
_AT_ONCE: Final = 4_000_000
Origins = npt.NDArray[np.uint32]


Run = tuple[Numbers, Origins]
_NOTHING: Final[Run] = (np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint32))


class TooManyRawValues(Exception):
    """More than :data:`MOST_HASHES` raw values."""


#: Hashes that are put into a filter together, which bounds what that takes besides.
_FILTERED_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which hashes may be there: two bits for each, of which the second is asked for where the first is set."""

    bits: npt.NDArray[np.uint8] = field(repr=False)
    shift: int

    @classmethod
    def of(cls, hashes: Numbers) -> Filter:
        """The filter that all of ``hashes`` pass."""
        wanted = max(_LEAST_FILTER_BITS, len(hashes) * _FILTER_BITS_PER_HASH)
        shift = 64 - (wanted - 1).bit_length()
        bits = np.zeros(1 << (64 - shift - 3), dtype=np.uint8)
        for begin in range(0, len(hashes), _FILTERED_AT_ONCE):
            some = hashes[begin : begin + _FILTERED_AT_ONCE]
            for places in (some >> np.uint64(shift), _mixed(some) >> np.uint64(shift)):
                np.bitwise_or.at(
                    bits, places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
                )
        return cls(bits=bits, shift=shift)

    def passing(self, hashes: Numbers) -> npt.NDArray[np.int64]:
        """Places of the hashes that may be there."""
        maybe = self._set(hashes)
        return maybe[self._set(_mixed(hashes[maybe]))]

    def _set(self, hashes: Numbers) -> npt.NDArray[np.int64]:
        places = hashes >> np.uint64(self.shift)
        found = self.bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)
        return np.flatnonzero(found & np.uint8(1))


def _mixed(hashes: Numbers) -> Numbers:
    """Other highest bits, which follow from all."""
    return (hashes ^ hashes >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class RawValues:
    """What is searched for, by how many words it is: sorted hashes, and which of ``columns`` each came from."""

    key: WordKey = field(repr=False)
    runs: dict[int, Run] = field(repr=False)
    #: Of single words, and of the first two words of longer values.
    of_one: Filter = field(repr=False)
    of_two: Filter = field(repr=False)
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    #: How many raw values there are of each column.
    counts: tuple[int, ...]
    #: Of numbers without a gap, by their digits: which share of all such numbers, where there are some, are raw ones.
    densities: dict[int, float]
    #: By their digits, what is too dense to be told from chance.
    too_dense: tuple[int, ...]

    def __len__(self) -> int:
        return sum(self.counts)

    def origins(self, hashes: Numbers, word_count: int) -> npt.NDArray[np.int64]:
        """From which column each of ``hashes`` came, of values of so many words; -1 where it isn't ours."""
        ours, origins = self.runs.get(word_count, _NOTHING)
        if not len(ours):
            return np.full(len(hashes), -1, dtype=np.int64)
        found = np.minimum(np.searchsorted(ours, hashes), len(ours) - 1)
        return np.where(ours[found] == hashes, origins[found].astype(np.int64), -1)

    def __reduce__(self) -> Any:
        raise TypeError("raw values aren't written anywhere, not as hashes either")


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Ways to write raw values of one column: of how many words, each one's hash, and that of its first two words.

    ``digits``: how many digits a form of one word is, 0 for other than digits.
    """

    word_count: int
    hashes: Numbers
    first_two: Numbers
    digits: int = 0
    #: The first four digits of each such form.
    leads: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)


class Gathered:
    """Raw values while they come in, from several threads."""

    def __init__(self, key: WordKey, columns: Mapping[str, Kind], *, most: int = MOST_HASHES) -> None:
        self.key, self.columns, self._most = key, columns, most
        #: By how many words they are, and how many digits where they are one number.
        self._parts: dict[tuple[int, int], list[Run]] = {}
        self._first_two: list[Numbers] = []
        #: By digits, which of the ranges that begin with the same four have a number.
        self._ranges: dict[int, npt.NDArray[np.bool_]] = {}
        self._counts = [0] * len(self.columns)
        self._held = self._held_distinct = 0
        self._lock = threading.Lock()

    def count(self, column: int, values: int) -> None:
        """``values`` more of one column, whatever the ways to write them."""
        with self._lock:
            self._counts[column] += values

    def add(self, column: int, forms: Forms) -> None:
        """What one block had of one column."""
        if not len(forms.hashes):
            return
        origins = np.full(len(forms.hashes), column, dtype=np.uint32)
        with self._lock:
            self._parts.setdefault((forms.word_count, forms.digits), []).append((forms.hashes, origins))
            if forms.digits:
                self._ranges.setdefault(forms.digits, np.zeros(_RANGES, dtype=np.bool_))[forms.leads] = True
            if forms.word_count > 1:
                self._first_two.append(forms.first_two)
            self._held += len(forms.hashes)
            if self._held > 2 * self._held_distinct + _AT_ONCE:
                self._compact()

    def raw_values(self) -> RawValues:
        """All of them, ready to be looked up.

        Raises:
            TooManyRawValues: they would take more memory than is set apart for them.
        """
        self._compact()
        densities = {
            digits: len(parts[0][0]) / (int(self._ranges[digits].sum()) * 10 ** (digits - _LEAD))
            for (_, digits), parts in self._parts.items()
            if digits
        }
        dense = tuple(sorted(digits for digits, density in densities.items() if density > _DENSEST))
        by_count: dict[int, list[Run]] = {}
        for (word_count, digits), parts in self._parts.items():
            if digits not in dense:
                by_count.setdefault(word_count, []).extend(parts)
        runs = {word_count: _merged(parts) for word_count, parts in sorted(by_count.items())}
        return RawValues(
            key=self.key,
            runs=runs,
            of_one=Filter.of(runs.get(1, _NOTHING)[0]),
            of_two=Filter.of(_distinct(self._first_two)),
            columns=tuple(self.columns),
            kinds=tuple(self.columns.values()),
            counts=tuple(self._counts),
            densities=densities,
            too_dense=dense,
        )

    def _compact(self) -> None:
        self._parts = {form: [_merged(parts)] for form, parts in self._parts.items()}
        self._first_two = [_distinct(self._first_two)]
        self._held = self._held_distinct = sum(len(parts[0][0]) for parts in self._parts.values())
        if self._held > self._most:
            raise TooManyRawValues(f"{self._held} raw values")


def _merged(parts: Sequence[Run]) -> Run:
    if not parts:
        return _NOTHING
    hashes, origins = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    # Of a value that several columns hold, the first of them is told, whichever thread was quicker.
    order = np.lexsort((origins, hashes))
    hashes, origins = hashes[order], origins[order]
    is_first = _is_first(hashes)
    return hashes[is_first], origins[is_first]


def _distinct(parts: Sequence[Numbers]) -> Numbers:
    if not parts:
        return _NOTHING[0]
    hashes = np.concatenate(parts)
    hashes.sort()
    return hashes[_is_first(hashes)]


def _is_first(hashes: Numbers) -> npt.NDArray[np.bool_]:
    """Of sorted hashes, which aren't the one before."""
    found = np.ones(len(hashes), dtype=np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=found[1:])
    return found
