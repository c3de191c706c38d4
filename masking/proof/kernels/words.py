"""Cutting a block of COPY's text into words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from masking.proof.kernels import compiled

SEPARATOR, LETTER, DIGIT, END_OF_VALUE, AT = range(5)


@compiled
def cut(
    block: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.uint8],
    characters: npt.NDArray[np.uint64],
    base: np.uint64,
    first_value: int,
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    digits: npt.NDArray[np.int32],
    values: npt.NDArray[np.int32],
    hashes: npt.NDArray[np.uint64],
    beside_at: npt.NDArray[np.uint8],
) -> int:
    """Fill ``starts`` and what stands beside it, of each word; how many there are.

    ``beside_at``: whether an @ stands right before or behind the word, in its value.
    """
    count = 0
    value = first_value
    word_of_value = False  # whether the last word is of this value
    at = False
    place = 0
    size = len(block)
    while place < size:
        found = classes[block[place]]
        if found in (LETTER, DIGIT):
            start = place
            sum_ = np.uint64(0)
            of_digits = 0
            while found in (LETTER, DIGIT):
                sum_ = sum_ * base + characters[block[place]]
                of_digits += found == DIGIT
                place += 1
                if place == size:
                    break
                found = classes[block[place]]
            starts[count] = start
            lengths[count] = place - start
            digits[count] = of_digits
            values[count] = value
            hashes[count] = sum_
            beside_at[count] = at
            count += 1
            at = False
            word_of_value = True
            continue
        if found == END_OF_VALUE:
            value += 1
            word_of_value = False
            at = False
        elif found == AT:
            at = True
            if word_of_value:
                beside_at[count - 1] = True
        place += 1
    return count
