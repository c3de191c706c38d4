"""The snapshot that a clone is restored from. Describe and create-snapshot are all that the source ever sees.

Where production is an account of its own, :mod:`tasks.aurora.sharing` brings it over.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from prefect import get_run_logger, task
from prefect_aws import AwsCredentials

from contracts.environment import Environment, Source
from contracts.errors import AwsError, PreconditionFailed
from contracts.expiry import snapshot_ownership
from contracts.naming import RunKey
from contracts.results import Snapshot
from tasks.aurora.describe import describe_cluster, describe_snapshot, wait_until_available
from tasks.aurora.ensuring import ensure_exists
from tasks.aurora.statuses import outlook
from tasks.aws import aws_errors, client
from tasks.transient import REPEATABLE
from tasks.waiting import wait_for

# Snapshots of large clusters take hours; AWS's own waiter gives up after some minutes.
SNAPSHOT_TIMEOUT_S = 6 * 3600.0
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
BUSY = "InvalidDBClusterState"


@task(**REPEATABLE)
def create_snapshot(credentials: AwsCredentials, environment: Environment, run: RunKey) -> str:
    """Begin this run's manual snapshot of the source and return its identifier; adopt one that this run began.

    While the source is being backed up, for another env's refresh or by AWS, RDS takes no second snapshot: that is
    waited for.
    """
    source = environment.source
    ownership = snapshot_ownership(environment, run, datetime.now(UTC))
    identifier = run.aws_identifier("snapshot")

    def begin() -> Literal[True] | None:
        try:
            ensure_exists(
                lambda: describe_snapshot(credentials, identifier),
                lambda: client(credentials, "rds").create_db_cluster_snapshot(
                    DBClusterIdentifier=source.cluster,
                    DBClusterSnapshotIdentifier=identifier,
                    Tags=ownership.aws_tags(),  # type: ignore[arg-type]
                ),
                resource=f"cluster snapshot {identifier}",
                already_exists="DBClusterSnapshotAlreadyExistsFault",
                ownership=ownership,
            )
        except AwsError as error:
            if error.code.removesuffix("Fault") != BUSY:
                raise
            found = describe_cluster(credentials, source.cluster)
            if found is None or outlook(found["Status"]) == "hopeless":
                raise
            return None
        return True

    wait_for(
        begin,
        resource=f"source cluster {source.cluster}",
        waiting_for="in a state in which a snapshot can be taken",
        timeout_s=SNAPSHOT_TIMEOUT_S,
        remedy="See what keeps it busy in the RDS console, then start the refresh again.",
    )
    get_run_logger().info("Snapshot %s of %s is under way", identifier, source.cluster)
    return identifier


@task(**REPEATABLE)
def wait_for_snapshot(credentials: AwsCredentials, identifier: str) -> Snapshot:
    """The run's own snapshot, once it is available."""
    found = wait_until_available(
        "cluster snapshot",
        identifier,
        lambda: describe_snapshot(credentials, identifier),
        timeout_s=SNAPSHOT_TIMEOUT_S,
    )
    return snapshot_of(found, is_ours=True)


@task(**REPEATABLE)
def latest_automated_snapshot(credentials: AwsCredentials, source: Source) -> Snapshot:
    """The newest available automated snapshot of the source: AWS's, so never deleted by us."""
    with aws_errors(f"source cluster {source.cluster}", doing="listing its automated snapshots"):
        pages = client(credentials, "rds").get_paginator("describe_db_cluster_snapshots")
        found = [
            snapshot
            for page in pages.paginate(DBClusterIdentifier=source.cluster, SnapshotType="automated")
            for snapshot in page["DBClusterSnapshots"]
            if snapshot["Status"] == "available"
        ]
    if not found:
        raise PreconditionFailed(
            "it has no available automated snapshot",
            resource=f"source cluster {source.cluster}",
            remedy="Give it a backup retention period, or refresh from a new snapshot.",
        )
    return snapshot_of(max(found, key=_created_at), is_ours=False)


@task(**REPEATABLE)
def named_snapshot(credentials: AwsCredentials, identifier: str) -> Snapshot:
    """An existing snapshot, by identifier or ARN: somebody else's, so never deleted by us."""
    found = describe_snapshot(credentials, identifier)
    if found is None or found["Status"] != "available":
        raise PreconditionFailed(
            "there is no available cluster snapshot of that name",
            resource=f"cluster snapshot {identifier}",
            remedy="Check its name, account and region; `new` and `latest-automated` need no name.",
        )
    return snapshot_of(found, is_ours=False, named=True)


@task(**REPEATABLE)
def check_source(credentials: AwsCredentials, source: Source) -> None:
    """The source exists and is Aurora PostgreSQL; describing it is all that this does."""
    found = describe_cluster(credentials, source.cluster)
    if found is None or found["Engine"] != "aurora-postgresql":
        raise PreconditionFailed(
            "there is no Aurora PostgreSQL cluster of that name",
            resource=f"source cluster {source.cluster}",
            remedy="Check `source` in the environment's file, its account and region.",
        )


def _created_at(snapshot: object) -> datetime:
    created_at = snapshot["SnapshotCreateTime"]  # type: ignore[index]
    assert isinstance(created_at, datetime)
    return created_at


def snapshot_of(found: object, *, is_ours: bool, named: bool = False) -> Snapshot:
    """What AWS's description of a snapshot says of it."""
    facts: dict[str, str] = found  # type: ignore[assignment]
    if facts["Engine"] != "aurora-postgresql":
        raise PreconditionFailed(
            f"it is a snapshot of {facts['Engine']}, not of aurora-postgresql",
            resource=f"cluster snapshot {facts['DBClusterSnapshotIdentifier']}",
            remedy="Name a snapshot of an Aurora PostgreSQL cluster.",
        )
    return Snapshot(
        arn=facts["DBClusterSnapshotArn"],
        identifier=facts["DBClusterSnapshotIdentifier"],
        kind="manual" if is_ours else "named" if named else "automated",
        engine_version=facts["EngineVersion"],
        master_username=facts["MasterUsername"],
        is_ours=is_ours,
        kms_key_id=facts.get("KmsKeyId") if found["StorageEncrypted"] else None,  # type: ignore[index]
    )
