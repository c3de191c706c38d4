"""Gives the shadow what live has and a rename would leave behind, so that nobody notices which one they are in.

Every change is one that a second run would find done. They are committed in batches: each ALTER … OWNER locks its
table, and one transaction over a database of 20,000 tables would use up the server's lock table.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import psycopg

from contracts.errors import PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey
from contracts.target import CarriedOver
from tasks.postgres.advisory_lock import check_held
from tasks.postgres.database_ownership import TargetDatabase, check_shadow_is_ours
from tasks.postgres.database_settings import access_statements, limit_statements, setting_statements
from tasks.postgres.maintenance import Connection, Row, maintenance, rows_of, session
from tasks.postgres.privileges import (
    Builtin,
    Change,
    DefaultKey,
    Grants,
    ObjectKey,
    Owner,
    Securable,
    builtin_from_rows,
    default_changes,
    defaults_from_rows,
    grant_changes,
    owner_changes,
    owners_from_rows,
    securables_from_rows,
)
from tasks.postgres.target_database import read_databases

_BATCH = 500


def carry_over(login: Login, database: str, run: RunKey) -> CarriedOver:
    """Give ``run``'s shadow live's owners, grants, default privileges, access list, limit and settings.

    Needs the target's lock, and the restored objects (post-data too). The comment is the swap's work. Where there is
    no live database, everything becomes the shadow's owner's, with PostgreSQL's own privileges. What can't be given
    (from PostgreSQL 16 on, settings of a role that the user doesn't administer) is a warning.
    """
    name = run.shadow_database(database)
    with maintenance(login, database, doing="reading what to carry over") as connection:
        check_held(connection, database, run)
        databases = read_databases(connection)
    live, shadow = databases.get(database), databases.get(name)
    if shadow is None:
        raise PreconditionFailed(
            "it isn't there, so nothing can be carried over to it",
            resource=f"database {name!r}",
            remedy="Restore the archive again: the run begins by making it.",
        )
    check_shadow_is_ours(shadow, database, run)
    in_live = _read(login, live, doing="reading live's privileges") if live else _NOTHING
    with session(login, name, autocommit=True, doing=f"carrying over to {name!r}") as connection:
        carrying = _Carrying(connection)
        _carry_objects(carrying, in_live, shadow.owner, login.username)
        if live:
            carrying.make(_database_changes(connection, live, shadow))
    return CarriedOver(statements=carrying.made, warnings=tuple(dict.fromkeys(carrying.warnings)))


class _Privileges:
    """What one database says of its objects."""

    def __init__(
        self,
        *,
        owners: dict[ObjectKey, Owner],
        securables: dict[ObjectKey, Securable],
        defaults: dict[DefaultKey, Grants],
    ) -> None:
        self.owners = owners
        self.securables = securables
        self.defaults = defaults


_NOTHING = _Privileges(owners={}, securables={}, defaults={})


class _Carrying:
    """Makes changes over ``connection`` (autocommit), and remembers how many, and what couldn't be done."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.made = 0
        self.warnings: list[str] = []

    def make(self, changes: Sequence[Change]) -> None:
        for start in range(0, len(changes), _BATCH):
            with self.connection.transaction():
                for change in changes[start : start + _BATCH]:
                    self._make(change)

    def _make(self, change: Change) -> None:
        try:
            with self.connection.transaction() if change.is_optional else nullcontext():
                self.connection.execute(change.statement)
        except psycopg.Error as error:
            if not change.is_optional or error.sqlstate is None or error.sqlstate[:2] in ("08", "57"):
                raise
            self.warnings.append(f"{change.about} could not be carried over: {_reason(error)}")
        else:
            self.made += 1


def _reason(error: psycopg.Error) -> str:
    # 42501 is insufficient_privilege. No message of the server's: what it quotes is the user's.
    if error.sqlstate == "42501":
        return "the refresh's user lacks the privilege (from PostgreSQL 16 on, it needs the role WITH ADMIN OPTION)"
    return f"PostgreSQL says {type(error).__name__} (SQLSTATE {error.sqlstate})"


def _read(login: Login, found: TargetDatabase, *, doing: str) -> _Privileges:
    with session(login, found.name, autocommit=False, doing=doing) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _Privileges(
            owners=owners_from_rows(rows_of(connection, "target/owned_objects.sql")),
            securables=securables_from_rows(rows_of(connection, "target/privileges.sql")),
            defaults=defaults_from_rows(rows_of(connection, "target/default_privileges.sql")),
        )


def _carry_objects(carrying: _Carrying, live: _Privileges, database_owner: str, connecting_user: str) -> None:
    """Schemas before what is in them: an owner needs CREATE on the schema of what it is given."""
    connection = carrying.connection
    builtin = builtin_from_rows(rows_of(connection, "target/builtin_privileges.sql"))
    owners = owner_changes(
        live.owners,
        owners_from_rows(rows_of(connection, "target/owned_objects.sql")),
        database_owner=database_owner,
        connecting_user=connecting_user,
    )
    carrying.make([change for change in owners if change.is_of_schema])
    carrying.make(
        [change for change in _grants_now(connection, live, builtin, connecting_user) if change.is_of_schema]
    )
    carrying.make([change for change in owners if not change.is_of_schema])
    carrying.make(_grants_now(connection, live, builtin, connecting_user))
    found = securables_from_rows(rows_of(connection, "target/privileges.sql"))
    carrying.make(
        default_changes(
            live.defaults,
            defaults_from_rows(rows_of(connection, "target/default_privileges.sql")),
            builtin=builtin,
            schemas=frozenset(
                securable.schema
                for key, securable in found.items()
                if key.kind == "SCHEMA" and securable.schema
            ),
        )
    )
    # PostgreSQL only warns where somebody without the right to grant tries to.
    left = dict.fromkeys(change.about for change in _grants_now(connection, live, builtin, connecting_user))
    carrying.warnings += [
        f"{about} could not be carried over: they belong to another user"
        for about in left
        if not any(warning.startswith(about) for warning in carrying.warnings)
    ]


def _grants_now(
    connection: Connection, live: _Privileges, builtin: Builtin, connecting_user: str
) -> list[Change]:
    return grant_changes(
        live.securables,
        securables_from_rows(rows_of(connection, "target/privileges.sql")),
        defaults=live.defaults,
        builtin=builtin,
        connecting_user=connecting_user,
    )


def _database_changes(connection: Connection, live: TargetDatabase, shadow: TargetDatabase) -> list[Change]:
    oids = [live.oid, shadow.oid]
    access = rows_of(connection, "target/database_privileges.sql", (oids,))
    settings: list[Row] = rows_of(connection, "target/database_settings.sql", (oids,))
    statements = access_statements(access, live=live.oid, shadow=shadow, owner=shadow.owner)
    statements += limit_statements(live, shadow)
    return [
        *(Change(statement=statement, about=f"access to {shadow.name}") for statement in statements),
        *(
            Change(statement=statement, about=about, is_optional=True)
            for about, statement in setting_statements(settings, live=live.oid, shadow=shadow)
        ),
    ]
