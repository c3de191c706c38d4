"""Where in a block a shape may begin that is made of words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from masking.proof.kernels import compiled

#: What may begin at a word: numbers in the groups that are asked for come first, by their place there.
IBAN, PREFIX, NUMBER = 100, 101, 102


@compiled
def begins(
    first: int,
    count: int,
    block: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    digits: npt.NDArray[np.int32],
    groups: npt.NDArray[np.int32],
    prefixes: npt.NDArray[np.bool_],
    shortest_number: int,
    longest_number: int,
    words: npt.NDArray[np.int32],
    what: npt.NDArray[np.int32],
) -> tuple[int, int]:
    """Fill ``words`` with those of the ``count`` words from ``first`` on at which ``what`` may begin. The word to go on
    with, and how many there are.

    ``groups``: of each kind of number, how many digits its words have, and 0 behind them. ``prefixes``: whether a word
    may begin a secret, by its first three characters (the second shifted by 5 bits, the third by 10, 16 bits in all).
    ``block`` has three bytes more than words.
    """
    found = 0
    word = first
    room = len(words) - len(groups) - 3
    while word < count and found < room:
        start = starts[word]
        length = lengths[word]
        one, two, three = block[start], block[start + 1], block[start + 2]
        if prefixes[(np.int64(one) ^ np.int64(two) << 5 ^ np.int64(three) << 10) & 0xFFFF]:
            words[found] = word
            what[found] = PREFIX
            found += 1
        if digits[word] == length:
            if shortest_number <= length <= longest_number:
                words[found] = word
                what[found] = NUMBER
                found += 1
            elif length <= 4:
                for kind in range(len(groups)):
                    place = 0
                    while (
                        place < groups.shape[1]
                        and groups[kind, place]
                        and word + place < count
                        and lengths[word + place] == groups[kind, place]
                        and digits[word + place] == groups[kind, place]
                    ):
                        place += 1
                    if place == groups.shape[1] or not groups[kind, place]:
                        words[found] = word
                        what[found] = kind
                        found += 1
        elif (
            length >= 4
            and digits[word] >= 2
            and 65 <= one <= 90
            and 65 <= two <= 90
            and 48 <= three <= 57
            and 48 <= block[start + 3] <= 57
        ):
            words[found] = word
            what[found] = IBAN
            found += 1
        word += 1
    return word, found
