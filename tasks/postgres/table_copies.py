"""Tables that are written anew: filled by one session, or by several that take ranges of pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from masking.catalogue import Table
from masking.fusing.fuser import Pass
from masking.planning.plan import TablePlan
from masking.statements.passes import identifier
from masking.statements.table_copies import (
    Masks,
    copy,
    copy_nothing,
    copy_pages,
    mask_distinct,
    masks_of,
    name_of_copy,
    replace_by_copy,
)
from tasks.archive.layout import TID_RANGE_SCANS_SINCE
from tasks.archive.saved_schema import SCHEMA as ARCHIVE_SCHEMA
from tasks.postgres.masking_session import CONNECTIONS, Connection, run

#: A range is no smaller (32 MiB of PostgreSQL's usual pages): each plans its statement and hashes what it joins anew.
_PAGES_AT_LEAST = 4096
#: More ranges than sessions, so that none waits long for the last one.
_RANGES = 8 * CONNECTIONS
_PAGE_BYTES = 8192
#: PostgreSQL's MaxBlockNumber.
_LAST_PAGE = 2**32 - 2


@dataclass(frozen=True, kw_only=True)
class TableCopy:
    """A table's copy, until it takes the table's place."""

    plan: TablePlan
    passes: Sequence[Pass]
    #: Tells it from every other copy.
    number: int
    server_version_num: int

    @property
    def table(self) -> Table:
        return self.plan.table

    @property
    def name(self) -> sql.Identifier:
        return name_of_copy(self.table, self.number)

    @property
    def is_divided(self) -> bool:
        """Whether it is large enough for several sessions, and PostgreSQL reads a range without the other pages."""
        return (
            self.table.size_bytes >= 2 * _PAGES_AT_LEAST * _PAGE_BYTES
            and self.server_version_num >= TID_RANGE_SCANS_SINCE
        )

    @cached_property
    def masks(self) -> tuple[Masks, ...]:
        """Tables of the masks that are made once per distinct value."""
        return masks_of(self.plan, self.passes[0], self.number)

    def begins_with(self, domains: Collection[str]) -> bool:
        """Whether :meth:`begin` masks values of any of ``domains``."""
        repeating = {masks.update.column for masks in self.masks}
        return any(
            one.domain in domains
            for column in self.plan.masked
            if column.use is not None and column.column.name in repeating
            for part in column.use.parts
            for one in part.with_inner()
        )

    def begin(self, connection: Connection) -> None:
        """Make the copy: whole, or empty where :func:`ranges_of` its table are to give it its rows."""
        for masks in self.masks:
            run(connection, mask_distinct(masks, self.table))
        make = copy_nothing if self.is_divided else copy
        connection.execute(make(self.passes, self.table, self.name, self.masks))
        if self.is_divided:
            connection.execute(
                "INSERT INTO refresh_mask.page_ranges (copy, source, pages) VALUES"
                " (%(copy)s, %(source)s::text, GREATEST(%(least)s,"
                " pg_catalog.pg_relation_size(%(source)s::text::pg_catalog.regclass)"
                " / pg_catalog.current_setting('block_size')::int8 / %(ranges)s))",
                {
                    "copy": self.number,
                    "source": identifier(self.table).as_string(connection),
                    "least": _PAGES_AT_LEAST,
                    "ranges": _RANGES,
                },
            )

    def put_in_place(self, connection: Connection) -> None:
        """Drop the table and what only its copy needed, and give the copy its name."""
        run(connection, replace_by_copy(self.table, self.name, self.masks))


@dataclass(frozen=True, kw_only=True)
class PageRange:
    """Some pages of a table that is written anew."""

    copy: TableCopy
    pages: range
    #: Of the table.
    share: float

    def __str__(self) -> str:
        return f"table {self.copy.table}, pages from {self.pages.start}"

    def fill(self, connection: Connection) -> None:
        """Give the copy their rows."""
        copied = self.copy
        # It stays in the clone until that is dumped.
        child = sql.Identifier(ARCHIVE_SCHEMA, f"rows_{copied.number}_{self.pages.start}")
        run(
            connection,
            copy_pages(copied.passes, copied.table, copied.name, copied.masks, self.pages, child),
        )


def ranges_of(connection: Connection, copies: Mapping[int, TableCopy]) -> list[PageRange]:
    """Of the tables whose copies, by number, were begun empty. Their size was settled then, so a second run has the
    same ranges; the last one has no end.
    """
    found = connection.execute(
        "SELECT copy, pages, pg_catalog.pg_relation_size(source::pg_catalog.regclass)"
        " / pg_catalog.current_setting('block_size')::int8 FROM refresh_mask.page_ranges"
        " WHERE copy = ANY (%s)",
        (list(copies),),
    ).fetchall()
    ranges: list[PageRange] = []
    for number, step, pages in found:
        firsts = range(0, max(pages, 1), step)
        ranges += [
            PageRange(
                copy=copies[number],
                pages=range(first, _LAST_PAGE if first == firsts[-1] else first + step),
                share=1 / len(firsts),
            )
            for first in firsts
        ]
    return ranges
