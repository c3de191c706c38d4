"""A table of hashes, each with the column that it came from: open addressing, looked for from its own slot onwards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from masking.proof.kernels import compiled

_EMPTY = np.uint64(0)


@compiled
def _slot_of(slots: npt.NDArray[np.uint64], shift: np.uint64, one: np.uint64) -> np.int64:
    """Where ``one`` is, or would be put."""
    slot = np.int64(one >> shift)
    while slots[slot] != _EMPTY and slots[slot] != one:
        slot = (slot + 1) & (len(slots) - 1)
    return slot


@compiled
def insert(
    slots: npt.NDArray[np.uint64],
    origins: npt.NDArray[np.uint32],
    shift: np.uint64,
    hashes: npt.NDArray[np.uint64],
    their_origins: npt.NDArray[np.uint32],
    is_new: npt.NDArray[np.bool_],
) -> int:
    """Put ``hashes`` in, and say which weren't there; how many those are. Of two origins the lower one stays.

    There must be room for all. None is 0.
    """
    added = 0
    for number in range(len(hashes)):
        one = hashes[number]
        origin = their_origins[number]
        slot = _slot_of(slots, shift, one)
        new = slots[slot] == _EMPTY
        is_new[number] = new
        if new:
            slots[slot] = one
            origins[slot] = origin
            added += 1
        elif origin < origins[slot]:
            origins[slot] = origin
    return added


@compiled
def move(
    slots: npt.NDArray[np.uint64],
    origins: npt.NDArray[np.uint32],
    shift: np.uint64,
    old_slots: npt.NDArray[np.uint64],
    old_origins: npt.NDArray[np.uint32],
) -> None:
    """Put all that a smaller table holds into a larger one."""
    for number in range(len(old_slots)):
        one = old_slots[number]
        if one != _EMPTY:
            slot = _slot_of(slots, shift, one)
            slots[slot] = one
            origins[slot] = old_origins[number]


@compiled
def look_up(
    slots: npt.NDArray[np.uint64],
    origins: npt.NDArray[np.uint32],
    shift: np.uint64,
    hashes: npt.NDArray[np.uint64],
    found: npt.NDArray[np.int64],
) -> None:
    """The origin of each, -1 for one that isn't there."""
    for number in range(len(hashes)):
        one = hashes[number]
        slot = _slot_of(slots, shift, one)
        found[number] = np.int64(origins[slot]) if slots[slot] == one else -1


@compiled
def fill_filter(
    bits: npt.NDArray[np.uint8], shift: np.uint64, other: np.uint64, slots: npt.NDArray[np.uint64]
) -> None:
    """Set two bits for every hash of a table: by its own highest bits, and by those of its product with ``other``."""
    for number in range(len(slots)):
        one = slots[number]
        if one != _EMPTY:
            place = one >> shift
            bits[place >> np.uint64(3)] |= np.uint8(1) << np.uint8(place & np.uint64(7))
            place = (one * other) >> shift
            bits[place >> np.uint64(3)] |= np.uint8(1) << np.uint8(place & np.uint64(7))
