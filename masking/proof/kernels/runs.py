"""Which runs of a block's words may be raw values, by the filters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from masking.proof.kernels import compiled


@compiled
def _passes(bits: npt.NDArray[np.uint8], shift: np.uint64, other: np.uint64, key: np.uint64) -> bool:
    place = key >> shift
    if not (bits[place >> np.uint64(3)] >> np.uint8(place & np.uint64(7))) & np.uint8(1):
        return False
    place = (key * other) >> shift
    return bool((bits[place >> np.uint64(3)] >> np.uint8(place & np.uint64(7))) & np.uint8(1))


@compiled
def _key(sum_: np.uint64, form: np.uint64, spread: np.uint64) -> np.uint64:
    key = (sum_ ^ form) * spread
    return key if key != np.uint64(0) else np.uint64(1)


@compiled
def _power(powers: npt.NDArray[np.uint64], base: np.uint64, length: int) -> np.uint64:
    if length < len(powers):
        return np.uint64(powers[length])
    found = np.uint64(1)
    while length:
        if length & 1:
            found *= base
        base *= base
        length >>= 1
    return found


@compiled
def _is_in(code: np.uint64, codes: npt.NDArray[np.uint64]) -> bool:
    found = False
    for one in codes:
        found = found or one == code
    return found


@compiled
def likely(
    first: int,
    count: int,
    lengths: npt.NDArray[np.int32],
    digits: npt.NDArray[np.int32],
    values: npt.NDArray[np.int32],
    hashes: npt.NDArray[np.uint64],
    powers: npt.NDArray[np.uint64],
    base: np.uint64,
    forms: npt.NDArray[np.uint64],
    spread: np.uint64,
    group_base: np.uint64,
    usual_groups: npt.NDArray[np.uint64],
    searched_lengths: npt.NDArray[np.bool_],
    bits: npt.NDArray[np.uint8],
    shift: np.uint64,
    bits_of_two: npt.NDArray[np.uint8],
    shift_of_two: np.uint64,
    other: np.uint64,
    passed_over: npt.NDArray[np.uint64],
    shortest: int,
    shortest_number: int,
    numbers: npt.NDArray[np.int64],
    words: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int32],
    lone_digits: npt.NDArray[np.int32],
    keys: npt.NDArray[np.uint64],
) -> tuple[int, int]:
    """Runs of the ``count`` words from the word ``first`` on that pass: their first words, how many words they are, how
    many digits where they are one number, and their keys. The word to go on with, and how many there are.

    ``forms``: at 0 that of a number, at 1 … n of so many words, at n + 1 of a number in groups that nobody would
    expect, at n + 2 of a value's first two words.
    ``searched_lengths``: numbers of so many digits are searched for; longer ones always. ``numbers[column, digits]``
    counts numbers; it has as many rows as a row of the block has columns. ``passed_over`` holds, each in its place, two
    words that are known to pass no filter: in most columns a few of them come again and again, and to ask the filter of
    each would fetch it from memory.
    """
    columns = len(numbers)
    most_digits = len(searched_lengths)
    most_words = len(forms) - 3
    of_groups, of_two = forms[most_words + 1], forms[most_words + 2]
    longest_number = numbers.shape[1]
    place_shift = np.uint64(64) - np.uint64(np.log2(len(passed_over)))
    # So many may come of one word.
    room = len(words) - 3 * most_words
    found = 0
    word = first
    while word < count and found < room:
        length = lengths[word]
        sum_ = hashes[word]
        is_number = digits[word] == length
        if length >= shortest:
            if is_number and shortest_number <= length < longest_number:
                numbers[values[word] % columns, length] += 1
            if not is_number or length >= most_digits or searched_lengths[length]:
                key = _key(sum_, forms[0] if is_number else forms[1], spread)
                if _passes(bits, shift, other, key):
                    words[found] = word
                    counts[found] = 1
                    lone_digits[found] = length if is_number and length < longest_number else 0
                    keys[found] = key
                    found += 1
        follower = word + 1
        if follower < count and values[follower] == values[word]:
            value = values[word]
            two = sum_ * _power(powers, base, lengths[follower]) + hashes[follower]
            place = two >> place_shift
            if is_number and digits[follower] == lengths[follower]:
                # Any words of digits are one number, whose groups are to be as people write it.
                run = sum_
                total = length
                code = np.uint64(length)
                last = follower
                while (
                    last < count
                    and last - word < most_words
                    and values[last] == value
                    and digits[last] == lengths[last]
                ):
                    run = run * _power(powers, base, lengths[last]) + hashes[last]
                    total += lengths[last]
                    code = code * group_base + np.uint64(lengths[last])
                    if total >= shortest:
                        if _is_in(code, usual_groups):
                            key = _key(run, forms[0], spread)
                        else:
                            key = _key(run + code, of_groups, spread)
                        if _passes(bits, shift, other, key):
                            words[found] = word
                            counts[found] = last - word + 1
                            lone_digits[found] = 0
                            keys[found] = key
                            found += 1
                    last += 1
            if passed_over[place] == two:
                pass
            elif not _passes(bits_of_two, shift_of_two, other, _key(two, of_two, spread)):
                passed_over[place] = two
            else:
                run = sum_
                last = follower
                while last < count and last - word < most_words and values[last] == value:
                    run = run * _power(powers, base, lengths[last]) + hashes[last]
                    key = _key(run, forms[last - word + 1], spread)
                    if _passes(bits, shift, other, key):
                        words[found] = word
                        counts[found] = last - word + 1
                        lone_digits[found] = 0
                        keys[found] = key
                        found += 1
                    last += 1
        word += 1
    return word, found
