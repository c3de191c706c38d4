"""Nobody but the pipeline logs in to the clone's database."""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from contracts.errors import PreconditionFailed
from tasks.postgres.masking_session import Connection, become_member
from tasks.postgres.statements import statement


def lock_others_out(connection: Connection, database: str) -> int:
    """Take the right to connect to the session's ``database`` from every role but its own, and end others' sessions.

    Roles themselves aren't changed: they may be needed to read the schema, and few are the master user's to change.
    A superuser, rdsadmin on Aurora, isn't held by any right. Returns how many roles could log in before.

    Raises:
        PreconditionFailed: some still can, or the database belongs to a role out of reach.
    """
    resource = f"database {database!r} of the clone"
    before = _who_may_connect(connection)
    owner, grantees = _grants(connection)
    become_member(connection, owner, owns=resource)
    name = sql.Identifier(database)
    with connection.transaction():
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO CURRENT_USER").format(name))
        for grantee in grantees:
            role = sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee)
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {} CASCADE").format(name, role))
    left = _who_may_connect(connection)
    if left:
        raise PreconditionFailed(
            f"its master user can't keep others from connecting: {', '.join(map(repr, left))}",
            resource=resource,
            remedy="At the source, revoke their membership in the database's owner or in the master user.",
        )
    connection.execute(statement("session/end_others_sessions.sql"))
    return len(before)


def _grants(connection: Connection) -> tuple[str, list[str | None]]:
    """The database's owner, and to whom else than the session's role connecting is granted; None is PUBLIC."""
    ((oid, ourselves),) = connection.execute(
        "SELECT oid::int8, CURRENT_USER::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    ).fetchall()
    cursor = psycopg.RawCursor(connection, row_factory=dict_row)
    found = cursor.execute(statement("target/database_privileges.sql"), ([oid],)).fetchall()
    grantees = dict.fromkeys(
        row["grantee"] for row in found if row["privilege"] == "CONNECT" and row["grantee"] != ourselves
    )
    return found[0]["owner"], list(grantees)


def _who_may_connect(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(statement("session/who_may_connect.sql")).fetchall()]
