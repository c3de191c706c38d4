"""How a snapshot gets from production's account to the target's: copied, shared, copied there, and shared no longer.

The first and the last are done as the role of production's account that copies and shares, the copy in the target's
account as the task role, which may never share anything.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_CopyDBClusterSnapshot.CrossAccount.html
"""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.exceptions import ClientError
from prefect import get_run_logger, task
from prefect_aws import AwsCredentials

from contracts.environment import Environment, Share
from contracts.expiry import clone_ownership
from contracts.naming import Role, RunKey
from contracts.ownership import check_ours, ownership_of_aws_tags
from contracts.results import Snapshot
from contracts.sharing import can_be_shared_as_it_is
from tasks.aurora.describe import describe_snapshot, wait_until_available
from tasks.aurora.ensuring import ensure_exists
from tasks.aurora.removing import AwsResource, remove
from tasks.aurora.snapshots import SNAPSHOT_TIMEOUT_S, snapshot_of
from tasks.aws import aws_errors, client, has_code
from tasks.transient import REPEATABLE

# The snapshots in the source's account that may be shared while a run lasts.
SHAREABLE: tuple[Role, ...] = ("shared-copy", "snapshot")


@task(**REPEATABLE)
def share_snapshot(
    credentials: AwsCredentials, environment: Environment, run: RunKey, taken: Snapshot
) -> Snapshot:
    """Share ``taken``, or this run's copy of it under the share's key, and return what is shared."""
    share = share_of(environment)
    shared = taken
    if not can_be_shared_as_it_is(taken, share):
        shared = _copy(
            credentials, environment, run, source=taken, role="shared-copy", kms_key_id=share.kms_key_id
        )
    with aws_errors(f"cluster snapshot {shared.identifier}", doing=f"sharing it with {share.with_account}"):
        client(credentials, "rds").modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=shared.identifier,
            AttributeName="restore",
            ValuesToAdd=[share.with_account],
        )
    get_run_logger().info("Shared %s with account %s", shared.identifier, share.with_account)
    return shared


@task(**REPEATABLE)
def copy_shared_snapshot(
    credentials: AwsCredentials, environment: Environment, run: RunKey, shared: Snapshot
) -> Snapshot:
    """The copy in the target's account, under the clone's key, once it is available."""
    return _copy(
        credentials,
        environment,
        run,
        source=shared,
        role="copy",
        kms_key_id=environment.clone.kms_key_id,
    )


@task(**REPEATABLE)
def stop_sharing(credentials: AwsCredentials, environment: Environment, run: RunKey) -> None:
    """Nobody but its own account may use what the run shared, and the copy that was made for it is gone."""
    end_sharing(credentials, environment, run)
    remove(
        credentials,
        [AwsResource(kind="cluster snapshot", identifier=run.aws_identifier("shared-copy"))],
        may_delete=lambda ownership, resource: check_ours(ownership, run, resource=resource),
    )


def end_sharing(credentials: AwsCredentials, environment: Environment, run: RunKey) -> None:
    """Take the share's account off this run's snapshots; what isn't there, or isn't shared, is no error.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/share-snapshot-stop.html
    """
    share = share_of(environment)
    for identifier in map(run.aws_identifier, SHAREABLE):
        found = describe_snapshot(credentials, identifier)
        # Only what is available and under the share's key was ever shared.
        if found is None or found["Status"] != "available" or found.get("KmsKeyId") != share.kms_key_id:
            continue
        resource = f"cluster snapshot {identifier}"
        check_ours(ownership_of_aws_tags(found.get("TagList", [])), run, resource=resource)  # type: ignore[arg-type]
        with aws_errors(resource, doing=f"ending its sharing with {share.with_account}"):
            try:
                client(credentials, "rds").modify_db_cluster_snapshot_attribute(
                    DBClusterSnapshotIdentifier=identifier,
                    AttributeName="restore",
                    ValuesToRemove=[share.with_account],
                )
            except ClientError as error:
                if not has_code(error, "DBClusterSnapshotNotFoundFault"):
                    raise


def share_of(environment: Environment) -> Share:
    """The env's ``source.share``, which whoever calls this knows to be there."""
    assert environment.source.share is not None
    return environment.source.share


def _copy(
    credentials: AwsCredentials,
    environment: Environment,
    run: RunKey,
    *,
    source: Snapshot,
    role: Role,
    kms_key_id: str,
) -> Snapshot:
    """This run's copy of ``source``, once it is available; adopted where this run has begun it before."""
    identifier = run.aws_identifier(role)
    ownership = clone_ownership(environment, run, datetime.now(UTC))
    ensure_exists(
        lambda: describe_snapshot(credentials, identifier),
        lambda: client(credentials, "rds").copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=source.arn,
            TargetDBClusterSnapshotIdentifier=identifier,
            KmsKeyId=kms_key_id,
            CopyTags=False,
            Tags=ownership.aws_tags(),  # type: ignore[arg-type]
        ),
        resource=f"cluster snapshot {identifier}",
        already_exists="DBClusterSnapshotAlreadyExistsFault",
        ownership=ownership,
    )
    get_run_logger().info("Copying %s to %s", source.identifier, identifier)
    found = wait_until_available(
        "cluster snapshot",
        identifier,
        lambda: describe_snapshot(credentials, identifier),
        timeout_s=SNAPSHOT_TIMEOUT_S,
    )
    return snapshot_of(found, is_ours=True)
