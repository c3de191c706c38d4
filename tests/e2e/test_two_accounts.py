"""Production and staging in two AWS accounts: a snapshot is copied, shared, copied again and restored, and no more.

The flow runs as the task role of staging's account, which takes production's role for what is done there. IAM is
enforced in both accounts, with the policies, the key policy and the trust that Terraform makes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from botocore.exceptions import ClientError

from contracts.naming import Role, RunKey
from contracts.ownership import Ownership
from deployments.localaws.calls import Call
from deployments.terraform.policy_templates import allowed_actions, without
from tests.e2e.conftest import Env
from tests.e2e.iam_roles import Identity, delete_leftovers
from tests.e2e.two_accounts import APART_POLICY, PRODUCTION, TwoAccounts, make_two_accounts, wait_for_snapshot
from tests.fix_localaws import wait_until


@dataclass(frozen=True, kw_only=True)
class Done:
    """A refresh and a sweep that ended, as the two roles, and what they called."""

    output: subprocess.CompletedProcess[str]
    swept: subprocess.CompletedProcess[str]
    run: RunKey
    denials: tuple[Any, ...]
    calls: list[Call]
    used: set[str]


@pytest.fixture(scope="module")
def apart(envs: Any) -> Iterator[TwoAccounts]:
    env: Env = envs()
    made = make_two_accounts(env)
    yield made
    made.delete_production()
    delete_leftovers(env.world.aws, env.name)
    env.forget()


@pytest.fixture(scope="module")
def done(apart: TwoAccounts) -> Done:
    """A refresh; then the janitor, with snapshots of a run that nobody knows in both accounts, two of them shared."""
    aws, env = apart.env.world.aws, apart.env
    began = datetime.now(UTC)
    with aws.iam.enforced():
        output = env.refresh(**apart.task_role.environment)
        denials, used = aws.iam.denials, {action for action, _ in aws.iam.demanded}
    calls = aws.calls.select(service="rds", since=began)
    run = RunKey(env=env.name, flow_run_id=uuid4())
    expired = datetime.now(UTC) - timedelta(days=2)
    tags = Ownership(env=env.name, flow_run_id=run.flow_run_id, expires_at=expired).aws_tags()
    apart.copy_in_production(run.aws_identifier("snapshot"), tags)
    shared = apart.copy_in_production(run.aws_identifier("shared-copy"), tags)
    aws.client("rds").copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier=shared,
        TargetDBClusterSnapshotIdentifier=run.aws_identifier("copy"),
        KmsKeyId=env.world.kms_key_arn,
        Tags=tags,
    )
    wait_for_snapshot(aws.client("rds"), run.aws_identifier("copy"))
    with aws.iam.enforced():
        swept = env.run_python("-m", "flows.janitor", **apart.task_role.environment)
        denials += aws.iam.denials
        used |= {action for action, _ in aws.iam.demanded}
    return Done(output=output, swept=swept, run=run, denials=denials, calls=calls, used=used)


def test_the_target_gets_masked_rows_of_the_other_account(apart: TwoAccounts, done: Done) -> None:
    assert (done.output.returncode, done.denials) == (0, ()), done.output.stderr[-4000:]
    aws, env = apart.env.world.aws, apart.env
    with psycopg.connect(aws.superuser_conninfo(apart.source_arn, env.world.database)) as production:
        raw = set(production.execute("SELECT email FROM users").fetchall())
    masked = set(env.query("SELECT email FROM users"))
    assert len(env.query("SELECT id FROM users")) == 3000
    assert len(masked) > 1000
    assert not raw & masked
    assert env.query("SELECT count(*) FROM users WHERE ssn NOT LIKE 'XXX-XX-%'") == [(0,)]


def test_nothing_is_left_in_either_account(apart: TwoAccounts, done: Done) -> None:
    assert apart.manual_snapshots() == []
    assert apart.env.leftovers(archive_of=apart.env.run_key()) == []


def test_nothing_is_shared_any_more_when_the_clone_is_made(apart: TwoAccounts, done: Done) -> None:
    """Copied to the share's key, since it was under ``aws/rds``; shared; copied; no longer shared; then restored."""
    wanted = {
        "CreateDBClusterSnapshot",
        "CopyDBClusterSnapshot",
        "ModifyDBClusterSnapshotAttribute",
        "RestoreDBClusterFromSnapshot",
    }
    staging = apart.env.world.aws.account_id
    assert [(call.account, call.action) for call in done.calls if call.action in wanted] == [
        (PRODUCTION, "CreateDBClusterSnapshot"),
        (PRODUCTION, "CopyDBClusterSnapshot"),
        (PRODUCTION, "ModifyDBClusterSnapshotAttribute"),
        (staging, "CopyDBClusterSnapshot"),
        (PRODUCTION, "ModifyDBClusterSnapshotAttribute"),
        (staging, "RestoreDBClusterFromSnapshot"),
    ]
    sharing = [call for call in done.calls if call.action == "ModifyDBClusterSnapshotAttribute"]
    assert [call.parameters.get("ValuesToAdd.AttributeValue.1") for call in sharing] == [staging, None]


