"""The target cluster's maintenance database: from there databases are made, renamed and dropped, and locks are held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from contracts.errors import PreconditionFailed
from contracts.login import Login
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

# The only database, besides the templates, that every cluster has. https://www.postgresql.org/docs/current/creating-cluster.html
MAINTENANCE_DATABASE = "postgres"
# Not ours to rename. rdsadmin is Aurora's own.
_NEVER_A_TARGET = (MAINTENANCE_DATABASE, "template0", "template1", "rdsadmin")

Connection = psycopg.Connection[tuple[Any, ...]]
Row = dict[str, Any]


@contextmanager
def session(login: Login, database: str, *, autocommit: bool, doing: str) -> Iterator[Connection]:
    """A connection with an empty search_path and no time limits of the user's; errors leave it translated."""
    with (
        safe_errors(f"database {database!r}", doing=doing),
        connect(login, database, autocommit=True) as connection,
    ):
        connection.execute(
            "SELECT pg_catalog.set_config(s.name, s.value, false)"
            " FROM (VALUES ('role', 'none'), ('search_path', ''), ('statement_timeout', '0'), ('lock_timeout', '0'),"
            " ('idle_in_transaction_session_timeout', '0'), ('default_transaction_read_only', 'off'),"
            " ('client_min_messages', 'error')) AS s (name, value)"
        )
        connection.set_autocommit(autocommit)
        yield connection


@contextmanager
def maintenance(login: Login, database: str, *, autocommit: bool = True, doing: str) -> Iterator[Connection]:
    """A session in the maintenance database, about to do something to ``database``, a live database's name."""
    if database in _NEVER_A_TARGET:
        raise PreconditionFailed(
            "this database belongs to the cluster itself and can't be replaced",
            resource=f"database {database!r}",
            remedy="Name an ordinary database as the environment's target.",
        )
    with session(login, MAINTENANCE_DATABASE, autocommit=autocommit, doing=doing) as connection:
        yield connection


def rows_of(connection: Connection, path: str, parameters: Sequence[object] = ()) -> list[Row]:
    """The rows of ``sql/{path}``, by column."""
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        return cursor.execute(statement(path), parameters).fetchall()
