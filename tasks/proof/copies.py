"""Reading whole tables as COPY's text, several at once."""

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
from tasks.client_tools import client_tools

#: Tables read at once; each costs as much of a processor here as at the server.
SESSIONS = 2


class _Read(Protocol):
    @property
    def table(self) -> Table: ...

    @property
    def query(self) -> sql.Composed: ...


Item = TypeVar("Item", bound=_Read)


def read_all(
    login: Login,
    database: str,
    catalogue: Catalogue,
    items: Sequence[Item],
    columns: Callable[[Item], int],
    take: Callable[[Item, Iterator[Block]], None],
) -> None:
    """``take`` gets each item's rows in blocks, largest tables first, in one of a few threads."""
    waiting: SimpleQueue[Item] = SimpleQueue()
    for item in sorted(items, key=lambda item: -item.table.size_bytes):
        waiting.put(item)
    failed = Event()

    def work() -> None:
        with _session(login, database, catalogue) as session:
            while not failed.is_set():
                try:
                    item = waiting.get_nowait()
                except Empty:
                    return
                stream = _rows(session, login, database, catalogue, item)
                take(item, blocks_of(stream, columns(item)))

    with ThreadPoolExecutor(SESSIONS, thread_name_prefix="proof") as pool:
        futures = [pool.submit(work) for _ in range(min(SESSIONS, len(items)))]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            failed.set()


def _rows(
    session: CopySession, login: Login, database: str, catalogue: Catalogue, item: _Read
) -> Iterator[bytes]:
    statement = sql.SQL("COPY ({}) TO STDOUT").format(item.query).as_bytes(None)
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
