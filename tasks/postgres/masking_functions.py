"""Our functions and word lists, made in the schema that exists only while a clone is masked."""

from __future__ import annotations

import json
from typing import LiteralString

from psycopg import sql

from masking.maskers.masker import as_written
from masking.maskers.words import word_lists
from tasks.postgres.masking_session import SCHEMA, Connection
from tasks.postgres.statements import SQL_DIRECTORY

_FUNCTIONS = SQL_DIRECTORY / "functions"


def create_functions(connection: Connection) -> None:
    """Make all that maskers call, in the transaction that ``connection`` is in. Our schema must be there, and empty."""
    # The functions call each other across files.
    connection.execute("SET LOCAL check_function_bodies = off")
    for name, words in word_lists().items():
        connection.execute(_list_function(name, "text[]", list(words)))
        connection.execute(_list_function(f"{name}_list", "jsonb", json.dumps(words)))
    for file in sorted(_FUNCTIONS.glob("*.sql")):
        connection.execute(as_written(file.read_text(encoding="utf-8")))


def _list_function(name: str, type_: LiteralString, words: list[str] | str) -> sql.Composed:
    """A function that PostgreSQL replaces by the list itself."""
    body = sql.SQL("SELECT {}::{}").format(sql.Literal(words), sql.SQL(type_)).as_string(None)
    return sql.SQL("CREATE FUNCTION {}() RETURNS {} LANGUAGE sql IMMUTABLE PARALLEL SAFE AS {}").format(
        sql.Identifier(SCHEMA, name), sql.SQL(type_), sql.Literal(body)
    )
