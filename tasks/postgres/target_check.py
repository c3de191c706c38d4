"""The target's preflight, before anything is made or spent: is there a reason why the swap can't work tonight?"""

from __future__ import annotations

import time

from contracts.errors import NotOurs, PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey, original_database, previous_database
from contracts.target import DatabaseLocale, TargetState
from tasks.postgres.database_ownership import (
    TargetDatabase,
    check_previous_is_ours,
    check_shadow_is_ours,
    unmarked_live,
)
from tasks.postgres.maintenance import Connection, Row, maintenance, rows_of
from tasks.postgres.target_database import read_databases

_REMEDY_OF_OBSTACLE = {
    "prepared transaction": "COMMIT PREPARED or ROLLBACK PREPARED it.",
    "replication slot": "It would go along with the database before and vanish when that is dropped: drop the slot.",
    "subscription": "Its worker keeps a session open, and its tables would be replaced: drop the subscription.",
    "session": "The master user can't end it: stop what opens it (for pg_cron, move cron.database_name elsewhere).",
}


def check_target(login: Login, database: str, run: RunKey, *, superuser_patience_s: float = 5) -> TargetState:
    """Refuse, with the reason and the remedy, a target that couldn't be swapped.

    A ``database`` that doesn't exist is allowed: the first refresh then makes it. Encoding and locale are compared
    when the shadow is made, since only the archive knows the source's. A superuser's session in the live database
    has ``superuser_patience_s`` to go away: Aurora's own monitoring looks in for a moment.
    """
    shadow = run.shadow_database(database)
    with maintenance(login, database, doing="checking the target") as connection:
        databases = read_databases(connection)
        live = databases.get(database)
        _check_capabilities(connection, live, database)
        if previous := databases.get(previous_database(database)):
            check_previous_is_ours(previous, run.env)
        if found := databases.get(shadow):
            check_shadow_is_ours(found, database, run)
        if live:
            _check_live(live, original_taken=original_database(database) in databases, env=run.env)
            check_obstacles(connection, live, patience_s=superuser_patience_s)
    return TargetState(
        database=database,
        exists=live is not None,
        is_ours=live is not None and live.ownership is not None,
        owner=live.owner if live else login.username,
        locale=live.locale if live else None,
    )


def check_locale(live: TargetDatabase, wanted: DatabaseLocale, *, allow_change: bool) -> None:
    """Refuse a source whose encoding or locale isn't live's: indexes, comparisons and ORDER BY would change."""
    differences = live.locale.differences(wanted)
    if differences and not allow_change:
        raise PreconditionFailed(
            f"the source's encoding or locale isn't the target's ({'; '.join(differences)})",
            resource=f"database {live.name!r}",
            remedy="Set target.allow_locale_change in the environment if the source's is what you want.",
        )


def check_obstacles(connection: Connection, found: TargetDatabase, *, patience_s: float = 0) -> None:
    """Refuse a database that holds what keeps it from being renamed or dropped."""
    deadline = time.monotonic() + patience_s
    while obstacles := rows_of(connection, "target/obstacles.sql", (found.oid,)):
        passing = all(obstacle["kind"] == "session" for obstacle in obstacles)
        if not passing or time.monotonic() >= deadline:
            raise obstacle_error(found.name, obstacles)
        time.sleep(0.25)


def obstacle_error(name: str, obstacles: list[Row]) -> PreconditionFailed:
    kinds = dict.fromkeys(obstacle["kind"] for obstacle in obstacles)
    listed = ", ".join(f"{item['kind']} {item['name']} ({item['detail']})" for item in obstacles)
    return PreconditionFailed(
        f"it can't be swapped because of {listed}",
        resource=f"database {name!r}",
        remedy=" ".join(_REMEDY_OF_OBSTACLE[kind] for kind in kinds),
        is_transient=set(kinds) == {"session"},
    )


def _check_capabilities(connection: Connection, live: TargetDatabase | None, database: str) -> None:
    parameters = (live.owner if live else None, connection.info.backend_pid)
    (can,) = rows_of(connection, "target/capabilities.sql", parameters)
    user, resource = can["username"], f"database {database!r}"
    if not can["reached_directly"]:
        raise PreconditionFailed(
            "it is reached through a connection pooler, on which no session-level lock can be held",
            resource=resource,
            remedy="Give the cluster's own writer endpoint, not a proxy's.",
        )
    if can["in_recovery"]:
        raise PreconditionFailed(
            "its server is a read-only replica",
            resource=resource,
            remedy="Give the cluster's writer endpoint.",
        )
    if not can["can_create_databases"]:
        raise PreconditionFailed(
            f"user {user!r} may not create or rename databases",
            resource=resource,
            remedy=f'ALTER ROLE "{user}" CREATEDB, or use the cluster\'s master user.',
        )
    if not can["can_end_sessions"]:
        raise PreconditionFailed(
            f"user {user!r} may not end other users' sessions, which the swap needs",
            resource=resource,
            remedy=f'GRANT pg_signal_backend TO "{user}", or use the cluster\'s master user.',
        )
    if live and not can["can_act_as_owner"]:
        raise PreconditionFailed(
            f"user {user!r} can't act as its owner {live.owner!r}, which renaming it needs",
            resource=resource,
            remedy=f'GRANT "{live.owner}" TO "{user}" (from PostgreSQL 16 on: WITH INHERIT TRUE, SET TRUE).',
        )


def _check_live(live: TargetDatabase, *, original_taken: bool, env: str) -> None:
    if live.is_invalid or not live.allows_connections:
        raise PreconditionFailed(
            "it accepts no connections, so what must be carried over can't be read",
            resource=f"database {live.name!r}",
            remedy="ALTER DATABASE … ALLOW_CONNECTIONS true; if a DROP of it was interrupted, finish the DROP.",
        )
    if live.ownership and live.ownership.env != env:
        raise NotOurs(
            f"it was made by env {live.ownership.env!r}, so two environments have one target",
            resource=f"database {live.name!r}",
            remedy="Keep one of the two; after renaming an env, correct the line in the database's comment.",
        )
    if live.ownership is None and original_taken:
        raise unmarked_live(live, env)
