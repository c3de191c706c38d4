"""A role that the environment names is assumed, at the env's own endpoint, for as long as its clients are used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from prefect_aws import AwsClientParameters, AwsCredentials

from contracts.errors import AwsError
from deployments.localaws import LocalAws
from tasks.aws import client

OTHER_ACCOUNT = "777788889999"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/assumed"


@pytest.fixture
def credentials(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> AwsCredentials:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.account_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return AwsCredentials(
        region_name=aws.region,
        assume_role_arn=ROLE,
        aws_client_parameters=AwsClientParameters(endpoint_url=aws.endpoint_url),
    )


def test_calls_are_made_in_the_roles_account_and_it_is_assumed_anew_before_it_expires(
    aws: LocalAws, credentials: AwsCredentials
) -> None:
    """A chained role is good for an hour, and a refresh may take many."""
    began = datetime.now(UTC)

    def assumed() -> int:
        return len(aws.calls.select(action="AssumeRole", since=began))

    rds = cast(Any, client(credentials, "rds"))
    for _ in range(2):
        rds.describe_db_clusters()
    (first, second) = aws.calls.select(action="DescribeDBClusters", since=began)
    assert {first.account, second.account} == {OTHER_ACCOUNT}
    assert id(client(credentials, "rds")) == id(rds)
    assert assumed() == 1
    # What an hour would do.
    rds._request_signer._credentials._expiry_time = datetime.now(UTC)
    rds.describe_db_clusters()
    assert assumed() == 2


def test_a_role_that_may_not_be_assumed_is_named(aws: LocalAws, credentials: AwsCredentials) -> None:
    refused = credentials.model_copy(update={"assume_role_arn": f"{ROLE}-not-for-us"})
    aws.faults.fail("AssumeRole", "AccessDenied", status=403)
    with pytest.raises(
        AwsError, match=r"role/assumed-not-for-us: AWS refused while assuming it \(AccessDenied"
    ):
        client(refused, "rds")
