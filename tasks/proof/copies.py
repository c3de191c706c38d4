"""Reading whole tables as COPY's text, several at once, and several parts of a large one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Event
from typing import Protocol, TypeVar

from psycopg import sql

from contracts.login import Login
from masking.catalogue import Catalogue, Table
from masking.planning.copies import DEFAULT_SCHEMA
from masking.proof.blocks import Block, blocks_of
from masking.statements.passes import identifier
from tasks.archive.copy_out import CopySession
from tasks.archive.heaps import read_heaps
from tasks.archive.layout import MIB, TID_RANGE_SCANS_SINCE, BlockRange
from tasks.client_tools import client_tools
from tasks.postgres.masking_session import masking_session

#: Tables, or parts of a large one, read at once; each costs as much of a processor here as at the server.
SESSIONS = 2
#: Larger tables are read in parts of so many bytes of their heap.
PART_BYTES = 64 * MIB


class _Read(Protocol):
    @property
    def table(self) -> Table: ...

    @property
    def query(self) -> sql.Composed: ...

    @property
    def ends_with_its_table(self) -> bool:
        """Whether a condition on the table's rows may stand behind the query."""
        ...


Item = TypeVar("Item", bound=_Read)


def read_all(
    login: Login,
    database: str,
    catalogue: Catalogue,
    items: Sequence[Item],
    columns: Callable[[Item], int],
    take: Callable[[Item, Iterator[Block]], None],
    *,
    part_bytes: int = PART_BYTES,
) -> None:
    """``take`` gets each item's rows in blocks, largest tables first, in one of a few threads; those of a large table
    in parts, each by a call of its own.
    """
    parts = list(_parts(login, database, catalogue, items, part_bytes))
    waiting: SimpleQueue[tuple[Item, BlockRange | None]] = SimpleQueue()
    for part in parts:
        waiting.put(part)
    failed = Event()

    def work() -> None:
        with _session(login, database, catalogue) as session:
            while not failed.is_set():
                try:
                    item, part = waiting.get_nowait()
                except Empty:
                    return
                stream = _rows(session, login, database, catalogue, item, part)
                take(item, blocks_of(stream, columns(item)))

    with ThreadPoolExecutor(SESSIONS, thread_name_prefix="proof") as pool:
        futures = [pool.submit(work) for _ in range(min(SESSIONS, len(parts)))]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            failed.set()


def _parts(
    login: Login, database: str, catalogue: Catalogue, items: Sequence[Item], part_bytes: int
) -> Iterator[tuple[Item, BlockRange | None]]:
    """Items, the largest first, with the blocks of the table that are read; None for all."""
    large = [
        (item.table.schema, item.table.name)
        for item in items
        if item.ends_with_its_table
        and not item.table.row_security_forced
        and item.table.size_bytes > 2 * part_bytes
        and catalogue.server_version_num >= TID_RANGE_SCANS_SINCE
    ]
    ranges: dict[tuple[str, str], tuple[BlockRange | None, ...]] = {}
    if large:
        with masking_session(login, database, doing="asking how large its tables are") as connection:
            heaps = read_heaps(connection, dict.fromkeys(large))
        ranges = {(heap.schema, heap.name): heap.ranges(part_bytes) for heap in heaps}
    for item in sorted(items, key=lambda item: -item.table.size_bytes):
        found = ranges.get((item.table.schema, item.table.name)) if item.ends_with_its_table else None
        for part in found or (None,):
            yield item, part


def _rows(
    session: CopySession,
    login: Login,
    database: str,
    catalogue: Catalogue,
    item: _Read,
    part: BlockRange | None,
) -> Iterator[bytes]:
    query = item.query.as_bytes(None)
    if part is not None:
        query += b" WHERE " + part.predicate().encode()
    # A NULL holds nothing to be found, and \N would be an escape like others.
    statement = b"COPY (" + query + b") TO STDOUT (NULL '')"
    if not item.table.row_security_forced:
        yield from session.copy(statement, table=str(item.table))
        return
    # Lifting row security locks the table, so no session that has read others may be at it.
    with _session(login, database, catalogue) as alone:
        lifted = identifier(item.table).as_string(None)
        yield from alone.copy(statement, table=str(item.table), lifts_row_security_of=lifted)


@contextmanager
def _session(login: Login, database: str, catalogue: Catalogue) -> Iterator[CopySession]:
    tools = client_tools(catalogue.server_version_num // 10_000, or_newer=True)
    session = CopySession(tools, login=login, database=database, search_path=f"{DEFAULT_SCHEMA}, pg_temp")
    with closing(session):
        yield session
