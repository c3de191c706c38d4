"""pytest plugin: a real PostgreSQL server as local AWS runs it, one per test process, and a database per test."""

from __future__ import annotations

import os
import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from contracts.login import Login
from deployments.localaws.binaries import find_binaries
from deployments.localaws.certificates import CertificateAuthority
from deployments.localaws.postgresql import PostgresServer, local_postgresql
from deployments.localaws.run_directory import MEMORY, RunDirectory

MASTER = "master"
ENOUGH_MEMORY_BYTES = 6 << 30


def pytest_configure() -> None:
    """Keep the servers' data in memory if there is plenty: the tests take half the time."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY_BYTES:
        os.environ.setdefault("LOCALAWS_TMPDIR", str(MEMORY))


def pytest_report_header() -> str:
    found = find_binaries()
    return f"PostgreSQL: {found.version} in {found.bin_dir}"


@pytest.fixture(scope="session")
def _run_directory() -> Iterator[RunDirectory]:
    with RunDirectory() as directory:
        yield directory


@pytest.fixture(scope="session")
def _certificate_authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture(scope="session")
def postgres_server(
    _run_directory: RunDirectory, _certificate_authority: CertificateAuthority
) -> Iterator[PostgresServer]:
    """A running server without a master user's password: take ``master_login`` to connect."""
    server = PostgresServer(
        _run_directory.path / "tests",
        binaries=local_postgresql(),
        certificate=_certificate_authority.issue(),
        settings={"wal_level": "logical", "max_prepared_transactions": "5"},
    )
    server.initialize()
    server.start()
    yield server
    server.delete()


@pytest.fixture(scope="session")
def master_login(
    postgres_server: PostgresServer,
    _run_directory: RunDirectory,
    _certificate_authority: CertificateAuthority,
) -> Login:
    """The master user: in rds_superuser and no superuser, as on Aurora. The password is random."""
    password = secrets.token_urlsafe(24)
    postgres_server.create_master(MASTER, password)
    ca_bundle = _run_directory.path / "ca.pem"
    ca_bundle.write_text(_certificate_authority.pem)
    return Login(
        host="127.0.0.1",
        port=postgres_server.port,
        username=MASTER,
        password=lambda: SecretStr(password),
        ca_bundle=ca_bundle,
    )


@pytest.fixture(scope="session")
def superuser_conninfo(postgres_server: PostgresServer, master_login: Login) -> Callable[[str], str]:
    """``superuser_conninfo(database)``: how a test loads a look-alike, and looks past privileges."""
    return postgres_server.superuser_conninfo


@pytest.fixture
def database(master_login: Login, superuser_conninfo: Callable[[str], str]) -> Iterator[str]:
    """A fresh, empty database that the master user owns; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(MASTER))
        )
    yield name
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
