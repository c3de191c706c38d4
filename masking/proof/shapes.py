"""Looking for what personal data and secrets look like. Where one may begin is found by numpy, and only there a pattern
is tried.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from masking.proof import patterns
from masking.proof.patterns import Shape
from masking.proof.words import Places, Words

#: How many values of a column have a shape that numbers may have by chance, before chance explains any.
_FEW: Final = 20
#: Of random digits of a card's length one in ten passes its check; so many are taken for chance.
_BY_CHANCE: Final = 0.2
_PREFIX_BYTES: Final = 3
#: The first three characters of API tokens, JWTs and password hashes that begin a word.
_PREFIXES: Final = np.array(
    sorted(
        first[0] | first[1] << 8 | first[2] << 16
        for first in (
            *(
                b"sk_",
                b"rk_",
                b"ghp",
                b"gho",
                b"ghu",
                b"ghs",
                b"ghr",
                b"git",
                b"glp",
                b"xox",
                b"AKI",
                b"ASI",
                b"AIz",
            ),
            *(b"SG.", b"npm", b"whs", b"shp", b"dop", b"hf_", b"ya2", b"sk-", b"pyp", b"dck", b"hvs", b"eyJ"),
            *(b"pbk", b"scr", b"SCR", b"md5"),
        )
    ),
    dtype=np.uint32,
)
_PREFIX_BEGINS = np.zeros(1 << 16, dtype=np.bool_)
_PREFIX_BEGINS[_PREFIXES & 0xFFFF] = True
_UPPER = np.zeros(256, dtype=np.bool_)
_UPPER[ord("A") : ord("Z") + 1] = True
_DIGIT = np.zeros(256, dtype=np.bool_)
_DIGIT[ord("0") : ord("9") + 1] = True

Found = Iterator[tuple[Shape, int]]


@dataclass
class ShapeCounts:
    """How many values of each column have a shape, and how many numbers of a card's length there are."""

    found: dict[tuple[int, Shape], int] = field(default_factory=lambda: defaultdict(int))
    #: Cards written without a gap, and numbers that might have been one, by column.
    bare_cards: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    bare_numbers: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def beyond_chance(self) -> dict[tuple[int, Shape], int]:
        """What is found, without cards that are no more than random numbers of their length would make."""
        found = dict(self.found)
        for column, cards in self.bare_cards.items():
            numbers = self.bare_numbers[column]
            if numbers < _FEW or cards > numbers * _BY_CHANCE:
                found[column, "card"] = found.get((column, "card"), 0) + cards
        return found


def count_shapes(block: bytes, words: Words, columns: int, into: ShapeCounts) -> None:
    """Count them in a block of COPY's rows of so many ``columns``; ``words`` are those of that block, in its case."""
    characters = np.frombuffer(block + bytes(8), dtype=np.uint8)
    found: dict[Shape, list[int]] = defaultdict(list)
    for shape, place in _all(block, characters, words):
        found[shape].append(place)
    for shape, places in found.items():
        values = words.values_at(np.array(places, dtype=np.int64))
        for value in dict.fromkeys(values.tolist()):
            into.found[value % columns, shape] += 1
    _count_bare_cards(block, characters, words, columns, into)


def _all(block: bytes, characters: npt.NDArray[np.uint8], words: Words) -> Found:
    for found in re.finditer(b"@", block) if b"@" in block else ():
        if patterns.is_email(block, found.start()):
            yield "email", found.start()
    yield from _numbers(block, characters, words)
    yield from _ibans(block, characters, words)
    yield from _secrets(block, characters, words)


def _numbers(block: bytes, characters: npt.NDArray[np.uint8], words: Words) -> Found:
    for found in re.finditer(rb"\+(?=[1-9])", block) if b"+" in block else ():
        number = patterns.PHONE_ABROAD.match(block, found.start())
        if number and _stands_alone(block, found.start()) and patterns.is_phone(number[0]):
            yield "phone", found.start()
    numbers = np.flatnonzero(_DIGIT[characters[words.starts]])
    for shape, groups, pattern, holds in _GROUPED:
        for place in words.starts[_grouped(words.lengths, numbers, groups)].tolist():
            number = pattern.match(block, place)
            if number and _stands_alone(block, place) and holds(number[0]):
                yield shape, place


