"""The demo looks for itself: at production's catalogue, the target's rows, the archive's files, Slack's receiver."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
from psycopg import sql

from contracts.errors import ArchiveInvalid
from contracts.manifest import MANIFEST_NAME, Manifest, parse_manifest
from deployments.demo.promises import CopiedObject, Seen
from deployments.demo.world import World

# Columns of all that can hold rows: tables, partitioned ones and partitions, materialized views, foreign tables.
_COLUMNS = """
SELECT n.nspname || '.' || c.relname, a.attname::text
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
"""
# Tables with rows of their own; what an extension brings along isn't in an archive.
_TABLES = """
SELECT n.nspname::text, c.relname::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""


def look(world: World, archive: Path) -> Seen:
    """What is there now; ``archive`` is the directory with the archive's copy."""
    with psycopg.connect(world.source_conninfo()) as connection:
        columns = frozenset((table, column) for table, column in connection.execute(_COLUMNS))
    with psycopg.connect(world.target_conninfo()) as connection:
        databases = frozenset(
            name for (name,) in connection.execute("SELECT datname::text FROM pg_catalog.pg_database")
        )
        rows = {
            f"{schema}.{table}": _count(connection, schema, table)
            for schema, table in connection.execute(_TABLES).fetchall()
        }
    return Seen(
        source_columns=columns,
        target_rows=rows,
        target_databases=databases,
        copied={path.name: _measure(path) for path in archive.iterdir()},
        manifest=_read_manifest(archive / MANIFEST_NAME),
        slack=tuple(str(message["text"]) for message in world.slack.messages),
    )


def _count(connection: psycopg.Connection[tuple[int]], schema: str, table: str) -> int:
    count = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
    found = connection.execute(count).fetchone()
    return found[0] if found else 0


def _measure(path: Path) -> CopiedObject:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return CopiedObject(size_bytes=path.stat().st_size, sha256=digest.hexdigest())


def _read_manifest(path: Path) -> Manifest | None:
    try:
        return parse_manifest(path.read_bytes(), resource=str(path))
    except (FileNotFoundError, ArchiveInvalid):
        return None
