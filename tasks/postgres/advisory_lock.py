"""One refresh per target at a time, whichever Prefect server started it: an advisory lock in the target cluster.

It lies in the maintenance database (a session in the live one would block the rename), on a connection of its own,
keyed by the live database's name. The session is named after its run, so that anyone can see who holds it, and the
functions that change the target can make sure that it is their run without being handed the connection.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from contracts.errors import PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey
from tasks.postgres.maintenance import Connection, Row, maintenance, rows_of

#: How long a refresh or a rollback waits for a janitor to finish its drops, which takes seconds.
LOCK_WAIT_S = 30.0
_POLL_S = 0.2


def lock_key(database: str) -> int:
    """The lock's key, an int8: the same for every version of PostgreSQL and of this project."""
    digest = hashlib.sha256(f"dev-db-refresh target {database}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def application_name(run: RunKey) -> str:
    """What the lock's session is called in pg_stat_activity; 63 bytes at most, as ``run.env`` has 30."""
    return f"dev-db-refresh {run.env} {run.key}"


@contextmanager
def hold_target(login: Login, database: str, run: RunKey, *, wait_s: float = 5) -> Iterator[None]:
    """Hold the lock on the live ``database``'s name: from before the shadow is made until after the swap.

    A session that has just ended holds it for a moment longer, so it is waited for. A lock that is still busy after
    ``wait_s`` is :class:`PreconditionFailed` and says who holds it.
    """
    with maintenance(login, database, doing="locking the target") as connection:
        _prepare(connection, run)
        _acquire(connection, database, wait_s)
        try:
            yield
        finally:
            # Closing gives the lock back too, but only once the server has noticed.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s::int8)", (lock_key(database),))
            connection.close()


def check_held(connection: Connection, database: str, run: RunKey) -> None:
    """Refuse to go on where ``run`` doesn't hold the lock on ``database`` (any more)."""
    holders = _holders(connection, database)
    if not any(holder["application_name"] == application_name(run) for holder in holders):
        raise PreconditionFailed(
            f"run {run} doesn't hold the lock on it; {_described(holders)}",
            resource=f"database {database!r}",
            remedy="Its connection broke or another refresh took over: run again once that one has ended.",
        )


def _prepare(connection: Connection, run: RunKey) -> None:
    """Name the session, and make the server notice within two minutes when this machine is gone."""
    connection.execute(
        "SELECT pg_catalog.set_config(s.name, s.value, false)"
        " FROM (VALUES ('application_name', %s), ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'),"
        " ('tcp_keepalives_count', '6')) AS s (name, value)",
        (application_name(run),),
    )
    # idle_session_timeout is new in 14.
    connection.execute(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'"
    )


def _acquire(connection: Connection, database: str, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while not _try_lock(connection, database):
        if time.monotonic() >= deadline:
            raise PreconditionFailed(
                f"another refresh or rollback of it is under way; {_described(_holders(connection, database))}",
                resource=f"database {database!r}",
                remedy="Wait until it has ended. If its process is gone, end its session with pg_terminate_backend.",
                is_transient=True,
            )
        time.sleep(_POLL_S)


def _try_lock(connection: Connection, database: str) -> bool:
    row = connection.execute(
        "SELECT pg_catalog.pg_try_advisory_lock(%s::int8)", (lock_key(database),)
    ).fetchone()
    return row is not None and bool(row[0])


def _holders(connection: Connection, database: str) -> list[Row]:
    return rows_of(connection, "target/lock_holder.sql", (lock_key(database),))


def _described(holders: list[Row]) -> str:
    if not holders:
        return "nobody holds it"
    return "held by " + ", ".join(
        f"{holder['application_name'] or 'a session'} of {holder['username'] or 'an unknown user'}"
        f" (pid {holder['pid']}"
        + (f", since {holder['since']:%Y-%m-%d %H:%M:%S %Z})" if holder["since"] else ")")
        for holder in holders
    )
