"""Loading tables' rows from S3 by COPY, several sessions at once, each byte checked on its way."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from contracts.errors import ArchiveInvalid, AwsError, RefreshError
from contracts.login import Login
from contracts.manifest import ArchivedPart, ArchivedTable, Manifest
from tasks.archive.frames import FramesBroken, decompress, without_end_mark
from tasks.archive.layout import Compression, Sizes, group_parts
from tasks.archive.objects import read_parts
from tasks.archive.toc import CopyStatement
from tasks.postgres.connection import connect, safe_errors, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The session as pg_restore sets it up.
# https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_archiver.c (_doSetFixedOutputState)
_SETUP = """\
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET search_path = '';
"""
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class _Portion:
    """Consecutive parts of one table, loaded by one COPY in a transaction of its own, so that it can be repeated."""

    table: ArchivedTable
    parts: tuple[ArchivedPart, ...]
    statement: CopyStatement

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def is_end(self) -> bool:
        return self.parts[-1] is self.table.parts[-1]


@dataclass
class _Work:
    portions: queue.SimpleQueue[_Portion]
    compression: Compression
    client: S3Client
    bucket: str
    prefix: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)
    connections: list[psycopg.Connection[Any]] = field(default_factory=list)


def load_rows(
    *,
    login: Login,
    database: str,
    owner_role: str,
    s3_client: S3Client,
    bucket: str,
    prefix: str,
    manifest: Manifest,
    statements: dict[int, CopyStatement],
    jobs: int,
    sizes: Sizes,
) -> None:
    """Load all tables of ``manifest``. The first error stops all sessions.

    Raises :class:`ArchiveInvalid` for an object that isn't what the manifest says, :class:`DatabaseError` for rows that
    the database refuses.
    """
    portions = [
        _Portion(table=table, parts=parts, statement=statements[dump_id_of(table.object_name)])
        for table in manifest.tables
        for parts in group_parts(table.parts, sizes.load_bytes)
    ]
    work = _Work(
        portions=queue.SimpleQueue(),
        compression=manifest.compression,
        client=s3_client,
        bucket=bucket,
        prefix=prefix,
    )
    for portion in sorted(portions, key=lambda portion: -portion.size_bytes):
        work.portions.put(portion)
    threads = max(1, min(jobs, len(portions)))
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="load") as executor:
        futures = [executor.submit(_worker, work, login, database, owner_role) for _ in range(threads)]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            errors = [error for future in done if (error := future.exception())]
            if errors:
                raise errors[0]
        finally:
            work.stopped.set()


def dump_id_of(object_name: str) -> int:
    return int(object_name.split(".", maxsplit=1)[0])


def _worker(work: _Work, login: Login, database: str, owner_role: str) -> None:
    with connect(login, database, autocommit=True) as connection:
        with safe_errors(f"database {database!r}", doing="preparing a session that loads"):
            connection.execute(_SETUP)
            if connection.info.server_version >= 17_00_00:
                connection.execute("SET transaction_timeout = 0")
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner_role)))
        while not work.stopped.is_set():
            try:
                portion = work.portions.get_nowait()
            except queue.Empty:
                return
            _load_with_retries(work, connection, portion)


def _load_with_retries(work: _Work, connection: psycopg.Connection[Any], portion: _Portion) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _load(work, connection, portion)
        except AwsError as error:
            if not error.is_transient or attempt == _ATTEMPTS:
                raise
        else:
            return


def _load(work: _Work, connection: psycopg.Connection[Any], portion: _Portion) -> None:
    """One COPY in one transaction: committed only when every byte was right and every row was counted."""
    name = portion.table.object_name
    resource = f"s3://{work.bucket}/{work.prefix}{name}"
    pieces = read_parts(work.client, work.bucket, work.prefix, name, portion.parts)
    texts = decompress(_until_stopped(pieces, work.stopped), work.compression)
    if portion.is_end:
        texts = without_end_mark(texts)
    try:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(portion.statement.from_stdin()) as copy:
                for text in texts:
                    copy.write(text)
            if cursor.rowcount != portion.rows:
                raise ArchiveInvalid(
                    f"it holds {cursor.rowcount} rows of {portion.table.table}, the manifest lists {portion.rows}",
                    resource=resource,
                    remedy="The object or the manifest was changed: take a new dump.",
                )
    except FramesBroken as error:
        raise _explained(pieces, resource, error.reason) from None
    except psycopg.Error as error:
        refusal = translated(error, f"table {portion.table.table}", doing=f"loading {name}")
        raise _explained(pieces, resource, "", refusal) from None


def _explained(
    pieces: Iterator[bytes], resource: str, reason: str, otherwise: RefreshError | None = None
) -> RefreshError:
    """Why an object couldn't be loaded: where its bytes aren't the manifest's, that is the better explanation."""
    try:
        for _ in pieces:
            pass
    except RefreshError as error:
        return error if isinstance(error, ArchiveInvalid) else otherwise or error
    return otherwise or ArchiveInvalid(
        f"{reason}, though it is what the manifest lists",
        resource=resource,
        remedy="It was damaged before it was written: take a new dump.",
    )


class _Stopped(Exception):
    """Another thread failed; its error is the one that counts."""


def _until_stopped(pieces: Iterator[bytes], stopped: threading.Event) -> Iterator[bytes]:
    for piece in pieces:
        if stopped.is_set():
            raise _Stopped
        yield piece
