"""COPY's text without the dress that values wear in it: URL, JSON and XML escapes, upper case."""

from __future__ import annotations

import re

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
# JSON's own, and as COPY doubles its backslash.
_JSON = re.compile(rb"\\{1,2}[uU]([0-9A-Fa-f]{4})")
_XML = re.compile(rb"&#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
# bytea as encode(…, 'escape') shows it, its backslash doubled: a zero byte, or one that is no text.
_OCTAL = re.compile(rb"\\\\(?:000|[23][0-7]{2})")
# After a backslash, what stands for white space in COPY's text and in JSON within it.
_WHITE_SPACE = re.compile(rb"\\[nrtbfvN]")
# PostgreSQL takes no other byte of these for the end of a value or row, so none may come of an escape.
_ENDS = b"\t\n"
#: As deep as a URL within a URL.
_LAYERS = 2


def undressed(block: bytes) -> bytes:
    """``block`` with escapes replaced by what they stand for. Tabs and line ends stay as many as they were."""
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
    if b"&#" in block:
        block = _XML.sub(lambda found: _character(int(found[1], 16) if found[1] else int(found[2])), block)
    return block


def folded(block: bytes) -> bytes:
    """``block`` in lower case, which may change how many bytes a letter has."""
    if block.isascii():
        return block.lower()
    return block.decode("utf-8", "replace").lower().encode()


def _byte(found: re.Match[bytes]) -> bytes:
    value = bytes([int(found[1], 16)])
    return b" " if value in _ENDS else value


def _character(code: int) -> bytes:
    if code in _ENDS or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return b" "
    return chr(code).encode()
