"""The bench's own PostgreSQL server: on disk, with the same settings for every contender, gone afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from pydantic import SecretStr

from contracts.login import Login
from deployments.localaws.certificates import CertificateAuthority
from deployments.localaws.postgresql import PostgresServer, local_postgresql
from deployments.localaws.run_directory import RunDirectory
from tasks.postgres.connection import connect

MASTER = "master"
#: Some peers make extensions, schemas or event triggers: they get all that they may ask for.
SUPERUSER = "peer"
#: Room enough that no checkpoint by size and no vacuum falls into one contender's time and not into another's.
SETTINGS = {
    "wal_level": "replica",
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
    "max_connections": "60",
}
#: Local AWS turns these off for all its servers. ALTER SYSTEM goes before the configuration file that says so.
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
#: From this version on, there is a choice of how a database is copied.
_FILE_COPY_SINCE = 150000


@dataclass(frozen=True, kw_only=True)
class BenchServer:
    """A running server, its master user (no superuser, as on Aurora) and a superuser for the peers."""

    server: PostgresServer
    login: Login
    peer_login: Login

    @property
    def pid(self) -> int:
        """Of the process whose children the sessions are."""
        return int((self.server.data_directory / "postmaster.pid").read_text().split()[0])

    def superuser(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.server.superuser_conninfo(database), autocommit=True)

    def user(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """As the master user, with the server's own settings: what a contender without a product gets."""
        return connect(self.login, database, autocommit=True)

    def create(self, database: str) -> None:
        self.server.create_database(database, owner=MASTER)

    def drop(self, database: str) -> None:
        with self.superuser() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    def copy(self, template: str, database: str) -> None:
        """A copy of a database that nobody is connected to, all of it on disk; one that was there is dropped."""
        self.drop(database)
        with self.superuser() as connection:
            has_choice = connection.info.server_version >= _FILE_COPY_SINCE
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}{}").format(
                    sql.Identifier(database),
                    sql.Identifier(MASTER),
                    sql.Identifier(template),
                    # The other strategy goes by way of shared buffers and WAL: the next contender would pay for it.
                    sql.SQL(" STRATEGY file_copy" if has_choice else ""),
                )
            )
            connection.execute("CHECKPOINT")

    @contextmanager
    def fresh_copy(self, template: str, database: str) -> Iterator[str]:
        """A copy that nothing has touched, dropped afterwards."""
        self.copy(template, database)
        try:
            yield database
        finally:
            self.drop(database)


@contextmanager
def bench_server(settings: Mapping[str, str] = SETTINGS) -> Iterator[BenchServer]:
    """Start it, and take it away with all its data however the bench ends."""
    authority = CertificateAuthority()
    with RunDirectory() as directory:
        server = PostgresServer(
            directory.path / "bench",
            binaries=local_postgresql(),
            certificate=authority.issue(),
            settings=settings,
        )
        server.initialize()
        server.start()
        try:
            ca_bundle = directory.path / "ca.pem"
            ca_bundle.write_text(authority.pem)
            passwords = {name: secrets.token_hex(16) for name in (MASTER, SUPERUSER)}
            for name, password in passwords.items():
                server.create_master(name, password)
            with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
                connection.execute(sql.SQL("ALTER ROLE {} SUPERUSER").format(sql.Identifier(SUPERUSER)))
                for name, value in DURABLE.items():
                    connection.execute(
                        sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                    )
                connection.execute("SELECT pg_catalog.pg_reload_conf()")
            logins = {
                name: Login(
                    host="127.0.0.1",
                    port=server.port,
                    username=name,
                    password=partial(SecretStr, password),
                    ca_bundle=ca_bundle,
                )
                for name, password in passwords.items()
            }
            yield BenchServer(server=server, login=logins[MASTER], peer_login=logins[SUPERUSER])
        finally:
            server.delete()
