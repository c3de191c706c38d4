"""Connections that quarantine, mask and verify: no trigger fires, no policy filters, nothing is timed out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from contracts.errors import NotOurs, PreconditionFailed
from contracts.login import Login
from masking.key_delivery import sealed
from masking.keys import MaskingKeys
from masking.planning.copies import DEFAULT_SCHEMA
from masking.planning.plan import Plan
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

SCHEMA = "refresh_mask"
SCHEMA_COMMENT = "dev-db-refresh: exists only while the clone is masked"
#: How many tables are worked on at once.
CONNECTIONS = 3

Connection = psycopg.Connection[Any]
Item = TypeVar("Item")

# Triggers and event triggers fire for replicas only when they say so, row security raises instead of filtering, and
# the clone needn't survive a crash: it is made again.
_SETTINGS = {
    "session_replication_role": "replica",
    "row_security": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "60s",
    "synchronous_commit": "off",
    "default_transaction_read_only": "off",
    "jit": "off",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    # A mask costs more than handing a row over; PostgreSQL's own guess is for rows that are only read.
    "parallel_tuple_cost": "0",
    "parallel_setup_cost": "0",
}


# PostgreSQL's own schema always comes first; temporary tables don't, once they are named.
_SCRIPTS_SEARCH_PATH = f"{DEFAULT_SCHEMA}, pg_temp"


def look_names_up_as_planned(connection: Connection) -> None:
    """Until the transaction ends, names without a schema mean what the plan took them for, whatever the database's
    or the role's ``search_path`` is.
    """
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (_SCRIPTS_SEARCH_PATH,))


class _Worker(threading.local):
    """What one of :func:`in_parallel`'s threads keeps from item to item: with a connection for each of thousands of
    tables, their TLS handshakes would take most of the time. None in every other thread.
    """

    connections: dict[tuple[str, int, str, str], Connection] | None = None


_worker = _Worker()
#: Whose keys a session has, so that it isn't given them again.
_handed_over: WeakKeyDictionary[Connection, tuple[Plan, MaskingKeys]] = WeakKeyDictionary()


@contextmanager
def masking_session(login: Login, database: str, *, doing: str) -> Iterator[Connection]:
    """A connection in autocommit; use its ``transaction()``. Errors leave without anything that quotes a row.

    In a worker of :func:`in_parallel` it may be the last item's, whose settings it still has; not after an error.
    """
    kept = _worker.connections
    place = (login.host, login.port, login.username, database)
    with safe_errors(f"database {database!r}", doing=doing), ExitStack() as closing:
        connection = kept.pop(place, None) if kept is not None else None
        is_new = connection is None
        if connection is None:
            connection = connect(login, database, autocommit=True)
        closing.callback(connection.close)
        if is_new:
            _set_up(connection)
        yield connection
        is_idle = connection.info.transaction_status == TransactionStatus.IDLE
        if kept is not None and place not in kept and is_idle:
            closing.pop_all()
            kept[place] = connection


def _set_up(connection: Connection) -> None:
    for name, value in _SETTINGS.items():
        connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))


def hand_over_keys(connection: Connection, plan: Plan, keys: MaskingKeys) -> None:
    """Give a session the sub-keys of the plan's domains, under a pad: a server that logs parameters logs no key.

    Nothing is done where it has them. A transaction that is rolled back takes them away: its session is over then.
    """
    has = _handed_over.get(connection)
    if has is not None and has[0] is plan and has[1] is keys:
        return
    secrets: dict[str, str] = {}
    for domain in plan.domains:
        secrets |= keys.session_settings(domain)
    with psycopg.RawCursor(connection) as cursor:
        seeds = cursor.execute(statement("session/seed.sql")).fetchall()
        cursor.execute(statement("session/keys.sql"), sealed(secrets, str(seeds[0][0])))
    settings = {f"{SCHEMA}.mapped_{domain}": "on" for domain in plan.domains_with_maps}
    for name, value in (settings | {f"{SCHEMA}.seed": ""}).items():
        connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
    _handed_over[connection] = (plan, keys)


def in_parallel(items: Iterable[Item], work: Callable[[Item], None]) -> None:
    """``work`` on every item in order, several at once. After the first error no further one is begun.

    Each worker opens one connection and uses it for all its items' :func:`masking_session`. Items are taken one by one,
    so an iterator may make them as they are needed.
    """
    waiting, taking, failed = iter(items), threading.Lock(), threading.Event()

    def take() -> Iterator[Item]:
        while not failed.is_set():
            with taking:
                try:
                    item = next(waiting)
                except StopIteration:
                    return
            yield item

    def run() -> None:
        _worker.connections = {}
        try:
            for item in take():
                work(item)
        except BaseException:
            failed.set()
            raise
        finally:
            for connection in _worker.connections.values():
                connection.close()

    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="masking") as pool:
        try:
            for future in as_completed([pool.submit(run) for _ in range(CONNECTIONS)]):
                future.result()
        except BaseException:
            failed.set()
            raise


def run(connection: Connection, statements: Iterable[sql.Composed]) -> None:
    """Statements of which nobody asks for the result, in order."""
    for one in statements:
        connection.execute(one)


def ensure_schema(connection: Connection, database: str) -> None:
    """Make our schema, empty, if it isn't there. One that isn't ours is left alone."""
    found = connection.execute(
        "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = %s",
        (SCHEMA,),
    ).fetchone()
    if found is None:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
            connection.execute(
                sql.SQL("COMMENT ON SCHEMA {} IS {}").format(
                    sql.Identifier(SCHEMA), sql.Literal(SCHEMA_COMMENT)
                )
            )
    elif found[0] != SCHEMA_COMMENT:
        raise NotOurs(
            "it lacks the comment of the schema that masking makes",
            resource=f"schema {SCHEMA} of database {database!r}",
            remedy="Rename it at the source: masking needs the name in the clone.",
        )


def become_member(connection: Connection, role: str, *, owns: str) -> None:
    """Make sure that the session has ``role``'s rights over what it owns."""
    member = connection.execute(
        "SELECT pg_catalog.pg_has_role(oid, 'USAGE') FROM pg_catalog.pg_roles WHERE rolname = %s", (role,)
    ).fetchone()
    if member is None or member[0]:
        return
    try:
        with connection.transaction():
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    except psycopg.Error:
        raise PreconditionFailed(
            f"its owner is role {role!r}, of which the clone's master user isn't and can't become a member",
            resource=owns,
            remedy=f"At the source, run: GRANT {role} TO the master user WITH ADMIN OPTION; or give it another owner.",
        ) from None


def may_create_in(connection: Connection, schema: str) -> bool:
    """Whether the session may create tables in ``schema``, as its owner's member if need be."""
    found = connection.execute(
        "SELECT pg_catalog.has_schema_privilege(oid, 'CREATE'), pg_catalog.pg_get_userbyid(nspowner)::text"
        " FROM pg_catalog.pg_namespace WHERE nspname = %s",
        (schema,),
    ).fetchone()
    if found is None or found[0]:
        return found is not None
    try:
        become_member(connection, found[1], owns=f"schema {schema}")
    except PreconditionFailed:
        return False
    return True
