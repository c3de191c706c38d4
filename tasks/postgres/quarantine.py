"""What a clone could still do to the outside, undone right after the first login.

The other half comes before the clone boots: its own parameter group and security group. Here is what lies in the
database: who else may log in, subscriptions, user mappings, options that hold secrets, event triggers,
scheduled jobs, replication slots, prepared transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from contracts.errors import PreconditionFailed
from contracts.login import Login
from tasks.postgres.lockout import lock_others_out
from tasks.postgres.masking_session import SCHEMA, Connection, become_member, ensure_schema, masking_session
from tasks.postgres.secret_options import drop_secret_options

# pg_event_trigger.evtenabled, and the words that bring each state back.
_STATES = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """How many of each there were."""

    subscriptions: int = 0
    user_mappings: int = 0
    event_triggers: int = 0
    scheduled_jobs: int = 0
    replication_slots: int = 0
    prepared_transactions: int = 0
    secret_options: int = 0
    #: Roles that could log in.
    others: int = 0


def quarantine(login: Login, database: str) -> Quarantined:
    """Run it before any other statement on the clone. Can be run again."""
    with masking_session(login, database, doing="quarantining the clone") as connection:
        others = lock_others_out(connection, database)
        ensure_schema(connection, database)
        return Quarantined(
            others=others,
            event_triggers=_disable_event_triggers(connection, database),
            subscriptions=_drop_subscriptions(connection),
            user_mappings=_drop_user_mappings(connection),
            scheduled_jobs=_delete_scheduled_jobs(connection),
            replication_slots=_drop_replication_slots(connection),
            prepared_transactions=_roll_back_prepared_transactions(connection, database),
            secret_options=drop_secret_options(connection),
        )


@contextmanager
def event_triggers_as_at_the_source(login: Login, database: str) -> Iterator[None]:
    """For the moment in which the schema is read: what :func:`quarantine` disabled is as it was."""
    with masking_session(login, database, doing="reading its event triggers") as connection:
        _release_event_triggers(connection)
    try:
        yield
    finally:
        with masking_session(login, database, doing="disabling its event triggers") as connection:
            _disable_event_triggers(connection, database)


def _release_event_triggers(connection: Connection) -> None:
    """Bring event triggers back to the state that they had before :func:`quarantine`."""
    if connection.execute("SELECT pg_catalog.to_regclass('refresh_mask.event_triggers')").fetchone() == (
        None,
    ):
        return
    found = connection.execute("SELECT name, enabled FROM refresh_mask.event_triggers").fetchall()
    for name, enabled in found:
        connection.execute(
            sql.SQL("ALTER EVENT TRIGGER {} {}").format(sql.Identifier(name), sql.SQL(_STATES[enabled]))
        )
        connection.execute("DELETE FROM refresh_mask.event_triggers WHERE name = %s", (name,))


def _disable_event_triggers(connection: Connection, database: str) -> int:
    """Those that fire in a replica session: every session of ours is one, so the others don't fire.

    At its login a session is none yet, so whatever fires then is disabled too: it could change rows with every
    connection of ours.
    """
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {}.event_triggers (name text PRIMARY KEY, enabled text NOT NULL)"
        ).format(sql.Identifier(SCHEMA))
    )
    found = connection.execute(
        "SELECT evtname::text, evtenabled::text, pg_catalog.pg_get_userbyid(evtowner)::text"
        " FROM pg_catalog.pg_event_trigger WHERE evtenabled IN ('R', 'A')"
        " OR (evtevent = 'login' AND evtenabled <> 'D') ORDER BY evtname"
    ).fetchall()
    for name, enabled, owner in found:
        resource = f"event trigger {name!r} of database {database!r}"
        become_member(connection, owner, owns=resource)
        try:
            with connection.transaction():
                connection.execute("INSERT INTO refresh_mask.event_triggers VALUES (%s, %s)", (name, enabled))
                connection.execute(sql.SQL("ALTER EVENT TRIGGER {} DISABLE").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise PreconditionFailed(
                "it fires in every session or at every login, and the clone's master user may not disable it",
                resource=resource,
                remedy="At the source, give it to the master user, or run: ALTER EVENT TRIGGER … ENABLE",
            ) from None
    return len(found)


def _drop_subscriptions(connection: Connection) -> int:
    found = connection.execute(
        "SELECT subname::text, pg_catalog.pg_get_userbyid(subowner)::text FROM pg_catalog.pg_subscription"
        " WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    ).fetchall()
    for name, owner in found:
        become_member(connection, owner, owns=f"subscription {name!r}")
        # Without its slot's name, dropping it doesn't reach for the publisher.
        for change in ("DISABLE", "SET (slot_name = NONE)"):
            connection.execute(
                sql.SQL("ALTER SUBSCRIPTION {} {}").format(sql.Identifier(name), sql.SQL(change))
            )
        connection.execute(sql.SQL("DROP SUBSCRIPTION {}").format(sql.Identifier(name)))
    return len(found)


def _drop_user_mappings(connection: Connection) -> int:
    found = connection.execute(
        "SELECT m.srvname::text, m.usename::text, m.umuser = 0, pg_catalog.pg_get_userbyid(s.srvowner)::text"
        " FROM pg_catalog.pg_user_mappings m JOIN pg_catalog.pg_foreign_server s ON s.oid = m.srvid"
    ).fetchall()
    for server, user, is_public, owner in found:
        become_member(connection, owner, owns=f"foreign server {server!r}")
        connection.execute(
            sql.SQL("DROP USER MAPPING FOR {} SERVER {}").format(
                sql.SQL("PUBLIC") if is_public else sql.Identifier(user), sql.Identifier(server)
            )
        )
    return len(found)


def _delete_scheduled_jobs(connection: Connection) -> int:
    """Those of extension pg_cron, as far as they are ours to delete: the others have nobody to run them, since the
    library isn't loaded, and no archive carries them. Another table of that name is the user's own.
    """
    found = connection.execute(
        "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid"
        " AND d.objsubid = 0 AND d.deptype = 'e'"
        " JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.oid = d.refobjid"
        " WHERE n.nspname = 'cron' AND c.relname = 'job' AND e.extname = 'pg_cron'"
        " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'DELETE')"
    ).fetchone()
    if found is None:
        return 0
    with connection.transaction():
        # It shows each role its own jobs.
        connection.execute("SET LOCAL row_security = on")
        return connection.execute("DELETE FROM cron.job").rowcount


def _drop_replication_slots(connection: Connection) -> int:
    return connection.execute(
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
        " WHERE database = pg_catalog.current_database() AND slot_type = 'logical' AND NOT active"
    ).rowcount


def _roll_back_prepared_transactions(connection: Connection, database: str) -> int:
    """Their locks would hold the pass up for ever."""
    found = connection.execute(
        "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()"
    ).fetchall()
    for (gid,) in found:
        try:
            connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(gid)))
        except psycopg.errors.InsufficientPrivilege:
            raise PreconditionFailed(
                "it has a prepared transaction of another user, whose locks would hold masking up",
                resource=f"database {database!r}",
                remedy="End prepared transactions at the source (see pg_prepared_xacts), and start again.",
            ) from None
    return len(found)
