"""Taking away what a refresh made: by its exact identifier, and only with its tags on it.

Delete means: not found is success. A busy resource is asked again until a deadline, since AWS refuses to delete what
is still being created, and a cluster takes minutes to go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError
from prefect_aws import AwsCredentials

from contracts.errors import CleanupIncomplete, RefreshError
from contracts.ownership import Ownership, ownership_of_aws_tags
from tasks.aurora.describe import describe_cluster, describe_instance, describe_snapshot
from tasks.aws import aws_errors, client, has_code
from tasks.waiting import polls

AwsKind = Literal["instance", "cluster", "cluster snapshot"]

# A live delete took 12 minutes with dozens of refusals; an hour leaves room for a large cluster.
REMOVAL_TIMEOUT_S = 3600.0

_BUSY = ("InvalidDBClusterStateFault", "InvalidDBInstanceState", "InvalidDBClusterSnapshotStateFault")
_GONE = ("DBClusterNotFoundFault", "DBInstanceNotFound", "DBClusterSnapshotNotFoundFault")


@dataclass(frozen=True, kw_only=True)
class AwsResource:
    """Something that a refresh may have made in RDS."""

    kind: AwsKind
    identifier: str

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier}"

    @property
    def command(self) -> str:
        """What somebody types to delete it by hand."""
        match self.kind:
            case "instance":
                return f"aws rds delete-db-instance --db-instance-identifier {self.identifier} --skip-final-snapshot"
            case "cluster":
                return (
                    f"aws rds delete-db-cluster --db-cluster-identifier {self.identifier}"
                    " --skip-final-snapshot --delete-automated-backups"
                )
            case "cluster snapshot":
                return (
                    f"aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {self.identifier}"
                )


def remove(
    credentials: AwsCredentials,
    resources: Sequence[AwsResource],
    *,
    may_delete: Callable[[Ownership | None, str], object],
    timeout_s: float = REMOVAL_TIMEOUT_S,
) -> None:
    """Delete all of ``resources`` and return when they are gone.

    Args:
        may_delete: called with what a resource's tags say and its description, before each deletion; raises
            :class:`contracts.errors.NotOurs` where it must stay.

    Raises:
        CleanupIncomplete: some are still there; each with the command that deletes it.
    """
    deadline = time.monotonic() + timeout_s
    remaining = list(resources)
    refused: dict[AwsResource, RefreshError] = {}
    held: list[AwsResource] = []
    for pause_s in polls():
        still_there = []
        for resource in remaining:
            try:
                if not _is_gone(credentials, resource, may_delete):
                    still_there.append(resource)
            except RefreshError as error:
                if error.is_transient:
                    still_there.append(resource)
                else:
                    refused[resource] = error
        held += [resource for resource in still_there if is_held(resource, refused)]
        remaining = [resource for resource in still_there if resource not in held]
        if not remaining or time.monotonic() + pause_s > deadline:
            break
        time.sleep(pause_s)
    if remaining or refused:
        reasons = [str(error) for error in refused.values()]
        commands = [resource.command for resource in [*remaining, *held]]
        raise CleanupIncomplete(
            leftovers=tuple(str(resource) for resource in [*remaining, *held, *refused]),
            remedy=" ".join([*reasons, *(f"Delete by hand: {command}." for command in commands)])
            or "The janitor tries again.",
        )


def is_held(resource: AwsResource, refused: Collection[AwsResource]) -> bool:
    """Whether it is a cluster whose instance may not be deleted: AWS calls it busy for as long as anybody waits."""
    return resource.kind == "cluster" and any(
        other.kind == "instance" and other.identifier.startswith(f"{resource.identifier}-")
        for other in refused
    )


def _is_gone(
    credentials: AwsCredentials, resource: AwsResource, may_delete: Callable[[Ownership | None, str], object]
) -> bool:
    found = _describe(credentials, resource)
    if found is None:
        return True
    may_delete(ownership_of_aws_tags(found.get("TagList", [])), str(resource))
    status = found.get("Status") or found.get("DBInstanceStatus")
    if status != "deleting":
        _request_deletion(credentials, resource)
        return _describe(credentials, resource) is None
    return False


def _describe(credentials: AwsCredentials, resource: AwsResource) -> Any:
    match resource.kind:
        case "instance":
            return describe_instance(credentials, resource.identifier)
        case "cluster":
            return describe_cluster(credentials, resource.identifier)
        case "cluster snapshot":
            return describe_snapshot(credentials, resource.identifier)


def _request_deletion(credentials: AwsCredentials, resource: AwsResource) -> None:
    rds = client(credentials, "rds")
    with aws_errors(str(resource), doing="deleting it", remedy=f"Delete it by hand: {resource.command}"):
        try:
            match resource.kind:
                case "instance":
                    rds.delete_db_instance(
                        DBInstanceIdentifier=resource.identifier,
                        SkipFinalSnapshot=True,
                        DeleteAutomatedBackups=True,
                    )
                case "cluster":
                    rds.delete_db_cluster(
                        DBClusterIdentifier=resource.identifier,
                        SkipFinalSnapshot=True,
                        DeleteAutomatedBackups=True,
                    )
                case "cluster snapshot":
                    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=resource.identifier)
        except ClientError as error:
            if not has_code(error, *_BUSY, *_GONE):
                raise
