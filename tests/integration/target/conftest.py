"""A target cluster with several roles, and what a refresh does to a database in it, up to the swap."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from contracts.login import Login
from contracts.naming import RunKey
from contracts.ownership import Ownership, ownership_of_comment
from contracts.target import DatabaseLocale, Swapped
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.carry_over import carry_over
from tasks.postgres.shadow import create_shadow, drop_previous
from tasks.postgres.swap import swap

ENV = "staging"
MASTER = "master"
# The owner of the target, roles that its owner grants to, and one that the master user has no power over.
ROLES = ("app_owner", "app_writer", "app_reader", "Quoted Role", "migrator")
STRANGER = "stranger"


@pytest.fixture(scope="session")
def login(master_login: Login, superuser_conninfo: Callable[[str], str]) -> Login:
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        for role in (*ROLES, STRANGER):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        for role in ROLES:
            connection.execute(
                sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(
                    sql.Identifier(role), sql.Identifier(MASTER)
                )
            )
    return master_login


@dataclass(frozen=True, kw_only=True)
class Target:
    """One live database with a name of its own, and the eyes of a superuser."""

    login: Login
    database: str
    superuser_conninfo: Callable[[str], str]

    @property
    def server_major(self) -> int:
        ((number,),) = self.execute("SHOW server_version_num", "postgres")
        return int(number) // 10000

    def run(self, env: str = ENV) -> RunKey:
        return RunKey(env=env, flow_run_id=uuid.uuid4())

    def ownership(self, run: RunKey, *, expires_in: timedelta = timedelta(hours=12)) -> Ownership:
        return Ownership(env=run.env, flow_run_id=run.flow_run_id, expires_at=datetime.now(UTC) + expires_in)

    def execute(self, statement: str | sql.Composed, database: str | None = None) -> list[tuple[Any, ...]]:
        """As the superuser, in live by default."""
        conninfo = self.superuser_conninfo(database or self.database)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(
                statement if isinstance(statement, sql.Composable) else statement.encode()
            )
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
        """As the master user."""
        return psycopg.connect(**self.login.connect_parameters(database or self.database), autocommit=True)  # type: ignore[arg-type]

    def databases(self) -> set[str]:
        """All that begin with live's name."""
        rows = self.execute("SELECT datname FROM pg_database", "postgres")
        return {name for (name,) in rows if name.startswith(self.database)}

    def suffixes(self) -> set[str]:
        return {name.removeprefix(self.database) for name in self.databases()}

    def marker(self, database: str | None = None) -> str:
        """Which generation of data a database holds."""
        ((found,),) = self.execute("SELECT generation FROM public.marker", database)
        return str(found)

    def comment(self, database: str | None = None) -> str | None:
        ((comment,),) = self.execute(
            sql.SQL(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = {}"
            ).format(sql.Literal(database or self.database)),
            "postgres",
        )
        return None if comment is None else str(comment)

    def owner_line(self, database: str | None = None) -> Ownership | None:
        return ownership_of_comment(self.comment(database))

    def locale(self) -> DatabaseLocale:
        ((collate, ctype),) = self.execute(
            "SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()"
        )
        return DatabaseLocale(encoding="UTF8", collate=collate, ctype=ctype)

    def restore(self, run: RunKey, generation: str, *, expires_in: timedelta = timedelta(hours=12)) -> str:
        """Make the run's shadow with ``generation`` in it; the run holds the lock already."""
        ownership = self.ownership(run, expires_in=expires_in)
        shadow = create_shadow(
            self.login,
            self.database,
            ownership,
            locale=DatabaseLocale(encoding="UTF8", collate="C.UTF-8", ctype="C.UTF-8"),
        )
        with self.connect(shadow) as connection:
            connection.execute("CREATE TABLE public.marker (generation text)")
            connection.execute("INSERT INTO public.marker VALUES (%s)", (generation,))
        return shadow

    def swap(self, run: RunKey, *, keep: timedelta = timedelta(days=7), attempts: int = 6) -> Swapped:
        return swap(
            self.login,
            self.database,
            self.ownership(run),
            previous_expires_at=datetime.now(UTC) + keep,
            attempts=attempts,
        )

    def refresh(self, generation: str) -> RunKey:
        """A whole refresh."""
        run = self.run()
        with hold_target(self.login, self.database, run):
            drop_previous(self.login, self.database, run)
            self.restore(run, generation)
            carry_over(self.login, self.database, run)
            self.swap(run)
        return run


@pytest.fixture
def missing_target(login: Login, superuser_conninfo: Callable[[str], str]) -> Iterator[Target]:
    """A name under which there is no database yet; whatever begins with it is dropped afterwards."""
    target = Target(
        login=login, database=f"app_{uuid.uuid4().hex[:8]}", superuser_conninfo=superuser_conninfo
    )
    yield target
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(superuser_conninfo("postgres"), autocommit=True))
        for name in target.databases():
            connection.execute(
                sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE false").format(sql.Identifier(name))
            )
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def target(missing_target: Target) -> Target:
    """A user's own live database, owned by app_owner, whose data is of the generation "users"."""
    target = missing_target
    target.execute(
        sql.SQL(
            "CREATE DATABASE {} OWNER app_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
        ).format(sql.Identifier(target.database)),
        "postgres",
    )
    target.execute("SET ROLE app_owner; CREATE TABLE public.marker (generation text)")
    target.execute("INSERT INTO public.marker VALUES ('users')")
    return target
