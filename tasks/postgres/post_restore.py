"""The user's own SQL on the shadow, before it goes live: fixes that staging needs, and queries that must hold.

Both run through prefect-sqlalchemy's connector on a URL with the psycopg 3 driver, which its enum of drivers lacks.
The connector lives in memory and has no password: its connections are made by ``tasks.postgres.connection``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from contracts.errors import DatabaseError, VerificationFailed
from contracts.login import Login
from tasks.postgres.connection import connect, translated

if TYPE_CHECKING:
    # Loaded where it's used: it is an eighth of what a process that runs flows loads, and most don't need it.
    from prefect_sqlalchemy.database import SqlAlchemyConnector


def run_scripts(login: Login, database: str, directory: Path) -> tuple[str, ...]:
    """Run ``*.sql`` of ``directory`` in order of name, each in a transaction of its own, and return the names.

    Raises:
        DatabaseError: naming the script.
    """
    scripts = sorted(directory.glob("*.sql"))
    if not scripts:
        return ()
    with _connector(login, database) as connector:
        for script in scripts:
            with (
                _sql_errors(f"post-restore script {script.name}"),
                connector.get_engine().begin() as connection,
            ):
                # exec_driver_sql: the text is the user's, so a colon or a percent sign in it is no parameter.
                connection.exec_driver_sql(script.read_text(encoding="utf-8"))
    return tuple(script.name for script in scripts)


def run_verifications(login: Login, database: str, directory: Path) -> tuple[str, ...]:
    """Run the queries in ``directory``: each must return no row, since a row is a counterexample. Returns the names.

    Raises:
        VerificationFailed: a query returned rows; it is named, with their number.
    """
    queries = sorted(directory.glob("*.sql"))
    if not queries:
        return ()
    with _connector(login, database) as connector:
        for query in queries:
            with (
                _sql_errors(f"verification query {query.name}"),
                connector.get_engine().connect() as connection,
            ):
                counterexamples = len(
                    connection.exec_driver_sql(query.read_text(encoding="utf-8")).fetchall()
                )
            if counterexamples:
                raise VerificationFailed(
                    f"it returned {counterexamples} rows where it must return none",
                    resource=f"verification query {query.name}",
                    remedy="The target is what it was. Run the query on the archive to see why.",
                )
    return tuple(query.name for query in queries)


def _lift_newer_limits(login: Login, database: str) -> str:
    """Options against limits that live's settings may bring along and that only newer servers know."""
    with connect(login, database) as connection:
        version = connection.info.server_version
    newer = {140_000: " -c idle_session_timeout=0", 170_000: " -c transaction_timeout=0"}
    return "".join(option for since, option in newer.items() if version >= since)


@contextmanager
def _connector(login: Login, database: str) -> Iterator[SqlAlchemyConnector]:
    from prefect_sqlalchemy.database import SqlAlchemyConnector
    from sqlalchemy import URL

    newer = _lift_newer_limits(login, database)
    url = URL.create(
        "postgresql+psycopg", username=login.username, host=login.host, port=login.port, database=database
    )
    with SqlAlchemyConnector(connection_info=url.render_as_string()) as connector:
        # The connector keeps the engine that is made first; all its connections come by our own gate.
        connector.get_engine(creator=lambda: connect(login, database, options=newer))
        yield connector


@contextmanager
def _sql_errors(resource: str) -> Iterator[None]:
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise translated(error.orig, resource, doing="running it") from None
        raise DatabaseError(type(error).__name__, resource=resource, remedy="Check its SQL.") from None
    except SQLAlchemyError as error:
        raise DatabaseError(type(error).__name__, resource=resource, remedy="Check its SQL.") from None
