"""Our functions and word lists, made in the schema that exists only while a clone is masked."""

from __future__ import annotations

from psycopg import sql

from masking.masker import as_written
from tasks.postgres.masking_session import SCHEMA, Connection
from tasks.postgres.statements import SQL_DIRECTORY

_FUNCTIONS = SQL_DIRECTORY / "functions"


def create_functions(connection: Connection) -> None:
    """Make all that maskers call, in the transaction that ``connection`` is in. Our schema must be there, and empty."""
    # The functions call each other across files.
    connection.execute("SET LOCAL check_function_bodies = off")
    for file in sorted((_FUNCTIONS / "words").glob("*.txt")):
        words = [word for word in file.read_text(encoding="utf-8").split("\n") if word]
        connection.execute(_word_list(file.stem, words))
    for file in sorted(_FUNCTIONS.glob("*.sql")):
        connection.execute(as_written(file.read_text(encoding="utf-8")))


def _word_list(name: str, words: list[str]) -> sql.Composed:
    body = sql.SQL("SELECT {}::text[]").format(sql.Literal(words)).as_string(None)
    return sql.SQL("CREATE FUNCTION {}() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS {}").format(
        sql.Identifier(SCHEMA, name), sql.Literal(body)
    )
