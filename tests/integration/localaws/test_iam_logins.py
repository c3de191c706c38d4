"""A cluster with IAM database authentication lets in whom AWS would: by a token, its signature and IAM's policies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from prefect_aws import AwsClientParameters, AwsCredentials
from pydantic import SecretStr

from contracts.errors import DatabaseError
from contracts.login import Login
from deployments.localaws import LocalAws
from tasks import rotated_password
from tasks.aurora.iam_login import iam_login
from tasks.client_tools import client_tools, conninfo
from tasks.postgres.connection import connect
from tests.fix_localaws import MASTER, Aurora, wait_until

USER = "refresher"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    aws: LocalAws
    aurora: Aurora
    name: str

    def login(self, username: str = USER, *, keys: dict[str, str] | None = None) -> Login:
        """By IAM, as the account itself or with a role's or user's own keys."""
        found = self.aurora.describe_cluster(self.name)
        named = keys or {"aws_access_key_id": self.aws.account_id, "aws_secret_access_key": "local"}
        return iam_login(
            AwsCredentials(
                region_name=self.aws.region,
                aws_client_parameters=AwsClientParameters(endpoint_url=self.aws.endpoint_url),
                **named,
            ),
            username=username,
            host=found["Endpoint"],
            port=found["Port"],
            ca_bundle=self.aws.ca_bundle,
        )

    def with_password(self, password: str, username: str = USER) -> Login:
        return replace(self.login(username), password=lambda: SecretStr(password))

    def reasons(self) -> str:
        """What the gate has to say of the logins that it refused."""
        return self.aws.log


@pytest.fixture(scope="module")
def cluster(local_aws: LocalAws) -> Iterator[Cluster]:
    """With a user who must log in by IAM, beside its master user, who has a password."""
    aurora = Aurora(local_aws, account_id=local_aws.account_id)
    name = aurora.create(EnableIAMDatabaseAuthentication=True)
    with aurora.superuser(name) as superuser:
        superuser.execute(f"CREATE ROLE {USER} LOGIN PASSWORD 'known-to-some'")
        superuser.execute(f"GRANT rds_iam TO {USER}")
    yield Cluster(aws=local_aws, aurora=aurora, name=name)
    aurora.clean_up()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotated_password, "ROTATION_S", 0.01)


def refuse(login: Login) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        connect(login, "postgres")
    return caught.value


def test_a_token_opens_the_database_again_and_again(cluster: Cluster) -> None:
    login = cluster.login()
    for _ in range(2):
        with connect(login, "postgres") as opened:
            assert opened.execute("SELECT current_user").fetchone() == (USER,)


def test_a_client_program_gets_in_by_a_token_too(cluster: Cluster) -> None:
    finished = client_tools(17, or_newer=True).run(
        "psql",
        [f"--dbname={conninfo('postgres')}", "--no-password", "-XAtc", "SELECT current_user"],
        resource="the test",
        login=cluster.login(),
        database="postgres",
    )
    assert finished.stdout.decode().strip() == USER


def test_a_user_of_rds_iam_has_no_password_any_more(cluster: Cluster) -> None:
    error = refuse(cluster.with_password("known-to-some"))
    assert error.sqlstate == "28000"
    assert "grant it rds_iam" in error.remedy
    assert "known-to-some" not in str(error)


def test_everybody_else_has_a_password_and_no_token(cluster: Cluster) -> None:
    connect(cluster.with_password("first-password", MASTER), "postgres").close()
    assert refuse(cluster.with_password("wrong-password", MASTER)).sqlstate == "28P01"
    assert refuse(cluster.login(MASTER)).sqlstate == "28P01"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (f"DBUser={USER}", "DBUser=somebody", "the token is for user somebody"),
        ("127.0.0.1:", "127.0.0.2:", "the token is for 127.0.0.2:"),
        ("eu-west-1", "eu-west-2", "the token is for region eu-west-2"),
        ("X-Amz-Signature=", "X-Amz-Signature=0", "the signature isn't that of a key"),
        ("Expires=900", "Expires=0", "the token has been signed at"),
    ],
)
def test_a_token_for_something_else_is_refused(cluster: Cluster, old: str, new: str, reason: str) -> None:
    token = cluster.login().password().get_secret_value()
    assert old in token
    assert refuse(cluster.with_password(token.replace(old, new))).sqlstate == "28000"
    assert f"IAM authentication of user {USER} refused: {reason}" in cluster.reasons()


def test_a_role_gets_in_as_the_user_that_its_policy_names_and_by_its_own_keys(cluster: Cluster) -> None:
    iam, sts = (cluster.aws.client(service) for service in ("iam", "sts"))
    resource_id = cluster.aurora.describe_cluster(cluster.name)["DbClusterResourceId"]
    name = cluster.aurora.new_id("role")
    trust = {"Effect": "Allow", "Principal": {"AWS": cluster.aws.account_id}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    arn = f"arn:aws:iam::{cluster.aws.account_id}:role/{name}"
    made: dict[str, Any] = sts.assume_role(RoleArn=arn, RoleSessionName="it")["Credentials"]
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }

    def may_connect_as(user: str) -> None:
        resource = f"arn:aws:rds-db:{cluster.aws.region}:{cluster.aws.account_id}:dbuser:{resource_id}/{user}"
        allow = {"Effect": "Allow", "Action": "rds-db:connect", "Resource": resource}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="it",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
        )

    with cluster.aws.iam.enforced():
        may_connect_as("somebody")
        assert refuse(cluster.login(keys=keys)).sqlstate == "28000"
        assert {denial.action for denial in cluster.aws.iam.denials} == {"rds-db:connect"}
        may_connect_as(USER)
        connect(cluster.login(keys=keys), "postgres").close()
        assert refuse(cluster.login(keys=keys | {"aws_secret_access_key": "guessed"})).sqlstate == "28000"
        assert refuse(cluster.login(keys=keys | {"aws_session_token": "guessed"})).sqlstate == "28000"


def test_nobody_gets_in_without_tls_or_as_rdsadmin(cluster: Cluster) -> None:
    plain: dict[str, Any] = cluster.login().connect_parameters("postgres") | {"sslmode": "disable"}
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(**plain)
    assert refuse(cluster.login("rdsadmin")).sqlstate == "28000"


def test_much_goes_through_in_both_directions_and_a_query_can_be_cancelled(cluster: Cluster) -> None:
    lines = b"".join(b"%d\t%s\n" % (number, b"x" * 200) for number in range(20_000))
    with connect(cluster.login(), "postgres") as opened:
        opened.execute("CREATE TEMP TABLE much (id int, text text)")
        with opened.cursor().copy("COPY much FROM STDIN") as copy:
            copy.write(lines)
        with opened.cursor().copy("COPY (SELECT * FROM much ORDER BY id) TO STDOUT") as copy:
            assert b"".join(bytes(block) for block in copy) == lines
        threading.Timer(0.3, opened.cancel_safe).start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            opened.execute("SELECT pg_sleep(60)")
        assert time.monotonic() < began + 50


def test_it_can_be_switched_on_and_off(aurora: Aurora) -> None:
    name = aurora.create()
    with aurora.superuser(name) as superuser:
        superuser.execute(f"CREATE ROLE {USER} LOGIN PASSWORD 'known-to-some'")
        superuser.execute(f"GRANT rds_iam TO {USER}")
    cluster = Cluster(aws=aurora.aws, aurora=aurora, name=name)
    arn = aurora.describe_cluster(name)["DBClusterArn"]
    keys = {"aws_access_key_id": aurora.account_id, "aws_secret_access_key": "local"}

    def switch(*, is_on: bool) -> None:
        aurora.rds.modify_db_cluster(
            DBClusterIdentifier=name, EnableIAMDatabaseAuthentication=is_on, ApplyImmediately=True
        )
        assert aurora.describe_cluster(name)["IAMDatabaseAuthenticationEnabled"] is is_on
        wait_until(lambda: aurora.aws.has_login_gate(arn) is is_on)
        aurora.wait_for_cluster(name)

    switch(is_on=True)
    connect(cluster.login(keys=keys), "postgres").close()
    assert refuse(cluster.with_password("known-to-some")).sqlstate == "28000"
    switch(is_on=False)
    connect(cluster.with_password("known-to-some"), "postgres").close()
    assert refuse(cluster.login(keys=keys)).sqlstate == "28P01"
