"""Looking raw values up in a block of what masking keeps: single words, and runs of a few."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from masking.proof.hash_table import OTHER
from masking.proof.kinds import SHORTEST, SHORTEST_NUMBER, Kind
from masking.proof.raw_values import LONGEST_NUMBER, RawValues
from masking.proof.words import Places, Words
from masking.proof.writing import GROUP_BASE, USUAL_GROUPS

#: Runs that pass the filters, looked up together.
_AT_ONCE = 1 << 15
#: Two words that are remembered as no one's, which fit the processor's nearest caches.
_PASSED_OVER = 1 << 12


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
    if not len(words) or not len(raw.hashes):
        return
    numbers = np.zeros((columns, LONGEST_NUMBER + 1), dtype=np.int64)
    hits = list(_hits(words, raw, numbers))
    for column, length in np.argwhere(numbers).tolist():
        if length in raw.densities:
            into.numbers[column, length] += int(numbers[column, length])
    if not hits:
        return
    first, counts, digits, origins = (np.concatenate([hit[place] for hit in hits]) for place in range(4))
    is_one = _are_names(words, first, counts, origins, raw)
    # A value counts once for an origin, however often it is there.
    rows = np.stack((words.values[first], origins, digits))[:, is_one]
    for value, origin, length in np.unique(rows, axis=1).T.tolist():
        into.found[value % columns, origin, length] += 1


def _hits(
    words: Words, raw: RawValues, numbers: npt.NDArray[np.int64]
) -> Iterator[tuple[Places, Places, Places, Places]]:
    """Runs that are raw values: first words, how many words, digits where they are one number, and origins.

    ``numbers[column, digits]`` counts numbers.
    """
    from masking.proof.kernels.runs import likely

    key = raw.key
    first, count, digits = (np.empty(_AT_ONCE, dtype=np.int32) for _ in range(3))
    keys = np.empty(_AT_ONCE, dtype=np.uint64)
    passed_over = np.zeros(_PASSED_OVER, dtype=np.uint64)
    word = 0
    while word < len(words):
        word, found = likely(
            word,
            len(words),
            words.lengths,
            words.digits,
            words.values,
            words.hashes,
            key.powers,
            key.base,
            key.forms,
            key.spread,
            GROUP_BASE,
            USUAL_GROUPS,
            raw.searched_lengths,
            raw.likely.bits,
            raw.likely.shift,
            raw.likely_twos.bits,
            raw.likely_twos.shift,
            OTHER,
            passed_over,
            SHORTEST,
            SHORTEST_NUMBER,
            numbers,
            first,
            count,
            digits,
            keys,
        )
        origins = raw.hashes.origins(keys[:found])
        is_ours = np.flatnonzero(origins >= 0)
        if len(is_ours):
            yield (
                first[is_ours].astype(np.int64),
                count[is_ours].astype(np.int64),
                digits[is_ours].astype(np.int64),
                origins[is_ours],
            )


def _are_names(
    words: Words, first: Places, counts: Places, origins: Places, raw: RawValues
) -> npt.NDArray[np.bool_]:
    """Whether the words of names are one name: in a list, a last name comes before the next first one."""
    flags = np.ones(len(first), dtype=np.bool_)
    is_name = np.array([kind in _GAPS for kind in raw.kinds])[origins]
    block, starts = words.block, words.starts
    ends = starts + words.lengths
    for place in np.flatnonzero(is_name & (counts > 1)).tolist():
        word, kind = int(first[place]), raw.kinds[origins[place]]
        gaps = [
            block[ends[number] : starts[number + 1]].tobytes()
            for number in range(word, word + int(counts[place]) - 1)
        ]
        before = block[max(0, int(starts[word]) - 2) : starts[word]].tobytes()
        turned = kind == "last and first name"
        flags[place] = all(_GAPS[kind].fullmatch(gap) for gap in gaps) and not (
            turned and _GOES_ON.fullmatch(before)
        )
    return flags


_GAPS: Mapping[Kind, re.Pattern[bytes]] = {
    # As one that is written in one column may have it, too: Murby, Kayla; Kayla (KK) Murby; Kayla "KK" Murby.
    "full name": re.compile(rb"[ ._'+-]{1,3}|, ?| {4,9}|,? \\*[(\"]|\\*[)\"],? | & "),
    "first and last name": re.compile(rb"[ ._'+-]{1,3}"),
    "last and first name": re.compile(rb"[ ._'+-]{1,3}|, ?"),
}
#: A word right before.
_GOES_ON = re.compile(rb"[^\W_] ")