def test_production_sees_its_snapshots_handled_and_nothing_else(done: Done) -> None:
    assert {call.action for call in done.calls if call.account == PRODUCTION} == {
        "DescribeDBClusters",
        "DescribeDBClusterSnapshots",
        "CreateDBClusterSnapshot",
        "CopyDBClusterSnapshot",
        "ModifyDBClusterSnapshotAttribute",
        "DeleteDBClusterSnapshot",
    }


def test_the_janitor_sweeps_both_accounts(done: Done) -> None:
    assert done.swept.returncode == 0, done.swept.stderr[-3000:]
    roles: tuple[Role, ...] = ("snapshot", "shared-copy", "copy")
    for role in roles:
        assert f"deleted cluster snapshot {done.run.aws_identifier(role)}" in done.swept.stdout


def test_every_action_that_the_two_roles_are_allowed_there_is_used(apart: TwoAccounts, done: Done) -> None:
    for policy in (apart.production_policy, apart.policies[APART_POLICY]):
        assert {action for _, action in allowed_actions(policy)} <= done.used


@pytest.fixture
def shared(apart: TwoAccounts) -> Iterator[str]:
    """The ARN of a snapshot of production that is shared with staging."""
    name = f"refresh-{apart.env.name}-{uuid4().hex[:12]}-shared-copy"
    yield apart.copy_in_production(name, tags_of(apart))
    apart.production.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    wait_until(lambda: apart.manual_snapshots() == [])


def tags_of(apart: TwoAccounts) -> list[dict[str, str]]:
    return Ownership(env=apart.env.name, flow_run_id=uuid4(), expires_at=datetime.now(UTC)).aws_tags()


def test_the_task_role_needs_each_action_that_it_has_for_it(apart: TwoAccounts, shared: str) -> None:
    aws, role, tags = apart.env.world.aws, apart.task_role, tags_of(apart)
    policy = apart.policies[APART_POLICY]
    name = shared.rsplit(":", 1)[1].replace("shared-copy", "copy")
    try:
        for sid, action in allowed_actions(policy):
            role.attach(list({**apart.policies, APART_POLICY: without(policy, sid, action)}.values()))
            with aws.iam.enforced(), pytest.raises(ClientError):
                apart.take_role_and_copy(role, shared, name, tags)
            assert [denial.action for denial in aws.iam.denials] == [action], sid
    finally:
        role.attach(list(apart.policies.values()))


def test_no_other_role_of_staging_takes_productions_role_or_opens_what_is_shared(
    apart: TwoAccounts, shared: str
) -> None:
    """Not even with the very policies of the task role: trust and key name that one."""
    aws, env = apart.env.world.aws, apart.env.name
    another = Identity(aws, f"another-{env}", list(apart.policies.values()))
    with aws.iam.enforced(), pytest.raises(ClientError, match="AccessDenied"):
        another.client("sts").assume_role(RoleArn=apart.production_role_arn, RoleSessionName="it")
    name = shared.rsplit(":", 1)[1].replace("shared-copy", "copy")
    with aws.iam.enforced(), pytest.raises(ClientError, match="KMSKeyNotAccessible"):
        apart.copy(another, shared, name, tags_of(apart))


def test_the_task_role_can_not_share_a_copy_on(apart: TwoAccounts) -> None:
    aws = apart.env.world.aws
    with aws.iam.enforced(), pytest.raises(ClientError, match="explicit deny"):
        apart.task_role.client("rds").modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=f"refresh-{apart.env.name}-1-copy",
            AttributeName="restore",
            ValuesToAdd=["444455556666"],
        )


def test_a_copy_that_fails_ends_the_run_and_leaves_nothing_in_either_account(apart: TwoAccounts) -> None:
    """Of AWS's own nightly snapshot, which stays."""
    env, automated = apart.env, apart.automated_snapshots()
    before, leftovers = env.fingerprint(), set(env.leftovers())
    faults = env.world.aws.faults
    faults.end_in("CopyDBClusterSnapshot", "available")  # production's own copy
    faults.end_in("CopyDBClusterSnapshot", "failed")
    done = env.refresh("--from-snapshot", "latest-automated", **apart.task_role.environment)
    assert done.returncode == 1
    assert f"{env.run_key().aws_identifier('copy')}: its status is failed" in done.stderr
    assert (apart.manual_snapshots(), set(env.leftovers())) == ([], leftovers)
    assert apart.automated_snapshots() == automated
    assert env.fingerprint() == before


def test_an_account_that_nothing_says_the_way_to_is_refused_before_anything_is_made(
    apart: TwoAccounts,
) -> None:
    env, usual = apart.env, apart.env.file.read_text()
    began = datetime.now(UTC)
    account = {"region": env.world.aws.region, "endpoint_url": env.world.aws.endpoint_url}
    env.write(source={"aws": {**account, "assume_role_arn": apart.production_role_arn}})
    try:
        done = env.refresh(**apart.task_role.environment)
    finally:
        env.file.write_text(usual)
    assert done.returncode == 1
    assert f"it is in account {PRODUCTION}" in done.stderr
    assert "`source.share`" in done.stderr
    assert env.world.aws.calls.select(action="CreateDBClusterSnapshot", since=began) == []