_GROUPED: Final[tuple[tuple[Shape, tuple[int, ...], re.Pattern[bytes], Callable[[bytes], bool]], ...]] = (
    ("phone", (3, 3, 4), patterns.PHONE, patterns.is_phone),
    ("ssn", (3, 2, 4), patterns.SSN, bool),
    ("card", (4, 4, 4, 4), patterns.CARD, patterns.is_card),
    ("card", (4, 6, 5), patterns.CARD, patterns.is_card),
    ("card", (4, 6, 4), patterns.CARD, patterns.is_card),
)


_GOES_ON: Final = re.compile(rb"(?:[\w.]|\d[-/])\Z")
_COUNTRY: Final = re.compile(rb"(?:\A|[^\w.-])1[-.]\Z")


def _stands_alone(block: bytes, place: int) -> bool:
    """Whether what begins at ``place`` isn't the end of something longer; a country's code may stand before it."""
    before = block[max(0, place - 4) : place]
    return not _GOES_ON.search(before) or bool(_COUNTRY.search(before))


def _grouped(lengths: Places, numbers: Places, groups: tuple[int, ...]) -> Places:
    """Of ``numbers``, which are words, those that begin words of so many characters."""
    found = numbers[: np.searchsorted(numbers, len(lengths) - len(groups) + 1)]
    for place, group in enumerate(groups):
        found = found[lengths[found + place] == group]
    return found


def _ibans(block: bytes, characters: npt.NDArray[np.uint8], words: Words) -> Found:
    starts = words.starts[words.lengths >= 4]
    starts = starts[_DIGIT[characters[starts + 2]]]
    for offset, letters in ((3, _DIGIT), (0, _UPPER), (1, _UPPER)):
        starts = starts[letters[characters[starts + offset]]]
    for place in starts.tolist():
        code = patterns.IBAN.match(block, place)
        while code:
            if patterns.is_iban(code[0]):
                yield "iban", place
                break
            # A word of capitals may follow an IBAN in groups.
            shorter = code[0].rpartition(b" ")[0]
            code = patterns.IBAN.fullmatch(shorter) if shorter else None


def _secrets(block: bytes, characters: npt.NDArray[np.uint8], words: Words) -> Found:
    if b"-----BEGIN " in block or b"PuTTY-User-Key-File" in block:
        for found in patterns.PRIVATE_KEY.finditer(block):
            yield "private_key", found.start()
    for mark in (b"$", b"{SSHA"):
        if mark in block:
            for found in re.finditer(re.escape(mark), block):
                if patterns.PASSWORD_HASH.match(block, found.start()):
                    yield "password_hash", found.start()
    first = characters[words.starts].astype(np.uint32)
    second = characters[words.starts + 1].astype(np.uint32)
    two = first | second << np.uint32(8)
    likely = words.starts[_PREFIX_BEGINS[two]]
    three = sum((characters[likely + place].astype(np.uint32) << np.uint32(8 * place)) for place in range(3))
    for place in likely[np.isin(three, _PREFIXES)].tolist():
        for shape, pattern in _AT_WORDS:
            if pattern.match(block, place):
                yield shape, place


_AT_WORDS: Final[tuple[tuple[Shape, re.Pattern[bytes]], ...]] = (
    ("jwt", patterns.JWT),
    ("api_token", patterns.API_TOKEN),
    ("password_hash", patterns.PASSWORD_HASH),
)


def _count_bare_cards(
    block: bytes, characters: npt.NDArray[np.uint8], words: Words, columns: int, into: ShapeCounts
) -> None:
    lengths = words.lengths
    likely = np.flatnonzero((lengths >= 13) & (lengths <= 19) & _DIGIT[characters[words.starts]])
    digits = words.digit_counts(words.compact[likely], words.compact_end(likely))
    likely = likely[digits == lengths[likely]]
    for place, value in zip(words.starts[likely].tolist(), words.values_of(likely).tolist(), strict=True):
        into.bare_numbers[value % columns] += 1
        number = patterns.CARD.match(block, place)
        if number and _stands_alone(block, place) and patterns.is_card(number[0]):
            into.bare_cards[value % columns] += 1
