"""A block of COPY's text as words, and the hash of any run of them, all by numpy.

A word is letters and digits without anything between them; what separates words is no part of a hash, so
``555-123-4567`` and ``(555) 123 4567`` have one. The hash of the characters c₀ … cₙ is Σ T[cᵢ]·Bⁱ mod 2⁶⁴, with T and B
drawn at random for the run: of prefix sums, any run of words has its hash by one subtraction and one product.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Bytes of COPY's text that are looked at together. Its arrays are to fit a processor's cache.
BLOCK_BYTES: Final = 256 * 1024
_MODULUS: Final = 1 << 64

# Letters and digits, and the bytes of letters beyond ASCII.
_IS_WORD: Final = bytes(
    byte >= 0x80 or bytes([byte]).isalnum() for byte in range(256)
)  # a translation: 1 for what words are made of, else 0
_SEPARATORS: Final = bytes(byte for byte in range(256) if not _IS_WORD[byte])


@dataclass(frozen=True, kw_only=True)
class WordKey:
    """What hashes depend on. Lives in this process's memory only: nobody who hasn't it can try values."""

    characters: Numbers = field(repr=False)
    base: int = field(repr=False)

    @classmethod
    def drawn(cls) -> WordKey:
        """A new one, of the system's random bytes."""
        characters = np.frombuffer(secrets.token_bytes(256 * 8), dtype=np.uint64).copy()
        # 5 modulo 8: of the powers of such a number none is 1 before the 2⁶²th.
        return cls(characters=characters, base=secrets.randbits(64) & ~7 | 5)

    def powers(self, count: int) -> tuple[Numbers, Numbers]:
        """The base's powers, and those of its inverse; at least ``count``."""
        known = self._powers
        if len(known[0]) < count:
            known = (_powers(self.base, count), _powers(pow(self.base, -1, _MODULUS), count))
            self.__dict__["_powers"] = known
        return known

    @cached_property
    def _powers(self) -> tuple[Numbers, Numbers]:
        size = BLOCK_BYTES + 4096
        return _powers(self.base, size), _powers(pow(self.base, -1, _MODULUS), size)

    def behind(self, character: str, hashes: Numbers) -> Numbers:
        """Hashes of the same texts with ``character`` put before them."""
        found: Numbers = self.characters[ord(character)] + hashes * np.uint64(self.base)
        return found

    def __reduce__(self) -> Any:
        raise TypeError("a key isn't written anywhere")


def _powers(base: int, count: int) -> Numbers:
    found = np.full(count, base, dtype=np.uint64)
    found[0] = 1
    powers: Numbers = np.multiply.accumulate(found)
    return powers


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of one block, in order.

    ``starts`` and ``ends`` are places in the block, ``compact`` is where each word's characters begin when nothing else
    is left of the block, ``lengths`` counts them.
    """

    block: npt.NDArray[np.uint8]
    starts: Places
    ends: Places
    compact: Places
    lengths: Places
    #: The characters of all words, and the sums before each.
    left: npt.NDArray[np.uint8] = field(repr=False)
    sums: Numbers = field(repr=False)
    #: Digits before each character of what is left of the block.
    digits: npt.NDArray[np.int32]
    key: WordKey
    #: The number of the value that the block begins in, within its row.
    first_value: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def breaks(self) -> Places:
        """Where values end: at tabs and line ends."""
        return np.flatnonzero((self.block == 9) | (self.block == 10))

    def values_of(self, words: Places) -> Places:
        """The number of the value in which each word stands; a row's columns follow one another."""
        return self.values_at(self.starts[words])

    def values_at(self, places: Places) -> Places:
        """The same of places in the block."""
        return np.searchsorted(self.breaks, places) + self.first_value

    def hashes(self, start: Places, stop: Places) -> Numbers:
        """Of the characters from ``start`` up to ``stop``, in compact places."""
        _, inverse = self.key.powers(len(self.sums))
        found: Numbers = (self.sums[stop] - self.sums[start]) * inverse[start]
        return found

    def compact_end(self, words: Places) -> Places:
        """Where each word's characters are over, in compact places."""
        found: Places = self.compact[words] + self.lengths[words]
        return found

    def digit_counts(self, start: Places, stop: Places) -> Places:
        """How many digits are among the characters from ``start`` up to ``stop``, in compact places."""
        return (self.digits[stop] - self.digits[start]).astype(np.int64)


def words_of(block: bytes, key: WordKey, *, first_value: int = 0) -> Words:
    """The words of ``block``, in the case that they have; it begins in that value of a row."""
    characters = np.frombuffer(block, dtype=np.uint8)
    is_word = np.frombuffer(block.translate(_IS_WORD), dtype=np.bool_)
    edges = np.empty(len(is_word) + 1, dtype=np.bool_)
    edges[1:-1] = is_word[1:] != is_word[:-1]
    edges[0], edges[-1] = (is_word[0], is_word[-1]) if len(is_word) else (False, False)
    bounds = np.flatnonzero(edges)
    starts, ends = bounds[::2], bounds[1::2]
    lengths = ends - starts
    compact = np.zeros(len(lengths), dtype=np.int64)
    np.cumsum(lengths[:-1], out=compact[1:])
    left = np.frombuffer(block.translate(None, _SEPARATORS), dtype=np.uint8)
    powers, _ = key.powers(len(left) + 1)
    sums = np.zeros(len(left) + 1, dtype=np.uint64)
    np.cumsum(key.characters.take(left) * powers[: len(left)], out=sums[1:])
    digits = np.zeros(len(left) + 1, dtype=np.int32)
    np.cumsum(left - np.uint8(ord("0")) <= 9, out=digits[1:])
    return Words(
        block=characters,
        starts=starts,
        ends=ends,
        compact=compact,
        lengths=lengths,
        left=left,
        sums=sums,
        digits=digits,
        key=key,
        first_value=first_value,
    )
