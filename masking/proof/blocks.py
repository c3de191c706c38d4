"""COPY's text, as it comes, in blocks that numpy looks at one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from masking.proof.words import BLOCK_BYTES

#: A row longer than this is cut between two words: what lies across the cut isn't found.
LONGEST_ROW_BYTES: Final = 16 * BLOCK_BYTES
_BETWEEN_WORDS: Final = (b"\t", b" ", b",", b'"', b"<", b"{", b"}")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of COPY's text, or a part of a long one. It begins in column ``first_value``."""

    text: bytes
    first_value: int


def blocks_of(stream: Iterable[bytes], columns: int) -> Iterator[Block]:
    """``stream`` cut at rows' ends where it can be. Memory: a few blocks, whatever the rows' length."""
    pending = b""
    values = 0
    for piece in stream:
        pending += piece
        while len(pending) >= BLOCK_BYTES:
            end = _cut(pending)
            if end is None:
                break
            yield Block(text=pending[:end], first_value=values % columns)
            values += pending.count(b"\t", 0, end) + pending.count(b"\n", 0, end)
            pending = pending[end:]
    if pending:
        yield Block(text=pending, first_value=values % columns)


def _cut(pending: bytes) -> int | None:
    """Where the first block of ``pending`` ends; None where more must come to tell."""
    end = pending.rfind(b"\n", 0, BLOCK_BYTES) + 1 or pending.find(b"\n", BLOCK_BYTES, LONGEST_ROW_BYTES) + 1
    if end:
        return end
    if len(pending) < LONGEST_ROW_BYTES:
        return None
    ends = [pending.rfind(mark, LONGEST_ROW_BYTES // 2, LONGEST_ROW_BYTES) + 1 for mark in _BETWEEN_WORDS]
    return max(ends) or LONGEST_ROW_BYTES
