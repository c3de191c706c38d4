"""Production in an account of its own, on local AWS, with the policies, the key and the trust that Terraform makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deployments.demo.world import SOURCE_CLUSTER
from deployments.terraform.policy_templates import TASK_POLICIES, Policy, render, without
from tests.e2e.conftest import Env
from tests.e2e.iam_roles import Identity, encrypt_secrets, policy_values

PRODUCTION = "999900001111"
"""The account that is production's alone."""
APART_POLICY = "task-apart"
#: Of the task role, and of no use where production's role takes the snapshot.
_LEFT_OUT = ("SnapshotSource", "SnapshotAsOurs")


@dataclass(frozen=True, kw_only=True)
class TwoAccounts:
    env: Env
    task_role: Identity
    policies: dict[str, Policy]
    """Of the task role, by template."""
    production_policy: Policy
    production_role_arn: str
    share_key_arn: str
    staging_key_arn: str
    source_arn: str

    @property
    def production(self) -> Any:
        """RDS of production's account, as the account itself."""
        return self.env.world.aws.client("rds", account_id=PRODUCTION)

    def copy(self, role: Identity, shared: str, name: str, tags: list[dict[str, str]]) -> None:
        """What the pipeline does in staging's account, as ``role``."""
        role.client("rds").copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=shared,
            TargetDBClusterSnapshotIdentifier=name,
            KmsKeyId=self.staging_key_arn,
            Tags=tags,
        )

    def take_role_and_copy(self, role: Identity, shared: str, name: str, tags: list[dict[str, str]]) -> None:
        role.client("sts").assume_role(RoleArn=self.production_role_arn, RoleSessionName="it")
        self.copy(role, shared, name, tags)

    def delete_production(self) -> None:
        """Begin to."""
        self.production.delete_db_instance(DBInstanceIdentifier=f"{SOURCE_CLUSTER}-1", SkipFinalSnapshot=True)
        self.production.delete_db_cluster(DBClusterIdentifier=SOURCE_CLUSTER, SkipFinalSnapshot=True)

    def manual_snapshots(self) -> list[str]:
        found = self.production.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
        return [snapshot["DBClusterSnapshotIdentifier"] for snapshot in found]

    def automated_snapshots(self) -> list[str]:
        found = self.production.describe_db_cluster_snapshots(
            DBClusterIdentifier=SOURCE_CLUSTER, SnapshotType="automated"
        )["DBClusterSnapshots"]
        return [snapshot["DBClusterSnapshotIdentifier"] for snapshot in found]

    def copy_in_production(self, name: str, tags: list[dict[str, str]]) -> str:
        """An automated snapshot's copy under the share's key, shared with staging; its ARN."""
        rds = self.production
        made = rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=self.automated_snapshots()[0],
            TargetDBClusterSnapshotIdentifier=name,
            KmsKeyId=self.share_key_arn,
            Tags=tags,
        )["DBClusterSnapshot"]
        wait_for_snapshot(rds, name)
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=name,
            AttributeName="restore",
            ValuesToAdd=[self.env.world.aws.account_id],
        )
        return str(made["DBClusterSnapshotArn"])


def make_two_accounts(env: Env) -> TwoAccounts:
    """A copy of the world's production in an account of its own, encrypted with that account's ``aws/rds``."""
    aws = env.world.aws
    source_arn = _move_production(env)
    task_role = Identity(aws, f"task-{env.name}", [])
    staging_key = aws.client("kms").create_key(Description="of the env")["KeyMetadata"]["Arn"]
    encrypt_secrets(env.world, staging_key)
    there = {
        **policy_values(env.world, env.name, staging_key),
        "account": PRODUCTION,
        "staging_account": aws.account_id,
        "task_role_arn": task_role.arn,
    }
    share_key = aws.client("kms", account_id=PRODUCTION).create_key(
        Policy=json.dumps(render("share-key", there))
    )["KeyMetadata"]["Arn"]
    there |= {"share_key_arn": share_key, "source_key_arn": share_key}
    iam, name = aws.client("iam", account_id=PRODUCTION), f"refresh-{env.name}-production-copy"
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(render("production-trust", there))
    )["Role"]["Arn"]
    production_policy = render("production-copy", there)
    iam.put_role_policy(RoleName=name, PolicyName="copy", PolicyDocument=json.dumps(production_policy))

    here = {
        **there,
        "account": aws.account_id,
        "production_account": PRODUCTION,
        "production_role_arn": role,
    }
    policies = {name: render(name, here) for name in (*TASK_POLICIES, APART_POLICY)}
    for sid in _LEFT_OUT:
        policies["task-aurora"] = without(policies["task-aurora"], sid, "rds:CreateDBClusterSnapshot")
    task_role.attach(list(policies.values()))
    account = {"region": aws.region, "endpoint_url": aws.endpoint_url}
    env.write(
        source={
            "aws": {**account, "assume_role_arn": role},
            "share": {"kms_key_id": share_key, "with_account": aws.account_id},
        },
        clone={"kms_key_id": staging_key},
        archive={"kms_key_id": staging_key},
    )
    return TwoAccounts(
        env=env,
        task_role=task_role,
        policies=policies,
        production_policy=production_policy,
        production_role_arn=role,
        share_key_arn=share_key,
        staging_key_arn=staging_key,
        source_arn=source_arn,
    )


def wait_for_snapshot(rds: Any, name: str) -> None:
    rds.get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def _move_production(env: Env) -> str:
    """The ARN of a cluster in production's account that holds what the world's production does."""
    aws, snapshot = env.world.aws, f"moving-{env.name}"
    here, there = aws.client("rds"), aws.client("rds", account_id=PRODUCTION)
    made = here.create_db_cluster_snapshot(
        DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=snapshot
    )["DBClusterSnapshot"]
    wait_for_snapshot(here, snapshot)
    here.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier=snapshot, AttributeName="restore", ValuesToAdd=[PRODUCTION]
    )
    restored = there.restore_db_cluster_from_snapshot(
        DBClusterIdentifier=SOURCE_CLUSTER,
        SnapshotIdentifier=made["DBClusterSnapshotArn"],
        Engine="aurora-postgresql",
        KmsKeyId="alias/aws/rds",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 1},
    )["DBCluster"]
    wait = {"Delay": 1, "MaxAttempts": 60}
    there.get_waiter("db_cluster_available").wait(DBClusterIdentifier=SOURCE_CLUSTER, WaiterConfig=wait)
    there.create_db_instance(
        DBInstanceIdentifier=f"{SOURCE_CLUSTER}-1",
        DBClusterIdentifier=SOURCE_CLUSTER,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )
    there.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier=f"{SOURCE_CLUSTER}-1", WaiterConfig=wait
    )
    here.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot)
    return str(restored["DBClusterArn"])
