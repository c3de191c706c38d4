"""All that a refresh of any run made in AWS and that is still there, listed afresh.

Where production is an account of its own, nothing but snapshots is made there, and its role may list nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from prefect_aws import AwsCredentials

from blocks.refresh_environment import RefreshEnvironment
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


def find_in_rds(block: RefreshEnvironment) -> tuple[tuple[AwsCredentials, tuple[Found, ...]], ...]:
    """What is in the source's account, and what in the target's, each with what reaches it."""
    source, target = block.source_credentials, block.target_credentials
    is_apart = block.environment.source.share is not None
    in_source = find_snapshots(source) if is_apart else find_clones_and_snapshots(source)
    return (source, in_source), (target, find_clones_and_snapshots(target))


def find_in_aws(block: RefreshEnvironment) -> tuple[Found, ...]:
    """All of both accounts, secrets too. With one account for both, each is there twice."""
    found = [item for _, items in find_in_rds(block) for item in items]
    if block.environment.source.share is None:
        found += find_secrets(block.source_credentials)
    return (*found, *find_secrets(block.target_credentials))


def find_snapshots(credentials: AwsCredentials) -> tuple[Found, ...]:
    """Manual cluster snapshots with our tags or our kind of name."""
    pages = client(credentials, "rds").get_paginator("describe_db_cluster_snapshots")
    with aws_errors("RDS", doing="listing what refreshes made"):
        found = [
            Found(
                kind="cluster snapshot",
                identifier=snapshot["DBClusterSnapshotIdentifier"],
                ownership=ownership_of_aws_tags(snapshot.get("TagList", [])),  # type: ignore[arg-type]
            )
            for page in pages.paginate(SnapshotType="manual")
            for snapshot in page["DBClusterSnapshots"]
        ]
    return _ours(found)


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
        for backups in rds.get_paginator("describe_db_cluster_automated_backups").paginate():
            found += [
                Found(kind="automated backup", identifier=backup["DBClusterIdentifier"], ownership=None)
                for backup in backups["DBClusterAutomatedBackups"]
            ]
    return (*_ours(found), *find_snapshots(credentials))


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


def _ours(found: list[Found]) -> tuple[Found, ...]:
    return tuple(item for item in found if item.ownership or item.identifier.startswith(NAME_PREFIX))
