"""The schema that the archive will have, as SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from contracts.login import Login
from masking.proof.literals import SchemaEntry, entries_of
from tasks.archive.blanked_entries import read_entries
from tasks.archive.saved_schema import read_saved_schema, unpack
from tasks.client_tools import client_tools, conninfo
from tasks.postgres.connection import connect


def read_schema_entries(login: Login, database: str) -> tuple[SchemaEntry, ...]:
    """What :func:`tasks.archive.saved_schema.save_schema` kept in the clone: no more and no less will leave it.

    Raises:
        PreconditionFailed: there is nothing.
    """
    with connect(login, database) as connection, tempfile.TemporaryDirectory() as scratch:
        tools = client_tools(connection.info.server_version // 10_000)
        directory = Path(scratch) / "archive"
        unpack(read_saved_schema(connection, database), directory, tools)
        return read_entries(tools, directory)


def extensions_left_out(login: Login, database: str, entries: Sequence[SchemaEntry]) -> tuple[str, ...]:
    """Extensions of the clone that its archive won't have."""
    kept = {entry.name for entry in entries if entry.kind == "EXTENSION" and "CREATE EXTENSION" in entry.text}
    with connect(login, database) as connection:
        found = connection.execute("SELECT extname::text FROM pg_catalog.pg_extension ORDER BY 1").fetchall()
    return tuple(name for (name,) in found if name != "plpgsql" and name not in kept)


def dump_schema_entries(login: Login, database: str) -> tuple[SchemaEntry, ...]:
    """What a database's schema is now, as pg_dump tells it."""
    with connect(login, database) as connection:
        tools = client_tools(connection.info.server_version // 10_000, or_newer=True)
    finished = tools.run(
        "pg_dump",
        [f"--dbname={conninfo(database)}", "--schema-only", "--no-owner", "--no-privileges", "--no-password"],
        resource=f"database {database!r}",
        login=login,
        database=database,
    )
    return tuple(entries_of(finished.stdout.decode()))
