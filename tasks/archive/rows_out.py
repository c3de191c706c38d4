"""Copying tables from a clone into objects, several sessions at once."""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from contracts.errors import RefreshError
from contracts.login import Login
from contracts.manifest import ArchivedObject, ArchivedTable
from tasks.archive.copy_out import CopySession
from tasks.archive.frames import FrameWriter, end_frame
from tasks.archive.layout import BlockRange, Compression, Sizes
from tasks.archive.objects import ObjectWriter
from tasks.archive.toc import CopyStatement
from tasks.client_tools import ClientTools


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table to be copied, and the object that it becomes."""

    name: str
    object_name: str
    statement: CopyStatement
    writer: ObjectWriter
    size_bytes: int
    suspends_row_security: bool
    ranges: tuple[BlockRange | None, ...]


@dataclass
class _Progress:
    """What has been copied of one table. Guarded by the dump's lock."""

    chunks_left: int
    rows: int = 0


@dataclass
class _Work:
    """Shared by the threads of one dump."""

    chunks: queue.SimpleQueue[tuple[Table, BlockRange | None]]
    compression: Compression
    sizes: Sizes
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)
    sessions: list[CopySession] = field(default_factory=list)
    progress: dict[str, _Progress] = field(default_factory=dict)
    archived: list[tuple[ArchivedObject, ArchivedTable]] = field(default_factory=list)


def copy_tables(
    tables: list[Table],
    tools: ClientTools,
    login: Login,
    database: str,
    snapshot: str,
    compression: Compression,
    sizes: Sizes,
    jobs: int,
) -> list[tuple[ArchivedObject, ArchivedTable]]:
    """Copy all tables by ``jobs`` threads. The first error stops all of them, and takes back every upload."""
    work = _Work(chunks=queue.SimpleQueue(), compression=compression, sizes=sizes)
    for table in tables:
        work.progress[table.object_name] = _Progress(chunks_left=len(table.ranges))
        for block_range in table.ranges:
            work.chunks.put((table, block_range))
    threads = max(1, min(jobs, work.chunks.qsize()))
    complete = False
    try:
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="dump") as executor:
            futures = [
                executor.submit(_worker, work, tools, login, database, snapshot) for _ in range(threads)
            ]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                errors = [error for future in done if (error := future.exception())]
                if errors:
                    raise errors[0]
            finally:
                work.stopped.set()
                with work.lock:
                    for session in work.sessions:
                        session.kill()
        complete = True
    finally:
        if not complete:
            _abort(tables)
    return sorted(work.archived, key=lambda item: int(item[0].name.split(".")[0]))


def _worker(work: _Work, tools: ClientTools, login: Login, database: str, snapshot: str) -> None:
    """Copy chunks until none is left, in one session."""
    session = CopySession(tools, login=login, database=database, snapshot=snapshot)
    try:
        with work.lock:
            work.sessions.append(session)
        while not work.stopped.is_set():
            try:
                table, block_range = work.chunks.get_nowait()
            except queue.Empty:
                return
            _copy_chunk(work, session, table, block_range)
    finally:
        with work.lock:
            if session in work.sessions:
                work.sessions.remove(session)
        session.close()


def _copy_chunk(work: _Work, session: CopySession, table: Table, block_range: BlockRange | None) -> None:
    frames = FrameWriter(work.compression, work.sizes.frame_bytes)
    rows = 0
    for text in session.read(
        table.statement,
        predicate=block_range.predicate() if block_range else None,
        table=table.name,
        suspends_row_security=table.suspends_row_security,
    ):
        if frame := frames.write(text):
            rows += frame.rows
            table.writer.write(frame)
    if frame := frames.close():
        rows += frame.rows
        table.writer.write(frame)
    with work.lock:
        progress = work.progress[table.object_name]
        progress.rows += rows
        progress.chunks_left -= 1
        is_last = progress.chunks_left == 0
    if is_last:
        item, parts = table.writer.close(end_frame(work.compression))
        with work.lock:
            work.archived.append(
                (
                    item,
                    ArchivedTable(table=table.name, rows=progress.rows, object_name=item.name, parts=parts),
                )
            )


def _abort(tables: list[Table]) -> None:
    """Abort every upload that began; a failure to do so doesn't replace the error that led here."""
    for table in tables:
        with contextlib.suppress(
            RefreshError
        ):  # the next start of this run, or the janitor, aborts what is left
            table.writer.abort()
