"""All that a refresh of any run made in AWS and that is still there, listed afresh."""

from __future__ import annotations

from dataclasses import dataclass

from prefect_aws import AwsCredentials

from contracts.ownership import MANAGED_BY, TAG_MANAGED_BY, Ownership, ownership_of_aws_tags
from tasks.aws import aws_errors, client

# Automated backups and secrets pending deletion outlive their tags or carry none: known by our identifiers' beginning.
NAME_PREFIX = "refresh-"


@dataclass(frozen=True, kw_only=True)
class Found:
    """``ownership`` is None where only the name says that it may be ours: listed, never deleted by that."""

    kind: str
    identifier: str
    ownership: Ownership | None


def find_clones_and_snapshots(credentials: AwsCredentials) -> tuple[Found, ...]:
    """Instances, clusters, manual cluster snapshots and automated backups, with our tags or our kind of name."""
    rds = client(credentials, "rds")
    found: list[Found] = []
    with aws_errors("RDS", doing="listing what refreshes made"):
        for instances in rds.get_paginator("describe_db_instances").paginate():
            found += [
                Found(
                    kind="instance",
                    identifier=instance["DBInstanceIdentifier"],
                    ownership=ownership_of_aws_tags(instance.get("TagList", [])),  # type: ignore[arg-type]
                )
                for instance in instances["DBInstances"]
            ]
        for clusters in rds.get_paginator("describe_db_clusters").paginate():
            found += [
                Found(
                    kind="cluster",
                    identifier=cluster["DBClusterIdentifier"],
                    ownership=ownership_of_aws_tags(cluster.get("TagList", [])),  # type: ignore[arg-type]
                )
                for cluster in clusters["DBClusters"]
            ]
        for snapshots in rds.get_paginator("describe_db_cluster_snapshots").paginate(SnapshotType="manual"):
            found += [
                Found(
                    kind="cluster snapshot",
                    identifier=snapshot["DBClusterSnapshotIdentifier"],
                    ownership=ownership_of_aws_tags(snapshot.get("TagList", [])),  # type: ignore[arg-type]
                )
                for snapshot in snapshots["DBClusterSnapshots"]
            ]
        for backups in rds.get_paginator("describe_db_cluster_automated_backups").paginate():
            found += [
                Found(kind="automated backup", identifier=backup["DBClusterIdentifier"], ownership=None)
                for backup in backups["DBClusterAutomatedBackups"]
            ]
    return tuple(item for item in found if item.ownership or item.identifier.startswith(NAME_PREFIX))


def find_secrets(credentials: AwsCredentials) -> tuple[Found, ...]:
    """One-run secrets, those pending deletion too."""
    pages = client(credentials, "secretsmanager").get_paginator("list_secrets")
    with aws_errors("Secrets Manager", doing="listing what refreshes made"):
        listed = [
            secret for page in pages.paginate(IncludePlannedDeletion=True) for secret in page["SecretList"]
        ]
    found = []
    for secret in listed:
        tags = {tag.get("Key", ""): tag.get("Value", "") for tag in secret.get("Tags", [])}
        is_one_run = secret["Name"].startswith(NAME_PREFIX) and secret["Name"].endswith("-clone-master")
        if is_one_run or tags.get(TAG_MANAGED_BY) == MANAGED_BY:
            ownership = ownership_of_aws_tags(secret.get("Tags", []))  # type: ignore[arg-type]
            found.append(Found(kind="secret", identifier=secret["Name"], ownership=ownership))
    return tuple(found)
