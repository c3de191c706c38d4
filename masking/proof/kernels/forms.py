"""The ways to write each value of a block, as keys that are looked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from masking.proof.kernels import compiled

#: Rules by which a value is told to identify somebody, and to be written in other ways.
EMAIL, PHONE, ID, IBAN, TOKEN, USER_NAME, NAME, STREET, VALUE, TEXT, SSN = range(11)
#: What is passed of limits, in this order.
(
    MOST_WORDS,
    SHORTEST,
    SHORTEST_CODE,
    SHORTEST_NUMBER,
    SHORTEST_TOKEN,
    SHORTEST_UNNAMED_NUMBER,
    MOST_UNNAMED_WORDS,
    NATIONAL,
) = range(8)
#: Keys that may come of one value.
MOST_KEYS = 4
DIGITS_OF_SSN = 9


@compiled
def _key(sum_: np.uint64, form: np.uint64, spread: np.uint64) -> np.uint64:
    key = (sum_ ^ form) * spread
    return key if key != np.uint64(0) else np.uint64(1)


@compiled
def _power(base: np.uint64, length: int) -> np.uint64:
    found = np.uint64(1)
    for _ in range(length):
        found *= base
    return found


@compiled
def _identifies(
    rule: int, length: int, digits: int, count: int, has_at: bool, limits: npt.NDArray[np.int64]
) -> bool:
    if count > limits[MOST_WORDS] or length < limits[SHORTEST]:
        return False
    is_number = digits == length
    is_email = has_at and count >= 2
    is_code = digits > 0 and not is_number and length >= limits[SHORTEST_CODE]
    is_long_number = is_number and length >= limits[SHORTEST_NUMBER]
    if rule == EMAIL:
        return count > 1
    if rule == PHONE:
        # With an extension, or a word before it, as it is written.
        return bool(is_long_number or is_code)
    if rule in (ID, IBAN, SSN):
        return bool(is_email or is_code or is_long_number)
    if rule == TOKEN:
        return bool(is_code or length >= limits[SHORTEST_TOKEN])
    if rule == USER_NAME:
        return bool(not is_number or is_long_number)
    if rule == NAME:
        return count > 1 and digits == 0
    if rule == STREET:
        return count > 1 and digits > 0 and not is_number
    is_unnamed = (
        is_number and length >= limits[SHORTEST_UNNAMED_NUMBER] and count <= limits[MOST_UNNAMED_WORDS]
    )
    return bool(is_email or is_unnamed or (rule == VALUE and is_code and count == 1))


@compiled
def _part(
    block: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    characters: npt.NDArray[np.uint64],
    base: np.uint64,
    first: int,
    last: int,
    begin: int,
    end: int,
) -> np.uint64:
    """The sum of the characters from ``begin`` up to ``end`` of a run of words."""
    found = np.uint64(0)
    place = 0
    for word in range(first, last + 1):
        for one in range(lengths[word]):
            if begin <= place < end:
                found = found * base + characters[block[starts[word] + one]]
            place += 1
        if place >= end:
            break
    return found


@compiled
def _lead(
    block: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    first: int,
    last: int,
    begin: int,
) -> int:
    """The four digits from ``begin`` on of a number in a run of words."""
    found = 0
    place = 0
    for word in range(first, last + 1):
        for one in range(lengths[word]):
            if begin <= place < begin + 4:
                found = found * 10 + int(block[starts[word] + one]) - 48
            place += 1
        if place >= begin + 4:
            break
    return found


@compiled
def keys_of(
    block: npt.NDArray[np.uint8],
    count: int,
    starts: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int32],
    digits: npt.NDArray[np.int32],
    values: npt.NDArray[np.int32],
    hashes: npt.NDArray[np.uint64],
    beside_at: npt.NDArray[np.uint8],
    characters: npt.NDArray[np.uint64],
    base: np.uint64,
    rules: npt.NDArray[np.int64],
    columns: npt.NDArray[np.uint32],
    limits: npt.NDArray[np.int64],
    forms: npt.NDArray[np.uint64],
    spread: np.uint64,
    group_base: np.uint64,
    usual_groups: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.bool_],
    keys: npt.NDArray[np.uint64],
    origins: npt.NDArray[np.uint32],
    number_digits: npt.NDArray[np.int32],
    twos: npt.NDArray[np.uint64],
) -> tuple[int, int]:
    """Fill ``keys`` with those of every way to write each value that identifies somebody, with the column that it is
    of and how many digits it is where it is a number; and ``twos`` with those of longer values' first two words. How
    many there are of both.

    ``rules`` and ``columns``: of each column of a row. ``forms``: see :func:`masking.proof.kernels.runs.likely`.
    ``counts`` are values by a row's column, ``ranges[digits, lead]`` is set for numbers of so many digits that begin
    so.
    """
    most_words = len(forms) - 3
    most_digits = len(ranges)
    of_groups, of_two = forms[most_words + 1], forms[most_words + 2]
    found = 0
    found_twos = 0
    first = 0
    while first < count:
        column = values[first] % len(rules)
        last = first
        length = 0
        of_digits = 0
        sum_ = np.uint64(0)
        code = np.uint64(0)
        has_at = False
        two = np.uint64(0)
        while last < count and values[last] == values[first]:
            sum_ = sum_ * _power(base, lengths[last]) + hashes[last]
            code = code * group_base + np.uint64(lengths[last])
            length += lengths[last]
            of_digits += digits[last]
            has_at = has_at or beside_at[last] != 0
            if last - first == 1:
                two = sum_
            last += 1
        words = last - first
        last -= 1
        rule = rules[column]
        if _identifies(rule, length, of_digits, words, has_at, limits):
            counts[column] += 1
            before = found
            if of_digits < length:
                keys[found] = _key(sum_, forms[words], spread)
                number_digits[found] = 0
                found += 1
                if words > 1:
                    twos[found_twos] = _key(two, of_two, spread)
                    found_twos += 1
                if of_digits > 0 and not has_at and rule in (ID, IBAN, TOKEN, USER_NAME, VALUE, SSN):
                    # A code may stand without its separators; an IBAN in groups of four.
                    if words > 1 and length >= limits[SHORTEST_CODE]:
                        keys[found] = _key(sum_, forms[1], spread)
                        number_digits[found] = 0
                        found += 1
                    fours = (length + 3) // 4
                    if rule == IBAN and 2 <= fours <= most_words:
                        keys[found] = _key(sum_, forms[fours], spread)
                        number_digits[found] = 0
                        found += 1
                        start = _part(block, starts, lengths, characters, base, first, last, 0, 8)
                        twos[found_twos] = _key(start, of_two, spread)
                        found_twos += 1
            else:
                keys[found] = _key(sum_, forms[0], spread)
                number_digits[found] = length if length < most_digits else 0
                found += 1
                lead = _lead(block, starts, lengths, first, last, 0)
                if length < most_digits:
                    ranges[length, lead] = True
                if words > 1:
                    is_usual = False
                    for group in usual_groups:
                        if group == code:
                            is_usual = True
                    if not is_usual:
                        keys[found] = _key(sum_ + code, of_groups, spread)
                        number_digits[found] = 0
                        found += 1
                if rule == SSN and length == DIGITS_OF_SSN and lead < 1000:
                    # Kept as a number, it has lost its zeros.
                    zeros = 1 if lead >= 100 else 2
                    rest = _part(block, starts, lengths, characters, base, first, last, zeros, length)
                    keys[found] = _key(rest, forms[0], spread)
                    number_digits[found] = length - zeros
                    found += 1
                    ranges[length - zeros, _lead(block, starts, lengths, first, last, zeros)] = True
                elif rule == SSN and length < DIGITS_OF_SSN:
                    power = _power(base, length)
                    with_zeros = sum_
                    for _ in range(DIGITS_OF_SSN - length):
                        with_zeros += characters[48] * power
                        power *= base
                        lead //= 10
                    keys[found] = _key(with_zeros, forms[0], spread)
                    number_digits[found] = DIGITS_OF_SSN
                    found += 1
                    ranges[DIGITS_OF_SSN, lead] = True
                national = limits[NATIONAL]
                if rule == PHONE and length == national:
                    # The same number with its country's code, 1.
                    keys[found] = _key(characters[49] * _power(base, length) + sum_, forms[0], spread)
                    number_digits[found] = length + 1
                    found += 1
                    ranges[length + 1, 1000 + lead // 10] = True
                elif rule == PHONE and length > national:
                    begin = length - national
                    start = _part(block, starts, lengths, characters, base, first, last, begin, length)
                    keys[found] = _key(start, forms[0], spread)
                    number_digits[found] = national
                    found += 1
                    ranges[national, _lead(block, starts, lengths, first, last, begin)] = True
            for number in range(before, found):
                origins[number] = columns[column]
        first = last + 1
    return found, found_twos
