"""Looking raw values up in a block of what masking keeps: single words, and runs of up to eight."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from masking.proof.kinds import SHORTEST, SHORTEST_NUMBER, Kind
from masking.proof.raw_values import RawValues
from masking.proof.words import Places, Words
from masking.proof.writing import group_code

#: Digits of the longest number that may come about by chance.
_LONGEST_NUMBER = 19


@dataclass
class Copies:
    """What was found in the columns of one table, each numbered in the order of its COPY."""

    #: How many values of a column hold raw ones of an origin: by column, origin, and how many digits the raw one is,
    #: written without a gap (0 for all else).
    found: dict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))
    #: How many numbers of so many digits each column holds: by column and digits.
    numbers: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))


def search(words: Words, raw: RawValues, columns: int, into: Copies) -> None:
    """Count the raw values in a block of COPY's rows of so many ``columns``."""
    if not len(words) or not raw.runs:
        return
    hits = [_single(words, raw, columns, into), *_runs(words, raw)]
    starts = np.concatenate([first for first, _, _ in hits])
    if not len(starts):
        return
    origins = np.concatenate([origin for _, origin, _ in hits])
    digits = np.concatenate([digit for _, _, digit in hits])
    values = words.values_of(starts)
    # A value counts once for an origin, however often it is there.
    rows = np.stack((values, origins, digits))
    for value, origin, length in np.unique(rows, axis=1).T.tolist():
        into.found[value % columns, origin, length] += 1


def _are_names(
    words: Words, first: Places, count: int, origins: Places, raw: RawValues
) -> npt.NDArray[np.bool_]:
    """Whether the words of names are one name: in a list, a last name comes before the next first one."""
    flags = np.ones(len(first), dtype=np.bool_)
    block = words.block
    for place, (word, origin) in enumerate(zip(first.tolist(), origins.tolist(), strict=True)):
        allowed = _GAPS.get(raw.kinds[origin])
        if allowed is None:
            continue
        gaps = [
            block[words.ends[number] : words.starts[number + 1]].tobytes()
            for number in range(word, word + count - 1)
        ]
        before = block[max(0, int(words.starts[word]) - 2) : words.starts[word]].tobytes()
        turned = raw.kinds[origin] == "last and first name"
        flags[place] = all(allowed.fullmatch(gap) for gap in gaps) and not (
            turned and _GOES_ON.fullmatch(before)
        )
    return flags


_GAPS: Mapping[Kind, re.Pattern[bytes]] = {
    "full name": re.compile(rb"[ ._'+-]{1,3}"),
    "first and last name": re.compile(rb"[ ._'+-]{1,3}"),
    "last and first name": re.compile(rb"[ ._'+-]{1,3}|, ?"),
}
#: A word right before.
_GOES_ON = re.compile(rb"[^\W_] ")
_Hits = tuple[Places, Places, Places]


def _single(words: Words, raw: RawValues, columns: int, into: Copies) -> _Hits:
    long = np.flatnonzero(words.lengths >= SHORTEST)
    start, stop = words.compact[long], words.compact_end(long)
    _count_numbers(words, long, columns, raw, into)
    hashes = words.hashes(start, stop)
    maybe = raw.of_one.passing(hashes)
    origins = raw.origins(hashes[maybe], 1)
    found = origins >= 0
    hit = long[maybe[found]]
    length = words.lengths[hit]
    digits = words.digit_counts(words.compact[hit], words.compact_end(hit))
    return hit, origins[found], np.where(digits == length, length, 0)


def _count_numbers(words: Words, long: Places, columns: int, raw: RawValues, into: Copies) -> None:
    lengths = words.lengths[long]
    likely = long[
        (lengths >= SHORTEST_NUMBER) & (lengths <= _LONGEST_NUMBER) & _begins_with_digit(words, long)
    ]
    digits = words.digit_counts(words.compact[likely], words.compact_end(likely))
    numbers = likely[digits == words.lengths[likely]]
    if not len(numbers):
        return
    rows = np.stack((words.values_of(numbers) % columns, words.lengths[numbers]))
    found, counts = np.unique(rows, axis=1, return_counts=True)
    for (column, length), count in zip(found.T.tolist(), counts.tolist(), strict=True):
        if length in raw.densities:
            into.numbers[column, length] += count


def _begins_with_digit(words: Words, which: Places) -> npt.NDArray[np.bool_]:
    return words.block[words.starts[which]] - np.uint8(ord("0")) <= 9


def _runs(words: Words, raw: RawValues) -> list[_Hits]:
    longer = [count for count in raw.runs if count > 1]
    if not longer or len(words) < 2:
        return []
    stop = words.compact_end(np.arange(1, len(words), dtype=np.int64))
    likely = raw.of_two.passing(words.hashes(words.compact[:-1], stop))
    hits = []
    for count in longer:
        first = likely[likely + count <= len(words)]
        last = first + count - 1
        start, stop = words.compact[first], words.compact_end(last)
        hashes = words.hashes(start, stop)
        is_number = words.digit_counts(start, stop) == stop - start
        hashes[is_number] += group_code(words, first[is_number], count)
        origins = raw.origins(hashes, count)
        found = np.flatnonzero(origins >= 0)
        # Words of two values aren't one.
        found = found[words.values_of(first[found]) == words.values_of(last[found])]
        found = found[_are_names(words, first[found], count, origins[found], raw)]
        hits.append((first[found], origins[found], np.zeros(len(found), dtype=np.int64)))
    return hits
