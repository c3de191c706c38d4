"""Looking at clusters, instances and snapshots: None where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from prefect_aws import AwsCredentials

from contracts.errors import AwsError
from tasks.aurora.statuses import outlook
from tasks.aws import aws_errors, client, has_code
from tasks.waiting import wait_for

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import DBClusterSnapshotTypeDef, DBClusterTypeDef, DBInstanceTypeDef


def describe_cluster(credentials: AwsCredentials, identifier: str) -> DBClusterTypeDef | None:
    with aws_errors(f"cluster {identifier}", doing="describing it"):
        try:
            return client(credentials, "rds").describe_db_clusters(DBClusterIdentifier=identifier)[
                "DBClusters"
            ][0]
        except ClientError as error:
            if has_code(error, "DBClusterNotFoundFault"):
                return None
            raise


def describe_instance(credentials: AwsCredentials, identifier: str) -> DBInstanceTypeDef | None:
    with aws_errors(f"instance {identifier}", doing="describing it"):
        try:
            return client(credentials, "rds").describe_db_instances(DBInstanceIdentifier=identifier)[
                "DBInstances"
            ][0]
        except ClientError as error:
            if has_code(error, "DBInstanceNotFound"):
                return None
            raise


def describe_snapshot(credentials: AwsCredentials, identifier: str) -> DBClusterSnapshotTypeDef | None:
    """A DB cluster snapshot by identifier or ARN."""
    with aws_errors(f"cluster snapshot {identifier}", doing="describing it"):
        try:
            found = client(credentials, "rds").describe_db_cluster_snapshots(
                DBClusterSnapshotIdentifier=identifier
            )
        except ClientError as error:
            if has_code(error, "DBClusterSnapshotNotFoundFault"):
                return None
            raise
        return found["DBClusterSnapshots"][0] if found["DBClusterSnapshots"] else None


def wait_until_available(kind: str, identifier: str, look: Any, *, timeout_s: float) -> Any:
    """The description of a cluster, instance or snapshot once its status is ``available``.

    Raises:
        AwsError: it vanished, or its status can't become good any more.
        WaitTimedOut: after ``timeout_s``; AWS's own waiters give up after ten minutes, which is too early.
    """
    resource = f"{kind} {identifier}"

    def available() -> Any:
        found = look()
        status = found["Status" if "Status" in found else "DBInstanceStatus"] if found else "gone"
        match outlook(status) if found else "hopeless":
            case "ready":
                return found
            case "hopeless":
                raise AwsError(
                    f"its status is {status}, from which it can't become available",
                    resource=resource,
                    remedy="See its events in the RDS console, then start the refresh again.",
                )
        return None

    return wait_for(
        available,
        resource=resource,
        waiting_for="available",
        timeout_s=timeout_s,
        remedy="See its events in the RDS console; a large cluster may need a longer timeout.",
    )
