"""How large tables are on the clone's disk, and in which ranges of blocks sessions read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from tasks.archive.layout import BlockRange, split_blocks
from tasks.postgres.statements import statement


@dataclass(frozen=True, kw_only=True)
class Heap:
    """A line of ``sql/archive/tables.sql``, which says what each is."""

    schema: str
    name: str
    size_bytes: int
    blocks: int
    can_split: bool
    rows_in_children: bool
    is_row_security_active: bool

    def ranges(self, chunk_bytes: int) -> tuple[BlockRange | None, ...]:
        """Ranges of about ``chunk_bytes``; None alone, for all of it, where that is no more than two of them."""
        # Row security is lifted by one session at a time.
        if not self.can_split or self.is_row_security_active or self.size_bytes <= 2 * chunk_bytes:
            return (None,)
        return split_blocks(blocks=self.blocks, size_bytes=self.size_bytes, chunk_bytes=chunk_bytes)


def read_heaps(connection: psycopg.Connection[Any], tables: Iterable[tuple[str, str]]) -> list[Heap]:
    """Those of (schema, name) that are there."""
    names = list(tables)
    cursor = psycopg.RawCursor(connection, row_factory=class_row(Heap))
    return cursor.execute(
        statement("archive/tables.sql"), ([schema for schema, _ in names], [name for _, name in names])
    ).fetchall()
