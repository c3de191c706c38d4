"""Looking for what personal data and secrets look like. Where one may begin is found by a kernel, and only there a
pattern is tried.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from masking.proof import patterns
from masking.proof.patterns import Shape
from masking.proof.words import Words

#: How many numbers of a card's length are in a column before chance explains that some pass for cards.
_FEW: Final = 20
#: One number in ten that begins like an issuer's has the check digit of a card. Twice as many are taken for chance, and
#: where they are few, as many as so many standard deviations above it.
_CHANCE: Final = 0.1
_DEVIATIONS: Final = 2.5
_PREFIX_BYTES: Final = 3
#: The first three characters of the first word of API tokens, JWTs, password hashes and private keys.
_PREFIXES: Final = (
    *(b"sk_", b"rk_", b"ghp", b"gho", b"ghu", b"ghs", b"ghr", b"git", b"glp", b"xox", b"AKI", b"ASI", b"AIz"),
    *(b"SG.", b"npm", b"whs", b"shp", b"dop", b"hf_", b"ya2", b"sk-", b"pyp", b"dck", b"hvs", b"eyJ"),
    *(b"pbk", b"scr", b"SCR", b"md5", b"SSH", b"BEG"),
)
#: Places by word that are looked at together.
_AT_ONCE: Final = 1 << 14

Found = Iterator[tuple[Shape, int]]


@dataclass
class ShapeCounts:
    """How many values of each column have a shape, and how many numbers of a card's length there are."""

    found: dict[tuple[int, Shape], int] = field(default_factory=lambda: defaultdict(int))
    #: Cards written without a gap, numbers that begin like an issuer's, and all numbers of their length, by column.
    bare_cards: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    issuers_numbers: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    bare_numbers: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def beyond_chance(self) -> dict[tuple[int, Shape], int]:
        """What is found, without cards that are no more than random numbers of their length would make."""
        found = dict(self.found)
        by_chance = self.cards_by_chance()
        for column, cards in self.bare_cards.items():
            if column not in by_chance:
                found[column, "card"] = found.get((column, "card"), 0) + cards
        return found

    def cards_by_chance(self) -> dict[int, tuple[int, int]]:
        """By column, the cards that are no more, and how many numbers begin like an issuer's."""
        return {
            column: (cards, self.issuers_numbers[column])
            for column, cards in self.bare_cards.items()
            if self.bare_numbers[column] >= _FEW and cards <= _most_by_chance(self.issuers_numbers[column])
        }


def _most_by_chance(numbers: int) -> float:
    expected = numbers * _CHANCE
    return expected + max(expected, _DEVIATIONS * math.sqrt(expected * (1 - _CHANCE)))


def count_shapes(block: bytes, words: Words, columns: int, into: ShapeCounts) -> None:
    """Count them in a block of COPY's rows of so many ``columns``; ``words`` are those of that block, in its case."""
    found: dict[Shape, list[int]] = defaultdict(list)
    for shape, place in (*_at_marks(block), *_at_words(block, words, columns, into)):
        found[shape].append(place)
    for shape, places in found.items():
        values = words.values_at(np.array(places, dtype=np.int64))
        for value in dict.fromkeys(values.tolist()):
            into.found[value % columns, shape] += 1


def _at_marks(block: bytes) -> Found:
    """What is told by a character that few values have."""
    for found in re.finditer(b"@", block) if b"@" in block else ():
        if patterns.is_email(block, found.start()):
            yield "email", found.start()
    for found in re.finditer(rb"\+(?=[1-9])", block) if b"+" in block else ():
        number = patterns.PHONE_ABROAD.match(block, found.start())
        if number and _stands_alone(block, found.start()) and patterns.is_phone(number[0]):
            yield "phone", found.start()
    # Right behind a letter, too.
    for found in re.finditer(rb"PuTTY-User-Key-File-\d", block) if b"PuTTY-User-Key-File-" in block else ():
        yield "private_key", found.start()
    for found in re.finditer(rb"\$", block) if b"$" in block else ():
        if patterns.PASSWORD_HASH.match(block, found.start()):
            yield "password_hash", found.start()


def _at_words(block: bytes, words: Words, columns: int, into: ShapeCounts) -> Found:
    """What begins with a word."""
    for word, what in _begins(block, words):
        place = int(words.starts[word])
        if what == _NUMBER:
            column = int(words.values[word]) % columns
            into.bare_numbers[column] += 1
            number = patterns.CARD.match(block, place)
            if number and _stands_alone(block, place):
                into.issuers_numbers[column] += 1
                into.bare_cards[column] += patterns.is_card(number[0])
        elif what == _IBAN:
            if _is_iban(block, place):
                yield "iban", place
        elif what == _PREFIX:
            for shape, pattern, before in _SECRETS:
                if place >= before and pattern.match(block, place - before):
                    yield shape, place
        else:
            shape, _, pattern, holds = _GROUPED[what]
            number = pattern.match(block, place)
            if number and _stands_alone(block, place) and holds(number[0]):
                yield shape, place


def _begins(block: bytes, words: Words) -> Iterator[tuple[int, int]]:
    """Words with which something may begin, and what."""
    from masking.proof.kernels.begins import begins

    # A prefix is read behind the last word, too.
    characters = np.frombuffer(block + bytes(_PREFIX_BYTES), dtype=np.uint8)
    numbers, what = (np.empty(_AT_ONCE, dtype=np.int32) for _ in range(2))
    word = 0
    while word < len(words):
        word, found = begins(
            word,
            len(words),
            characters,
            words.starts,
            words.lengths,
            words.digits,
            _DIGITS_OF_GROUPS,
            _MAY_BEGIN_SECRETS,
            *_DIGITS_OF_CARDS,
            numbers,
            what,
        )
        yield from zip(numbers[:found].tolist(), what[:found].tolist(), strict=True)


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


def _is_iban(block: bytes, place: int) -> bool:
    code = patterns.IBAN.match(block, place)
    while code:
        if patterns.is_iban(code[0]):
            return True
        # A word of capitals may follow an IBAN in groups.
        shorter = code[0].rpartition(b" ")[0]
        code = patterns.IBAN.fullmatch(shorter) if shorter else None
    return False


#: With how many characters stand before the first word.
_SECRETS: Final[tuple[tuple[Shape, re.Pattern[bytes], int], ...]] = (
    ("jwt", patterns.JWT, 0),
    ("api_token", patterns.API_TOKEN, 0),
    ("password_hash", patterns.PASSWORD_HASH, 0),
    ("password_hash", patterns.PASSWORD_HASH, len("{")),
    ("private_key", patterns.PRIVATE_KEY, len("-----")),
)
#: As masking.proof.kernels.begins numbers what isn't digits in groups.
_IBAN, _PREFIX, _NUMBER = 100, 101, 102
_DIGITS_OF_CARDS: Final = (13, 19)
_DIGITS_OF_GROUPS: Final = np.array(
    [(*groups, *(0,) * (4 - len(groups))) for _, groups, _, _ in _GROUPED], dtype=np.int32
)
_MAY_BEGIN_SECRETS = np.zeros(1 << 16, dtype=np.bool_)
_MAY_BEGIN_SECRETS[[(one ^ two << 5 ^ three << 10) & 0xFFFF for one, two, three in _PREFIXES]] = True
