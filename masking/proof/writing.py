"""The ways in which a raw value may be written elsewhere, as keys of runs of words."""

from __future__ import annotations

from collections.abc import Sequence
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
from masking.proof.raw_values import Gathered
from masking.proof.words import Numbers, words_of

#: How people group digits: of 7, 9, 10, 11, 12, 15 and 16.
_GROUPS: Final[tuple[tuple[int, ...], ...]] = (
    (3, 4),
    *((3, 2, 4), (3, 3, 3)),
    *((3, 3, 4), (3, 7)),
    (1, 3, 3, 4),
    *((4, 4, 4), (2, 3, 3, 4)),
    (4, 6, 5),
    (4, 4, 4, 4),
)
#: Digits of a number of the North American plan, whose country code is 1.
_NATIONAL: Final = 10
GROUP_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
# As masking.proof.kernels.forms numbers its rules and orders its limits.
_RULES: Final[dict[Kind, int]] = {
    "e-mail address": 0,
    "phone number": 1,
    "id": 2,
    "card number": 2,
    "IBAN": 3,
    "token": 4,
    "user name": 5,
    "full name": 6,
    "first and last name": 6,
    "last and first name": 6,
    "street and number": 7,
    "value": 8,
    "text": 9,
    "SSN": 10,
}
_LIMITS: Final = np.array(
    [
        MOST_WORDS,
        SHORTEST,
        SHORTEST_CODE,
        SHORTEST_NUMBER,
        SHORTEST_TOKEN,
        SHORTEST_UNNAMED_NUMBER,
        MOST_UNNAMED_WORDS,
        _NATIONAL,
    ],
    dtype=np.int64,
)


def gather(
    block: bytes, kinds: Sequence[Kind], columns: Sequence[int], into: Gathered, *, first_value: int = 0
) -> None:
    """Take the raw values of a block of COPY's rows, whose columns are of ``kinds`` and have the numbers ``columns``.

    The block is undressed and folded.

    Raises:
        TooManyRawValues: they would take more memory than is set apart for them.
    """
    from masking.proof.kernels.forms import MOST_KEYS, keys_of

    words, key = words_of(block, into.key, first_value=first_value), into.key
    if not len(words):
        return
    counts = np.zeros(len(kinds), dtype=np.int64)
    most = MOST_KEYS * len(words)
    keys, twos = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.uint64)
    origins, digits = np.empty(most, dtype=np.uint32), np.empty(most, dtype=np.int32)
    found, found_twos = keys_of(
        words.block,
        len(words),
        words.starts,
        words.lengths,
        words.digits,
        words.values,
        words.hashes,
        words.beside_at,
        key.characters,
        key.base,
        np.array([_RULES[kind] for kind in kinds], dtype=np.int64),
        np.array(columns, dtype=np.uint32),
        _LIMITS,
        key.forms,
        key.spread,
        GROUP_BASE,
        USUAL_GROUPS,
        counts,
        into.ranges,
        keys,
        origins,
        digits,
        twos,
    )
    into.count(columns, counts.tolist())
    into.add(keys[:found], origins[:found], digits[:found], twos[:found_twos])


def _code(groups: Sequence[int]) -> int:
    """What is added to the hash of words of digits, so that it is found only where it is grouped so:
    ``2023-01-15 0930`` isn't the phone number 202-301-150930.
    """
    found = 0
    for group in groups:
        found = (found * int(GROUP_BASE) + group) % (1 << 64)
    return found


#: The codes of what needn't be remembered of a number: it is looked for in these groups anyway.
USUAL_GROUPS: Final[Numbers] = np.array([_code(groups) for groups in _GROUPS], dtype=np.uint64)
