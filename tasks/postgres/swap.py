"""Exchanges databases under the eyes of their users: a few renames in one transaction.

The first rename takes the lock that holds new sessions off, and waits up to 5 s for the old ones, which a second
connection ends meanwhile. So until COMMIT everything is as it was, after it everything is new, and a crash at any
point leaves one of the two: nothing that would close the live database is ever committed. Sessions see SQLSTATE
57P01 (ended), and those that were waiting at the door 3D000, once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg import sql

from contracts.errors import DatabaseError, PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey, original_database, previous_database
from contracts.ownership import Ownership
from contracts.target import Swapped
from tasks.postgres.advisory_lock import check_held
from tasks.postgres.database_ownership import TargetDatabase
from tasks.postgres.maintenance import Connection, maintenance, rows_of
from tasks.postgres.swap_plan import Rename, SwapPlan, is_rolled_back, plan_rollback, plan_swap
from tasks.postgres.swap_plan import is_swapped as _is_swapped
from tasks.postgres.target_check import check_obstacles
from tasks.postgres.target_database import read_databases

_ATTEMPTS = 6
_PAUSE_S = 1.0
_TERMINATE_EVERY_S = 0.02
# Sessions that don't end in the 5 s that a rename waits, and somebody else's lock on a database.
_BUSY = (psycopg.errors.ObjectInUse, psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

Databases = Mapping[str, TargetDatabase]


def is_swapped(login: Login, database: str, run: RunKey) -> bool:
    """Whether what ``run`` restored is live already, so that a retry needs to do nothing more."""
    with maintenance(login, database, doing="looking at its comment") as connection:
        return _is_swapped(read_databases(connection), database, run)


def swap(
    login: Login,
    database: str,
    ownership: Ownership,
    *,
    previous_expires_at: datetime,
    attempts: int = _ATTEMPTS,
) -> Swapped:
    """Make the run's shadow live, and live ``__previous`` until ``previous_expires_at`` (or ``__original``).

    Needs the target's lock. Done before by the same run, it is a success that does nothing. Where the sessions can't
    be ended in ``attempts``, :class:`PreconditionFailed` says whose they are, and nothing has changed.
    """
    return _exchange(
        login,
        database,
        ownership.run,
        is_done=lambda databases: _is_swapped(databases, database, ownership.run),
        plan=lambda databases: plan_swap(
            databases, database, ownership, previous_expires_at=previous_expires_at
        ),
        attempts=attempts,
    )


def rollback(
    login: Login,
    database: str,
    run: RunKey,
    *,
    previous_expires_at: datetime,
    attempts: int = _ATTEMPTS,
) -> Swapped:
    """Make ``__previous`` (else ``__original``) live again; live becomes ``__previous``, so another one undoes it.

    ``run`` is the rollback's own: doing it twice for one run is doing it once. Needs the target's lock.
    """
    return _exchange(
        login,
        database,
        run,
        is_done=lambda databases: is_rolled_back(databases, database, run),
        plan=lambda databases: plan_rollback(
            databases, database, run, previous_expires_at=previous_expires_at
        ),
        attempts=attempts,
    )


def _exchange(
    login: Login,
    database: str,
    run: RunKey,
    *,
    is_done: Callable[[Databases], bool],
    plan: Callable[[Databases], SwapPlan],
    attempts: int,
) -> Swapped:
    """Plan and rename, again where something was in the way. A COMMIT whose answer got lost shows at the next look."""
    began_at = time.monotonic()
    ended: set[int] = set()
    planned: SwapPlan | None = None
    in_the_way: list[str] = []
    for attempt in range(1, attempts + 1):
        try:
            with maintenance(login, database, doing="swapping") as connection:
                check_held(connection, database, run)
                databases = read_databases(connection)
                if is_done(databases):
                    return Swapped(
                        database=database,
                        set_aside=planned.set_aside if planned else _aside(databases, database),
                        sessions_terminated=len(ended),
                        attempts=attempt,
                        seconds=time.monotonic() - began_at,
                        already_done=planned is None,
                    )
                planned = plan(databases)
                for rename in planned.renames:
                    check_obstacles(connection, rename.database, patience_s=_PAUSE_S)
                if _rename(login, connection, planned, ended):
                    return Swapped(
                        database=database,
                        set_aside=planned.set_aside,
                        sessions_terminated=len(ended),
                        attempts=attempt,
                        seconds=time.monotonic() - began_at,
                    )
                in_the_way = [
                    row["description"] for row in rows_of(connection, "target/sessions.sql", (planned.oids,))
                ]
        except DatabaseError as error:
            if not error.is_transient or attempt == attempts:
                raise
            in_the_way = []
        if attempt < attempts:
            time.sleep(_PAUSE_S)
    raise PreconditionFailed(
        f"it stayed in use through {attempts} attempts to rename it"
        + (f", by {', '.join(in_the_way)}" if in_the_way else ""),
        resource=f"database {database!r}",
        remedy="Nothing was changed. End what keeps it open, then retry: the restored database is still there.",
        is_transient=True,
    )


def _rename(login: Login, connection: Connection, plan: SwapPlan, ended: set[int]) -> bool:
    """Carry out ``plan`` and add the sessions that it ended to ``ended``. False: it was busy, and is as before."""
    with _terminating(login, plan, ended):
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '5s'")
                for rename in plan.renames:
                    connection.execute(_rename_statement(rename))
                for name, comment in plan.comments.items():
                    connection.execute(
                        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                            sql.Identifier(name), sql.Literal(comment)
                        )
                    )
                _check_renamed(read_databases(connection), plan)
        except _BUSY:
            return False
    return True


def _rename_statement(rename: Rename) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
        sql.Identifier(rename.database.name), sql.Identifier(rename.new_name)
    )


def _aside(databases: Databases, database: str) -> str | None:
    names = (previous_database(database), original_database(database))
    return next((name for name in names if name in databases), None)


def _check_renamed(databases: Databases, plan: SwapPlan) -> None:
    """Still in the transaction: are these the databases that were planned with, by oid?"""
    wanted = {rename.new_name: rename.database.oid for rename in plan.renames}
    if any(databases[name].oid != wanted[name] for name in (plan.database, plan.set_aside) if name):
        raise PreconditionFailed(
            "somebody renamed databases at the same moment, so the swap was rolled back",
            resource=f"database {plan.database!r}",
            remedy="Retry it.",
            is_transient=True,
        )


@contextmanager
def _terminating(login: Login, plan: SwapPlan, ended: set[int]) -> Iterator[None]:
    """Meanwhile, end the sessions of the plan's databases over a connection of its own, again and again."""
    stop = threading.Event()
    with maintenance(login, plan.database, doing="ending sessions") as connection:

        def terminate() -> None:
            # What fails here shows as a rename that stays busy.
            while not stop.is_set():
                try:
                    ended.update(
                        row["pid"]
                        for row in rows_of(connection, "target/terminate_sessions.sql", (plan.oids,))
                    )
                except psycopg.Error:
                    return
                stop.wait(_TERMINATE_EVERY_S)

        thread = threading.Thread(target=terminate, name="terminate sessions", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
