"""Makes the database that is restored into, and drops what refreshes made: never the live one, never ``__original``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import sql

from contracts.errors import PreconditionFailed, RefreshError
from contracts.login import Login
from contracts.naming import RunKey, previous_database
from contracts.ownership import Ownership, isoformat, janitor_may_delete
from contracts.target import DatabaseLocale, Swept
from tasks.postgres.advisory_lock import check_held, hold_target
from tasks.postgres.database_ownership import (
    TargetDatabase,
    check_previous_is_ours,
    check_shadow_is_ours,
    half_made_limit,
    is_half_made,
    kind_of,
)
from tasks.postgres.database_settings import access_statements
from tasks.postgres.maintenance import Connection, maintenance, rows_of
from tasks.postgres.target_check import check_locale, check_obstacles
from tasks.postgres.target_database import read_databases

# What CREATE DATABASE says of an encoding, locale or provider that the server lacks.
_UNKNOWN_LOCALE = (
    psycopg.errors.WrongObjectType,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidParameterValue,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidObjectDefinition,
    psycopg.errors.SyntaxError,  # a provider of a newer version
)


def create_shadow(
    login: Login,
    database: str,
    ownership: Ownership,
    *,
    locale: DatabaseLocale,
    allow_locale_change: bool = False,
) -> str:
    """Make an empty ``{database}__refresh_{key}`` and return its name. Needs the target's lock.

    It is owned as live is (or by the connecting user), lets in whom live lets in, and carries ``ownership`` in its
    comment. One that an earlier attempt of this run left is dropped and made again; anybody else's is
    :class:`NotOurs`. ``locale`` is the source's; where live's differs, :class:`PreconditionFailed` unless allowed.
    """
    run = ownership.run
    shadow = run.shadow_database(database)
    with maintenance(login, database, doing=f"creating {shadow!r}") as connection:
        check_held(connection, database, run)
        databases = read_databases(connection)
        live = databases.get(database)
        if live:
            check_locale(live, locale, allow_change=allow_locale_change)
        if found := databases.get(shadow):
            check_shadow_is_ours(found, database, run)
            _drop(connection, found)
        owner = live.owner if live else login.username
        _create(connection, shadow, owner, locale, limit=half_made_limit(run.key))
        with connection.transaction():
            for statement in _opening_statements(connection, shadow, owner, ownership, live):
                connection.execute(statement)
    return shadow


def drop_shadow(login: Login, database: str, run: RunKey) -> bool:
    """Drop this run's shadow; whether there was one. Not found is success; anybody else's is :class:`NotOurs`."""
    shadow = run.shadow_database(database)
    with maintenance(login, database, doing=f"dropping {shadow!r}") as connection:
        found = read_databases(connection).get(shadow)
        if found:
            check_shadow_is_ours(found, database, run)
            _drop(connection, found)
        return found is not None


def drop_previous(login: Login, database: str, run: RunKey) -> str | None:
    """Drop ``{database}__previous``, whichever run of this env made it, and return its name; None: there is none.

    Needs the target's lock. The user's own ``__original`` has another name and no line of ours: it stays.
    """
    name = previous_database(database)
    with maintenance(login, database, doing=f"dropping {name!r}") as connection:
        check_held(connection, database, run)
        found = read_databases(connection).get(name)
        if not found:
            return None
        check_previous_is_ours(found, run.env)
        _drop(connection, found)
        return name


def drop_expired(
    login: Login,
    database: str,
    run: RunKey,
    *,
    now: datetime,
    run_is_live: Callable[[UUID], bool | None],
) -> Swept:
    """The janitor's sweep: drop this env's expired shadows and ``__previous``. ``run`` is the janitor's own.

    ``run_is_live`` tells by flow run id (None: Prefect couldn't be asked). Takes the target's lock, so that nothing
    is dropped while a refresh or a rollback renames; where that is busy, nothing is dropped and the reason returned.
    """
    try:
        with (
            hold_target(login, database, run, wait_s=0),
            maintenance(login, database, doing="dropping what has expired") as connection,
        ):
            return _sweep(connection, database, run.env, now, run_is_live)
    except PreconditionFailed as busy:
        if not busy.is_transient:
            raise
        return Swept(dropped=(), left=(str(busy),))


def _sweep(
    connection: Connection,
    database: str,
    env: str,
    now: datetime,
    run_is_live: Callable[[UUID], bool | None],
) -> Swept:
    dropped, left = [], []
    for name, found in read_databases(connection).items():
        if kind_of(found, database) not in ("shadow", "previous"):
            continue
        reason = _reason_to_leave(found, database, env, now, run_is_live)
        if reason is None:
            try:
                _drop(connection, found)
            except RefreshError as error:
                reason = str(error)
        if reason is None:
            dropped.append(name)
        else:
            left.append(f"{name}: {reason}")
    return Swept(dropped=tuple(dropped), left=tuple(left))


def _reason_to_leave(
    found: TargetDatabase,
    database: str,
    env: str,
    now: datetime,
    run_is_live: Callable[[UUID], bool | None],
) -> str | None:
    if is_half_made(found, database):
        return None  # shadows are made under the lock that we hold, so its maker is gone
    ownership = found.ownership
    if ownership is None:
        return "its comment lacks our line"
    if ownership.env != env:
        return f"it belongs to env {ownership.env!r}"
    if not janitor_may_delete(
        ownership,
        now=now,
        run_is_live=run_is_live(ownership.flow_run_id),
        dies_with_run=kind_of(found, database) == "shadow",
    ):
        return f"run {ownership.flow_run_id} made it, and it expires at {isoformat(ownership.expires_at)}"
    return None


def _create(connection: Connection, shadow: str, owner: str, locale: DatabaseLocale, *, limit: int) -> None:
    try:
        connection.execute(_create_statement(shadow, owner, locale, limit=limit))
    except _UNKNOWN_LOCALE:
        raise PreconditionFailed(
            f"the target's server doesn't have the source's encoding and locale ({locale})",
            resource=f"database {shadow!r}",
            remedy="Source and target need servers that have the same locales: Aurora ones of one major version.",
        ) from None


def _create_statement(shadow: str, owner: str, locale: DatabaseLocale, *, limit: int) -> sql.Composed:
    options = [
        sql.SQL("OWNER {}").format(sql.Identifier(owner)),
        sql.SQL("TEMPLATE template0 ENCODING {}").format(locale.encoding),
        sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(locale.collate, locale.ctype),
        sql.SQL("ALLOW_CONNECTIONS false CONNECTION LIMIT {}").format(limit),
    ]
    if locale.provider != "libc":
        name = sql.SQL("ICU_LOCALE" if locale.provider == "icu" else "BUILTIN_LOCALE")
        options.append(sql.SQL("LOCALE_PROVIDER {}").format(sql.Identifier(locale.provider)))
        options.append(sql.SQL("{} {}").format(name, locale.locale or locale.collate))
    return sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(shadow), sql.SQL(" ").join(options))


def _opening_statements(
    connection: Connection, shadow: str, owner: str, ownership: Ownership, live: TargetDatabase | None
) -> list[sql.Composed]:
    name = sql.Identifier(shadow)
    statements = [
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, ownership.comment_line()),
        sql.SQL("ALTER DATABASE {} WITH CONNECTION LIMIT -1").format(name),
    ]
    if live:
        made = read_databases(connection)[shadow]
        access = rows_of(connection, "target/database_privileges.sql", ([live.oid, made.oid],))
        statements += access_statements(access, live=live.oid, shadow=made, owner=owner)
    return [*statements, sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name)]


def _drop(connection: Connection, found: TargetDatabase) -> None:
    """DROP DATABASE, ending its sessions. The caller has made sure that it is ours."""
    check_obstacles(connection, found, patience_s=5)
    if found.is_template:
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(found.name)))
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(found.name)))
