"""A password that is rotated while it is in use: every way into a database reads it anew, once, and goes on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest
from prefect_aws import AwsClientParameters, AwsCredentials
from psycopg import sql
from pydantic import SecretStr

from contracts.errors import ClientToolFailed, DatabaseError, PreconditionFailed, RefreshError
from contracts.login import Login
from deployments.localaws.postgresql import PostgresServer
from tasks import rotated_password
from tasks.archive.copy_out import CopySession
from tasks.archive.skeleton import write_skeleton
from tasks.client_tools import client_tools, conninfo
from tasks.postgres.connection import connect
from tasks.postgres.post_restore import run_scripts
from tasks.secrets.reading import login_of_secret
from tasks.secrets.secrets_manager import read_aws_secret
from tests.fix_localaws import MASTER, Aurora, wait_until

Rotate = Callable[[], None]


@dataclass
class Rotating:
    """A role of its own, whose password is what ``secret`` says once the server has been told."""

    server: PostgresServer
    login: Login
    secret: str = "first"
    reads: int = 0
    #: Run when the password has been read and before it is used; taken away as it is run.
    after_reads: list[Rotate] = field(default_factory=list)

    def read(self) -> SecretStr:
        self.reads += 1
        found = SecretStr(self.secret)
        if self.after_reads:
            self.after_reads.pop(0)()
        return found

    def change_password(self) -> None:
        """In the server alone, as the first half of a rotation."""
        self._next = secrets.token_hex(8)
        self.server.set_password(self.login.username, self._next)

    def change_secret(self) -> None:
        self.secret = self._next

    def rotate(self) -> None:
        self.change_password()
        self.change_secret()

    def refused_logins(self) -> int:
        return self.server.log_path.read_text(errors="replace").count(
            f'password authentication failed for user "{self.login.username}"'
        )


@pytest.fixture
def rotating(
    postgres_server: PostgresServer, master_login: Login, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rotating]:
    monkeypatch.setattr(rotated_password, "ROTATION_S", 0.01)
    name = f"rotating_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    made = Rotating(postgres_server, master_login)
    made.login = replace(master_login, username=name, password=made.read)
    postgres_server.set_password(name, made.secret)
    yield made
    with psycopg.connect(postgres_server.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def by_psycopg(rotating: Rotating, database: str, _: Path) -> None:
    connect(rotating.login, database).close()


def by_a_client_that_is_waited_for(rotating: Rotating, database: str, scratch: Path) -> None:
    (scratch / "nothing.sql").write_text("")
    client_tools(17, or_newer=True).run(
        "psql",
        [f"--dbname={conninfo(database)}", "--no-password", f"--file={scratch / 'nothing.sql'}"],
        resource="the test",
        login=rotating.login,
        database=database,
    )


def by_pg_dump(rotating: Rotating, database: str, scratch: Path) -> None:
    write_skeleton(
        client_tools(17, or_newer=True),
        scratch / "archive",
        login=rotating.login,
        database=database,
        without_rows=(),
    )


def by_a_streamed_psql(rotating: Rotating, database: str, _: Path) -> None:
    tools = client_tools(17, or_newer=True)
    with psycopg.connect(rotating.server.superuser_conninfo(database)) as exporting:
        row = exporting.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        assert row
        CopySession(tools, login=rotating.login, database=database, snapshot=row[0]).close()


def by_a_post_restore_script(rotating: Rotating, database: str, scratch: Path) -> None:
    (scratch / "1.sql").write_text("SELECT 1")
    # The first connection asks for the server's version; the second is the script's.
    rotating.after_reads[:0] = [lambda: None]
    assert run_scripts(rotating.login, database, scratch) == ("1.sql",)


Way = Callable[[Rotating, str, Path], None]
WAYS: list[Way] = [
    by_psycopg,
    by_a_client_that_is_waited_for,
    by_pg_dump,
    by_a_streamed_psql,
    by_a_post_restore_script,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_password_rotated_between_its_reading_and_its_use_is_read_anew(
    rotating: Rotating, database: str, tmp_path: Path, way: Way
) -> None:
    rotating.after_reads = [rotating.rotate]
    way(rotating, database, tmp_path)
    assert rotating.refused_logins() == 1


def test_a_database_that_has_the_new_password_before_the_secret_says_so_is_waited_for(
    rotating: Rotating, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotating.after_reads = [rotating.change_password]
    monkeypatch.setattr(rotated_password, "sleep", lambda _: rotating.change_secret())
    connect(rotating.login, database).close()
    assert (rotating.refused_logins(), rotating.reads) == (1, 2)


@pytest.mark.parametrize("way", WAYS)
def test_a_password_that_stays_wrong_is_tried_twice_and_shown_nowhere(
    rotating: Rotating, database: str, tmp_path: Path, way: Way
) -> None:
    rotating.secret = "wrong-horse-battery"
    with pytest.raises(RefreshError) as caught:
        way(rotating, database, tmp_path)
    assert isinstance(caught.value, DatabaseError | ClientToolFailed)
    assert "wrong-horse" not in repr(caught.value)
    assert rotating.refused_logins() == 2


def test_the_master_password_of_a_cluster_is_rotated_as_on_aws(
    aurora: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = aurora.create()
    store = aurora.client("secretsmanager")
    name = aurora.new_id("login")
    store.create_secret(
        Name=name, SecretString=json.dumps({"username": MASTER, "password": "first-password"})
    )
    credentials = AwsCredentials(
        region_name=aurora.aws.region,
        aws_access_key_id=aurora.account_id,
        aws_secret_access_key="local",
        aws_client_parameters=AwsClientParameters(endpoint_url=aurora.aws.endpoint_url),
    )
    to_come: list[str] = []

    def read() -> SecretStr:
        found = read_aws_secret(credentials, name)
        if to_come:
            rotate(to_come.pop())
        return found

    def rotate(password: str) -> None:
        """The server first, then the secret's new version: ``AWSCURRENT`` is the old one until then."""
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, MasterUserPassword=password, ApplyImmediately=True
        )
        wait_until(lambda: not aurora.describe_cluster(cluster).get("PendingModifiedValues"))
        store.put_secret_value(
            SecretId=name, SecretString=json.dumps({"username": MASTER, "password": password})
        )

    found = aurora.describe_cluster(cluster)
    login = login_of_secret(
        read,
        resource=f"secret {name}",
        host=found["Endpoint"],
        port=found["Port"],
        ca_bundle=aurora.aws.ca_bundle,
    )
    connect(login, "postgres").close()
    rotate("between-two-steps")
    connect(login, "postgres").close()
    to_come.append("between-reading-and-use")
    connect(login, "postgres").close()
    assert to_come == []
    assert 'failed for user "shopkeeper"' in aurora.aws.server_log(found["DBClusterArn"])


def test_a_secret_that_names_another_user_all_at_once_ends_the_step() -> None:
    texts = iter(["master", "master", "master_clone"])
    login = login_of_secret(
        lambda: SecretStr(json.dumps({"username": next(texts), "password": "x"})),
        resource="secret shop/target",
        host="db",
        port=5432,
        ca_bundle=Path("ca.pem"),
    )
    assert login.password().get_secret_value() == "x"
    with pytest.raises(PreconditionFailed, match="secret shop/target: it names another user"):
        login.password()
