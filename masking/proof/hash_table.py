"""Hashes by the million, each with the number of the column that it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from masking.proof.words import Bytes, Numbers, Places

Origins = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

_LEAST_SLOTS: Final = 1 << 12
#: Of all slots, so many may be taken: more of them, and looking one up takes long.
_FULLEST: Final = 0.7
#: Bits of a filter per hash; one hash in 64 passes by chance.
_FILTER_BITS_PER_HASH: Final = 16
_LEAST_FILTER_BITS: Final = 1 << 16
#: Makes other highest bits of a hash.
OTHER: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which hashes may be there: two bits for each, of which the second is asked for where the first is set."""

    bits: Bytes = field(repr=False)
    shift: np.uint64


class HashTable:
    """A set of hashes other than 0, each with the lowest of the origins that it was put in with.

    Memory: 12 bytes a slot, of which 35 to 70 % are taken; half as much again while it grows.
    """

    def __init__(self) -> None:
        self._count = 0
        self._make(_LEAST_SLOTS)

    def __len__(self) -> int:
        return self._count

    def add(self, hashes: Numbers, origins: Origins) -> Flags:
        """Put hashes in; which of them weren't there."""
        from masking.proof.kernels.hash_table import insert

        self._make_room(len(hashes))
        is_new = np.empty(len(hashes), dtype=np.bool_)
        self._count += insert(self._slots, self._origins, self._shift, hashes, origins, is_new)
        return is_new

    def origins(self, hashes: Numbers) -> Places:
        """The origin of each, -1 for one that isn't there."""
        from masking.proof.kernels.hash_table import look_up

        found = np.empty(len(hashes), dtype=np.int64)
        look_up(self._slots, self._origins, self._shift, hashes, found)
        return found

    def filter(self) -> Filter:
        """One that all of its hashes pass."""
        from masking.proof.kernels.hash_table import fill_filter

        wanted = max(_LEAST_FILTER_BITS, self._count * _FILTER_BITS_PER_HASH)
        exponent = (wanted - 1).bit_length()
        made = Filter(bits=np.zeros(1 << exponent - 3, dtype=np.uint8), shift=np.uint64(64 - exponent))
        fill_filter(made.bits, made.shift, OTHER, self._slots)
        return made

    def _make(self, slots: int) -> None:
        self._slots = np.zeros(slots, dtype=np.uint64)
        self._origins = np.zeros(slots, dtype=np.uint32)
        self._shift = np.uint64(65 - slots.bit_length())

    def _make_room(self, more: int) -> None:
        from masking.proof.kernels.hash_table import move

        slots = len(self._slots)
        while self._count + more > slots * _FULLEST:
            slots *= 2
        if slots > len(self._slots):
            old_slots, old_origins = self._slots, self._origins
            self._make(slots)
            move(self._slots, self._origins, self._shift, old_slots, old_origins)
