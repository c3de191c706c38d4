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

from masking.proof.hash_table import Filter, Flags, HashTable, Origins
from masking.proof.kinds import Kind
from masking.proof.words import Counts, Numbers, WordKey

#: Numbers of so many digits are searched for while at most one in a hundred, where they are, is a raw one.
_DENSEST: Final = 0.01
#: Digits by which it is told where numbers are: sequences fill few of 10,000 ranges.
_LEAD: Final = 4
_RANGES: Final = 10**_LEAD
#: Digits of the longest number that may come about by chance, and of the longest that is counted.
LONGEST_NUMBER: Final = 19
#: Hashes held at most: 12 to 34 bytes each.
MOST_HASHES: Final = 200_000_000


class TooManyRawValues(Exception):
    """More than :data:`MOST_HASHES` raw values."""


@dataclass(frozen=True, kw_only=True)
class RawValues:
    """What is searched for: the keys of all ways to write it, and which of ``columns`` each came from."""

    key: WordKey = field(repr=False)
    hashes: HashTable = field(repr=False)
    #: Of them, and of longer values' first two words.
    likely: Filter = field(repr=False)
    likely_twos: Filter = field(repr=False)
    #: Whether numbers of so many digits are searched for where they are written without a gap.
    searched_lengths: Flags = field(repr=False)
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

    def __reduce__(self) -> Any:
        raise TypeError("raw values aren't written anywhere, not as hashes either")


class Gathered:
    """Raw values while they come in, from several threads."""

    def __init__(self, key: WordKey, columns: Mapping[str, Kind], *, most: int = MOST_HASHES) -> None:
        self.key, self.columns, self._most = key, columns, most
        self._hashes, self._twos = HashTable(), HashTable()
        #: By digits, how many different numbers there are, and which of the ranges that begin with the same four have
        #: one.
        self._numbers = np.zeros(LONGEST_NUMBER + 1, dtype=np.int64)
        self._ranges = np.zeros((LONGEST_NUMBER + 1, _RANGES), dtype=np.bool_)
        self._counts = [0] * len(self.columns)
        self._lock = threading.Lock()

    @property
    def ranges(self) -> Flags:
        """To be set for every number's digits and first four digits."""
        return self._ranges

    def count(self, columns: Sequence[int], values: Sequence[int]) -> None:
        """So many ``values`` more of each column, whatever the ways to write them."""
        with self._lock:
            for column, more in zip(columns, values, strict=True):
                self._counts[column] += more

    def add(self, hashes: Numbers, origins: Origins, digits: Counts, twos: Numbers) -> None:
        """What one block had: keys of values with their columns, their digits where they are a number, and keys of the
        first two words of the longer ones.

        Raises:
            TooManyRawValues: they would take more memory than is set apart for them.
        """
        with self._lock:
            new_digits = digits[self._hashes.add(hashes, origins)]
            self._numbers += np.bincount(new_digits, minlength=LONGEST_NUMBER + 1)
            self._twos.add(twos, np.zeros(len(twos), dtype=np.uint32))
            if len(self._hashes) + len(self._twos) > self._most:
                raise TooManyRawValues(f"{len(self._hashes)} ways to write raw values")

    def raw_values(self) -> RawValues:
        """All of them, ready to be looked up."""
        densities = {
            digits: float(self._numbers[digits]) / (int(self._ranges[digits].sum()) * 10 ** (digits - _LEAD))
            for digits in range(1, LONGEST_NUMBER + 1)
            if self._numbers[digits]
        }
        too_dense = tuple(digits for digits, density in densities.items() if density > _DENSEST)
        searched = np.ones(LONGEST_NUMBER + 1, dtype=np.bool_)
        searched[list(too_dense)] = False
        return RawValues(
            key=self.key,
            hashes=self._hashes,
            likely=self._hashes.filter(),
            likely_twos=self._twos.filter(),
            searched_lengths=searched,
            columns=tuple(self.columns),
            kinds=tuple(self.columns.values()),
            counts=tuple(self._counts),
            densities=densities,
            too_dense=too_dense,
        )
