"""A block of COPY's text as words, each with its hash.

A word is letters and digits without anything between them; what separates words is no part of a hash, so
``555-123-4567`` and ``(555) 123 4567`` have one. The hash of the characters c₀ … cₙ is Σ T[cᵢ]·Bⁿ⁻ⁱ mod 2⁶⁴, with T and
B drawn at random for the run: the hash of two words on end is that of the first times a power of B, plus the other's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from masking.proof.kinds import MOST_WORDS

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

#: Bytes of COPY's text that are looked at together. What is made of them is to fit a processor's cache.
BLOCK_BYTES: Final = 256 * 1024
#: Powers that are kept; those of longer words are computed.
_POWERS: Final = 4096
#: Most words of a run: a value's own, and one more where its groups are others.
MOST_WORDS_OF_A_RUN: Final = MOST_WORDS + 1


def _class(byte: int) -> int:
    """Of what a byte is a part: see :mod:`masking.proof.kernels.words`. Beyond ASCII all are a letter's."""
    if byte >= 0x80 or bytes([byte]).isalpha():
        return 1
    if bytes([byte]).isdigit():
        return 2
    return {"\t": 3, "\n": 3, "@": 4}.get(chr(byte), 0)


_CLASSES: Final = np.array([_class(byte) for byte in range(256)], dtype=np.uint8)


@dataclass(frozen=True, kw_only=True)
class WordKey:
    """What hashes depend on. Lives in this process's memory only: nobody who hasn't it can try values.

    ``forms`` tell apart what is hashed: at 0 a number, at n a value of n words, and two more; see
    :func:`masking.proof.kernels.runs.likely`. ``spread`` brings all of a sum into the highest bits.
    """

    characters: Numbers = field(repr=False)
    base: np.uint64 = field(repr=False)
    forms: Numbers = field(repr=False)
    spread: np.uint64 = field(repr=False)

    @classmethod
    def drawn(cls) -> WordKey:
        """A new one, of the system's random bytes."""
        # 5 modulo 8: of the powers of such a number none is 1 before the 2⁶²th.
        return cls(
            characters=_drawn(256),
            base=np.uint64(secrets.randbits(64) & ~7 | 5),
            forms=_drawn(MOST_WORDS_OF_A_RUN + 3),
            spread=np.uint64(secrets.randbits(64) | 1),
        )

    @cached_property
    def powers(self) -> Numbers:
        """The base's first powers."""
        found = np.full(_POWERS, self.base, dtype=np.uint64)
        found[0] = 1
        powers: Numbers = np.multiply.accumulate(found)
        return powers

    def __reduce__(self) -> Any:
        raise TypeError("a key isn't written anywhere")


def _drawn(count: int) -> Numbers:
    return np.frombuffer(secrets.token_bytes(count * 8), dtype=np.uint64).copy()


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of one block, in order.

    ``starts`` are places in the block, ``lengths`` and ``digits`` count characters, ``values`` are the numbers of the
    values in which words stand, where a row's columns follow one another.
    """

    block: Bytes = field(repr=False)
    starts: Counts
    lengths: Counts
    digits: Counts
    values: Counts
    hashes: Numbers = field(repr=False)
    #: Whether an @ is right before or behind.
    beside_at: Bytes = field(repr=False)
    key: WordKey
    #: The number of the value that the block begins in, within its row.
    first_value: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def _breaks(self) -> Places:
        """Where values end: at tabs and line ends."""
        return np.flatnonzero((self.block == 9) | (self.block == 10))

    def values_at(self, places: Places) -> Places:
        """The number of the value at each place in the block."""
        return np.searchsorted(self._breaks, places) + self.first_value


def words_of(block: bytes, key: WordKey, *, first_value: int = 0) -> Words:
    """The words of ``block``, which begins in that value of a row. Hashes are of it as it is, without folding."""
    from masking.proof.kernels.words import cut

    characters = np.frombuffer(block, dtype=np.uint8)
    # A word and what ends it are two bytes at least.
    most = len(block) // 2 + 1
    starts, lengths, digits, values = (np.empty(most, dtype=np.int32) for _ in range(4))
    hashes, beside_at = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.uint8)
    count = cut(
        characters,
        _CLASSES,
        key.characters,
        key.base,
        first_value,
        starts,
        lengths,
        digits,
        values,
        hashes,
        beside_at,
    )
    return Words(
        block=characters,
        starts=starts[:count],
        lengths=lengths[:count],
        digits=digits[:count],
        values=values[:count],
        hashes=hashes[:count],
        beside_at=beside_at[:count],
        key=key,
        first_value=first_value,
    )
