"""What each role but the task's is there for, as calls that need every action of its policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from contracts.ownership import Ownership
from deployments.demo.world import BUCKET, SOURCE_CLUSTER
from deployments.localaws import LocalAws
from tests.e2e.iam_roles import Identity

Values = Mapping[str, str]


def prepare(aws: LocalAws, values: Values) -> None:
    """As the account itself: an archive's object, a clone's login, and an automated snapshot of the source."""
    env, s3, rds = values["env"], aws.client("s3"), aws.client("rds")
    s3.put_object(
        Bucket=BUCKET,
        Key=f"refresh/{env}/shop/x/toc.dat",
        Body=b"masked",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=values["key_arn"],
    )
    aws.client("secretsmanager").create_secret(
        Name=f"refresh-{env}-1-clone-master", SecretString="{}", Tags=_tags(env)
    )
    if not _automated(rds):
        aws.take_automated_snapshot(SOURCE_CLUSTER)
    rds.get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=_automated(rds)[0], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def developer(role: Identity, values: Values, _aws: LocalAws) -> None:
    s3, home = role.client("s3"), f"refresh/{values['env']}/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=home)["Contents"]
    key = f"{home}shop/x/toc.dat"
    assert key in {item["Key"] for item in listed}
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"masked"


def ci(role: Identity, values: Values, _aws: LocalAws) -> None:
    role.client("secretsmanager").get_secret_value(SecretId=values["prefect_secret_arn"])


def mask(role: Identity, values: Values, _aws: LocalAws) -> None:
    for secret in (f"refresh-{values['env']}-1-clone-master", values["root_key_secret_arn"]):
        role.client("secretsmanager").get_secret_value(SecretId=secret)


def production_copy(role: Identity, values: Values, aws: LocalAws) -> None:
    """Take a snapshot; copy the newest automated one to the key of shared copies, share it, delete both."""
    rds = role.client("rds")
    rds.describe_db_clusters(DBClusterIdentifier=SOURCE_CLUSTER)
    name = f"refresh-{values['env']}-{uuid4().hex[:12]}-shared-copy"
    own = name.replace("shared-copy", "snapshot")
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier=SOURCE_CLUSTER, DBClusterSnapshotIdentifier=own, Tags=_tags(values["env"])
    )
    aws.client("rds").get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=own, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    rds.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier=_automated(aws.client("rds"))[0],
        TargetDBClusterSnapshotIdentifier=name,
        KmsKeyId=values["share_key_arn"],
        Tags=_tags(values["env"]),
    )
    aws.client("rds").get_waiter("db_cluster_snapshot_available").wait(
        DBClusterSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=["444455556666"]
    )
    for made in (name, own):
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=made)


SCENARIOS: dict[str, Callable[[Identity, Values, LocalAws], None]] = {
    "developer": developer,
    "ci": ci,
    "mask": mask,
    "production-copy": production_copy,
}


def _tags(env: str) -> list[dict[str, str]]:
    return Ownership(env=env, flow_run_id=uuid4(), expires_at=datetime.now(UTC)).aws_tags()


def _automated(rds: Any) -> list[str]:
    found = rds.describe_db_cluster_snapshots(DBClusterIdentifier=SOURCE_CLUSTER, SnapshotType="automated")
    return [snapshot["DBClusterSnapshotIdentifier"] for snapshot in found["DBClusterSnapshots"]]
