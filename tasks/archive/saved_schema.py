"""The clone's schema as an archive will have it, saved in the clone before masking, which then needs it no more.

A table that is written anew keeps its rows and loses its indexes, keys and views: they come back from here, in the
archive. What is kept is unlogged: after a crash of the clone it is empty, as every table written anew is, and the
dump refuses both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import psycopg
from psycopg import sql

from contracts.errors import NotOurs, PreconditionFailed
from contracts.login import Login
from contracts.manifest import TOC_NAME
from tasks.archive.blanked_entries import blank_entries
from tasks.archive.extensions import left_out
from tasks.archive.layout import Compression
from tasks.archive.skeleton import read_list, write_skeleton
from tasks.archive.toc import FORBIDDEN_KINDS, TocEntry
from tasks.client_tools import ClientTools, client_tools
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

#: pg_dump's.
_LEAVES_EXTENSIONS_OUT_SINCE = 17
SCHEMA = "refresh_archive"
SCHEMA_COMMENT = "dev-db-refresh: the schema that the archive will have"


@dataclass(frozen=True, kw_only=True)
class SavedSchema:
    """``toc`` is a directory archive's ``toc.dat``; ``tables`` the schema and name of each table's rows, by dump id."""

    toc: bytes
    compression: Compression
    tables: Mapping[int, tuple[str, str]]


def save_schema(login: Login, database: str, *, compression: Compression | None = None) -> None:
    """Keep ``database``'s schema in it. What is kept already stays: a run again may find the tables changed.

    ``compression`` of the rows to come is zstd unless the client tools lack it (before PostgreSQL 16).

    Raises :class:`PreconditionFailed` where the archive would carry what it mustn't.
    """
    with (
        safe_errors(f"database {database!r}", doing="saving its schema"),
        connect(login, database, autocommit=True) as connection,
    ):
        if _is_saved(connection, database):
            return
        tools = client_tools(connection.info.server_version // 10_000)
        with tempfile.TemporaryDirectory() as scratch:
            directory = Path(scratch) / "archive"
            extensions = left_out(connection.execute(statement("archive/extensions.sql")).fetchall())
            can_leave_out = tools.major >= _LEAVES_EXTENSIONS_OUT_SINCE
            found = write_skeleton(
                tools,
                directory,
                login=login,
                database=database,
                without_rows=_extension_tables(connection),
                without_extensions=extensions if can_leave_out else (),
                compression=compression,
            )
            blank_entries(tools, directory, extensions=() if can_leave_out else extensions)
            entries = read_list(tools, directory)
            _check_carries_nothing_forbidden(entries, database)
            toc = (directory / TOC_NAME).read_bytes()
        with connection.transaction():
            _keep(connection, toc, found, entries)


def read_saved_schema(connection: psycopg.Connection[Any], database: str) -> SavedSchema:
    """What :func:`save_schema` kept.

    Raises :class:`PreconditionFailed` where there is nothing.
    """
    with safe_errors(f"database {database!r}", doing="reading its saved schema"):
        found = None
        if connection.execute("SELECT pg_catalog.to_regclass('refresh_archive.schema')").fetchone() != (
            None,
        ):
            found = connection.execute("SELECT toc, compression FROM refresh_archive.schema").fetchone()
        if found is None:
            raise PreconditionFailed(
                "it holds no saved schema: it wasn't masked, or it crashed after that and has lost rows",
                resource=f"database {database!r} of the clone",
                remedy="Start a new refresh: it takes a new clone.",
            )
        tables = connection.execute("SELECT dump_id, schema, name FROM refresh_archive.tables").fetchall()
    assert found[1] in get_args(Compression)
    return SavedSchema(
        toc=bytes(found[0]),
        compression=cast(Compression, found[1]),
        tables={dump_id: (schema, name) for dump_id, schema, name in tables},
    )


def unpack(saved: SavedSchema, directory: Path, tools: ClientTools) -> tuple[TocEntry, ...]:
    """Write ``toc.dat`` into ``directory``, which is made, and return its entries."""
    directory.mkdir()
    (directory / TOC_NAME).write_bytes(saved.toc)
    return read_list(tools, directory)


def _is_saved(connection: psycopg.Connection[Any], database: str) -> bool:
    found = connection.execute(
        "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = %s",
        (SCHEMA,),
    ).fetchone()
    if found is not None and found[0] != SCHEMA_COMMENT:
        raise NotOurs(
            "it lacks the comment of the schema that a refresh makes",
            resource=f"schema {SCHEMA} of database {database!r}",
            remedy="Rename it at the source: a refresh needs the name in the clone.",
        )
    return found is not None


def _keep(
    connection: psycopg.Connection[Any], toc: bytes, compression: Compression, entries: tuple[TocEntry, ...]
) -> None:
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    connection.execute(
        sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(SCHEMA), sql.Literal(SCHEMA_COMMENT))
    )
    connection.execute(
        "CREATE UNLOGGED TABLE refresh_archive.schema (toc bytea NOT NULL, compression text NOT NULL)"
    )
    connection.execute(
        "CREATE UNLOGGED TABLE refresh_archive.tables"
        " (dump_id int PRIMARY KEY, schema text NOT NULL, name text NOT NULL)"
    )
    connection.execute("INSERT INTO refresh_archive.schema VALUES (%s, %s)", (toc, compression))
    rows = {entry.oid: entry.dump_id for entry in entries if entry.kind == "TABLE DATA"}
    kept = psycopg.RawCursor(connection).execute(
        statement("archive/save_tables.sql"), (list(rows), list(rows.values()))
    )
    if kept.rowcount != len(rows):
        raise PreconditionFailed(
            "tables were dropped while its schema was saved",
            resource="the clone",
            remedy="Nothing else may use the clone: start a new refresh.",
        )


def _extension_tables(connection: psycopg.Connection[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (schema, name) for schema, name in connection.execute(statement("archive/extension_tables.sql"))
    )


def _check_carries_nothing_forbidden(entries: tuple[TocEntry, ...], database: str) -> None:
    for entry in entries:
        if reason := FORBIDDEN_KINDS.get(entry.kind):
            raise PreconditionFailed(
                f"its dump would carry {reason} (entry {entry.name})",
                resource=f"database {database!r} of the clone",
                remedy="The quarantine removes it: start a new refresh.",
            )
