"""A place in a file that the user wrote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Position:
    """Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def position_at(text: str, offset: int, file: str) -> Position:
    """Where character ``offset`` of ``text`` is."""
    before = text[:offset]
    return Position(file=file, line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)
