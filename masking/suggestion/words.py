"""A column's or a table's name as the words that it is made of.

``custEMailAddr2`` → ``customer email``: case, underscores and digits part words, accents go, run-together words are
cut where every piece is known, and every word is replaced by its meaning (``vocabulary``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from masking.suggestion.vocabulary import FILLERS, MEANINGS

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "Ø": "O"}
)
#: An acronym before a word (``IPAddress``), a capital after a small letter, a digit's edge.
_EDGES: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])"
)
_MIN_PIECE: Final = 3
_LONGEST_PIECE: Final = 24
_SHORT_PIECES: Final = frozenset({"ip", "id", "no", "nr", "dt", "of", "is", "to"})


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from masking.suggestion import names, people

    return frozenset(MEANINGS).union(*MEANINGS.values()) | FILLERS | names.WORDS | people.WORDS


def is_known(word: str) -> bool:
    """Whether the vocabulary or a rule knows the word."""
    return word in _known()


@lru_cache(maxsize=4096)
def _segments(word: str) -> tuple[str, ...]:
    """The fewest known words that make up ``word``; empty when it can't be made up of them."""
    known = _known()
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_PIECE), end):
            before, piece = best[start], word[start:end]
            if before is None or (len(piece) < _MIN_PIECE and piece not in _SHORT_PIECES):
                continue
            if piece in known or _singular(piece) in known:
                candidate = (*before, piece)
                if best[end] is None or len(candidate) < len(best[end] or ()):
                    best[end] = candidate
    return best[-1] or ()


def _meaning(word: str) -> tuple[str, ...]:
    for form in (word, _singular(word)):
        if form in MEANINGS:
            return MEANINGS[form]
    singular = _singular(word)
    if word in _known() or singular in _known():
        return (singular,) if singular in _known() else (word,)
    pieces = _segments(word) if len(word) > 4 else ()
    if len(pieces) > 1:
        return tuple(meaning for piece in pieces for meaning in _meaning(piece))
    return (singular,)


@lru_cache(maxsize=16384)
def words_of(name: str) -> tuple[str, ...]:
    """The words of ``name`` in order, by their meaning; digits are left out."""
    parts = [
        part.lower()
        for piece in re.split(r"[^0-9A-Za-z\u0080-\U0010ffff]+", _plain(name))
        for part in _EDGES.split(piece)
        if part and not part.isdigit()
    ]
    found: list[str] = []
    position = 0
    while position < len(parts):
        # ``mot_de_passe``, ``date_of_birth``, ``e_mail``, ``zip_code``: parts that are one word together.
        triple = "".join(parts[position : position + 3])
        if position + 2 < len(parts) and triple in MEANINGS:
            found.extend(MEANINGS[triple])
            position += 3
            continue
        pair = "".join(parts[position : position + 2])
        if position + 1 < len(parts) and (pair in MEANINGS or _singular(pair) in MEANINGS):
            found.extend(_meaning(pair))
            position += 2
            continue
        if pair == "email":
            found.append("email")
            position += 2
            continue
        found.extend(_meaning(parts[position]))
        position += 1
    return tuple(found)
