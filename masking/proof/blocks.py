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
        begin = 0
        while len(pending) - begin >= BLOCK_BYTES:
            end = _cut(pending, begin)
            if end is None:
                break
            yield Block(text=pending[begin:end], first_value=values)
            if pending[end - 1 : end] == b"\n":
                values = 0
            else:
                values = (values + sum(pending.count(mark, begin, end) for mark in (b"\t", b"\n"))) % columns
            begin = end
        pending = pending[begin:]
    if pending:
        yield Block(text=pending, first_value=values)


def _cut(pending: bytes, begin: int) -> int | None:
    """Where the block of ``pending`` that begins there ends; None where more must come to tell."""
    longest = begin + LONGEST_ROW_BYTES
    end = (
        pending.rfind(b"\n", begin, begin + BLOCK_BYTES) + 1
        or pending.find(b"\n", begin + BLOCK_BYTES, longest) + 1
    )
    if end:
        return end
    if len(pending) < longest:
        return None
    ends = [pending.rfind(mark, begin + LONGEST_ROW_BYTES // 2, longest) + 1 for mark in _BETWEEN_WORDS]
    return max(ends) or longest
