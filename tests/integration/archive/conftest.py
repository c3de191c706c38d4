"""A shop to dump, a bucket to dump it to, and a way to tell whether two databases are the same."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from psycopg import sql

from contracts.login import Login
from contracts.manifest import Manifest
from contracts.naming import archive_prefix
from contracts.ownership import Ownership
from deployments.localaws.postgresql import PostgresServer
from tasks.archive.dump import MaskingFacts, dump_database
from tasks.archive.layout import MIB, Sizes
from tasks.archive.saved_schema import SCHEMA as SAVED
from tasks.archive.saved_schema import save_schema

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OWNER = "shop_owner"
SHOP = Path(__file__).with_name("shop.sql")
FACTS = MaskingFacts(
    snapshot_arn="arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:s", policy_digest="d1", verdict="passed"
)
# Small enough that the shop's big table is read in several chunks, and uploaded and loaded in several parts.
SMALL = Sizes(frame_bytes=MIB, part_bytes=5 * MIB, chunk_bytes=4 * MIB, load_bytes=5 * MIB)


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Databases on one server, owned by :data:`OWNER`, of which the master user is a member."""

    server: PostgresServer
    login: Login

    @contextmanager
    def fresh(self, script: str = "") -> Iterator[str]:
        """A new database, into which a superuser has run ``script``; dropped afterwards."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with self.superuser("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
        try:
            if script:
                self.tool(
                    "psql",
                    "-Xqo",
                    "/dev/null",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-d",
                    self.conninfo(name),
                    stdin=script,
                )
            yield name
        finally:
            with self.superuser("postgres") as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def conninfo(self, database: str) -> str:
        return self.server.superuser_conninfo(database)

    def superuser(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.conninfo(database), autocommit=True)

    def tool(self, name: str, *arguments: str, stdin: str = "") -> str:
        finished = subprocess.run(
            [self.server.binaries.tool(name), *arguments], input=stdin, capture_output=True, text=True
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def schema(self, database: str, *options: str) -> list[str]:
        """The schema, an entry of pg_dump's script each, sorted."""
        script = self.tool(
            "pg_dump", "--schema-only", f"--exclude-schema={SAVED}", *options, "-d", self.conninfo(database)
        )
        script, _, _ = script.partition("\n--\n-- PostgreSQL database dump complete")
        lines = [line for line in script.splitlines() if not line.startswith("\\restrict ")]
        return sorted(entry.strip() for entry in "\n".join(lines).split("\n--\n-- Name: "))

    def contents(self, database: str) -> dict[str, tuple[Any, ...]]:
        """A checksum of every table's and materialized view's own rows, and every sequence's value."""
        found: dict[str, tuple[Any, ...]] = {}
        with self.superuser(database) as connection:
            relations = connection.execute(
                """SELECT n.nspname, c.relname, c.relkind::text
                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind = ANY ('{r,m,S}') AND n.nspname !~ '^pg_'
                      AND n.nspname NOT IN ('information_schema', 'refresh_archive')
                      AND (c.relkind <> 'm' OR c.relispopulated)"""
            ).fetchall()
            for schema, name, kind in relations:
                values = (
                    "last_value, is_called" if kind == "S" else "count(*), sum(hashtextextended(t::text, 0))"
                )
                query = sql.SQL("SELECT {} FROM ONLY {} AS t").format(
                    sql.SQL(values), sql.Identifier(schema, name)
                )
                row = connection.execute(query).fetchone()
                assert row is not None
                found[f"{schema}.{name}"] = row
        return found


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresServer, master_login: Login) -> Databases:
    with psycopg.connect(postgres_server.superuser_conninfo(), autocommit=True) as connection:
        # Roles are the server's: the look-alike, loaded by other tests, has an owner of that name too.
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).rowcount:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(OWNER)))
        connection.execute(
            sql.SQL("GRANT {} TO {}").format(sql.Identifier(OWNER), sql.Identifier(master_login.username))
        )
    return Databases(server=postgres_server, login=master_login)


@pytest.fixture(scope="session")
def s3_client() -> Iterator[S3Client]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    yield client
    client.close()
    server.stop()
    assert server._server
    server._server.server_close()  # stop() leaves the listening socket open


@pytest.fixture(scope="session")
def bucket(s3_client: S3Client) -> str:
    name = f"dumps-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name)
    return name


class NewRun(Protocol):
    def __call__(self) -> tuple[Ownership, str]:
        """A run, and the prefix of its archive."""


def _new_run() -> tuple[Ownership, str]:
    ownership = Ownership(
        env="staging",
        flow_run_id=uuid.uuid4(),
        expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
    )
    return ownership, archive_prefix("refresh", ownership.env, "shop", ownership.run.key)


@pytest.fixture(scope="session")
def new_run() -> NewRun:
    return _new_run


@dataclass(frozen=True, kw_only=True)
class Dumped:
    database: str
    ownership: Ownership
    bucket: str
    prefix: str
    manifest: Manifest


@pytest.fixture(scope="session")
def shop(databases: Databases) -> Iterator[str]:
    """The database that is dumped. Nothing may change it."""
    with databases.fresh(SHOP.read_text()) as name:
        yield name


@pytest.fixture(scope="session")
def archive(databases: Databases, shop: str, s3_client: S3Client, bucket: str) -> Dumped:
    """The shop's archive. Nothing may change it."""
    ownership, prefix = _new_run()
    save_schema(databases.login, shop)
    manifest = dump_database(
        login=databases.login, database=shop, s3_client=s3_client, bucket=bucket, prefix=prefix,
        kms_key_id=None, ownership=ownership, facts=FACTS, jobs=3, sizes=SMALL,
    )  # fmt: skip
    return Dumped(database=shop, ownership=ownership, bucket=bucket, prefix=prefix, manifest=manifest)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    with databases.fresh() as name:
        yield name
