"""COPY's text without the dress that values wear in it: URL, JSON and XML escapes, upper case."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from html.entities import html5

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
# JSON's own, and as COPY doubles its backslash.
_JSON = re.compile(rb"\\{1,2}[uU]([0-9A-Fa-f]{4})")
# XML's and HTML's, by number or by name.
_ENTITY = re.compile(rb"&(?:#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}))|([A-Za-z][A-Za-z0-9]{1,30}));")
# bytea as encode(…, 'escape') shows it, its backslash doubled: a zero byte, or one that is no text.
_OCTAL = re.compile(rb"\\\\(?:000|[23][0-7]{2})")
# After a backslash, what stands for white space in COPY's text and in JSON within it.
_WHITE_SPACE = re.compile(rb"\\[nrtbfvN]")
# The dashes that numbers are written with; longer ones stand between words. In Unicode's order, from the hyphen to the
# en dash, and the small and the wide hyphen.
_HYPHENS = "\u2010\u2011\u2012\u2013\ufe63\uff0d"
# PostgreSQL takes no other byte of these for the end of a value or row, so none may come of an escape.
_ENDS = frozenset(b"\t\n")
#: As deep as a URL within a URL, or HTML within XML.
_LAYERS = 2


def undressed(block: bytes) -> bytes:
    """``block`` with escapes replaced by what they stand for. Tabs and line ends stay as many as they were.

    What is no letter, digit or mark beyond ASCII, such as a curly quote or a picture, is a blank, and a short
    dash a hyphen: words end there, and shapes are written with those.
    """
    if b"%" in block:
        for _ in range(_LAYERS):
            block, count = _PERCENT.subn(_byte, block)
            if not count:
                break
    if b"\\" in block:
        if b"\\u" in block or b"\\U" in block:
            block = _JSON.sub(lambda found: _character(int(found[1], 16)), block)
        block = _OCTAL.sub(b" ", block)
        block = _WHITE_SPACE.sub(b"  ", block)
    if b"&" in block and b";" in block:
        for _ in range(_LAYERS):
            block, count = _ENTITY.subn(_entity, block)
            if not count:
                break
    if block.isascii():
        return block
    return _between_words().sub(_in_ascii, block.decode("utf-8", "replace")).encode()


def folded(block: bytes) -> bytes:
    """``block`` in lower case, which may change how many bytes a letter has."""
    return block.lower() if block.isascii() else block.decode("utf-8", "replace").lower().encode()


@cache
def _between_words() -> re.Pattern[str]:
    """Punctuation, symbols, blanks and what isn't seen, beyond ASCII.

    https://www.unicode.org/reports/tr44/ (table 12)
    """
    ranges: list[list[int]] = []
    for code in range(0x80, 0x20000):
        if unicodedata.category(chr(code))[0] in "PSZ" or unicodedata.category(chr(code)) in ("Cc", "Cf"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return re.compile(
        "[{}]".format("".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges))
    )


def _byte(found: re.Match[bytes]) -> bytes:
    value = int(found[1], 16)
    return b" " if value in _ENDS else bytes([value])


def _in_ascii(found: re.Match[str]) -> str:
    return "-" if found[0] in _HYPHENS else " "


def _entity(found: re.Match[bytes]) -> bytes:
    by_hex, by_number, name = found.groups()
    if name is not None:
        text = html5.get(f"{name.decode()};")
        if text is None:
            return found[0]
        if len(text) > 1:
            return text.encode()
        code = ord(text)
    else:
        code = int(by_hex, 16) if by_hex else int(by_number)
    return _character(code)


def _character(code: int) -> bytes:
    if code in _ENDS or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return b" "
    return chr(code).encode()
