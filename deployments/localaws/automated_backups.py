"""Automated backups: what Aurora keeps by itself of each cluster, and of a deleted one where asked to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.localaws.backups import Backup
from deployments.localaws.errors import fault
from deployments.localaws.region import (
    Description,
    Parameters,
    Region,
    Tagged,
    filters_of,
    new_resource_id,
    page,
)
from deployments.localaws.run_directory import delete_tree

if TYPE_CHECKING:
    from deployments.localaws.clusters import Cluster


class AutomatedBackup(Tagged):
    """``wal`` holds the archived WAL of a deleted cluster that it was retained from."""

    def __init__(self, region: Region, cluster: Cluster, *, tags: list[dict[str, str]]) -> None:
        super().__init__(tags)
        self.region = region
        self.cluster = cluster
        self.identifier = new_resource_id("auto-backup").lower()
        self.backups: list[Backup] = []
        self.status = "active"
        self.wal: Path | None = None
        self.ended_at: datetime | None = None

    @property
    def arn(self) -> str:
        return self.region.arn("cluster-auto-backup", self.identifier)

    @property
    def earliest(self) -> datetime | None:
        if not self.backups:
            return None
        oldest_kept = datetime.now(UTC) - timedelta(days=self.cluster.backup_retention_period)
        return max(min(backup.taken_at for backup in self.backups), oldest_kept)

    @property
    def latest(self) -> datetime | None:
        if not self.backups:
            return None
        return self.ended_at or datetime.now(UTC)

    def delete(self) -> None:
        for backup in self.backups:
            backup.release()
        self.backups = []
        if self.wal is not None:
            delete_tree(self.wal)

    def describe(self) -> Description:
        cluster = self.cluster
        return {
            "Engine": cluster.engine,
            "VpcId": cluster.vpc_id,
            "DBClusterAutomatedBackupsArn": self.arn,
            "DBClusterIdentifier": cluster.identifier,
            "RestoreWindow": {"EarliestTime": self.earliest, "LatestTime": self.latest},
            "MasterUsername": cluster.master_username,
            "DbClusterResourceId": cluster.resource_id,
            "Region": self.region.name,
            "LicenseModel": "postgresql-license",
            "Status": self.status,
            "IAMDatabaseAuthenticationEnabled": cluster.has_iam_authentication,
            "ClusterCreateTime": cluster.created_at,
            "StorageEncrypted": cluster.kms_key_arn is not None,
            "AllocatedStorage": 1,
            "EngineVersion": cluster.engine_version,
            "DBClusterArn": cluster.arn,
            "BackupRetentionPeriod": cluster.backup_retention_period,
            "PreferredBackupWindow": cluster.preferred_backup_window,
            "EngineMode": "provisioned",
            "AvailabilityZones": self.region.zones,
            "Port": cluster.port,
            "KmsKeyId": cluster.kms_key_arn,
            "StorageType": "aurora",
            "TagList": self.tags,
        }


def describe_automated_backups(region: Region, parameters: Parameters) -> Description:
    filters = filters_of(parameters, "status", "db-cluster-id", "db-cluster-resource-id")
    found = []
    for backup in region.automated_backups.values():
        cluster = backup.cluster
        asked = (
            (parameters.get("DbClusterResourceId"), [cluster.resource_id]),
            (parameters.get("DBClusterIdentifier"), [cluster.identifier, cluster.arn]),
        )
        if any(wanted is not None and wanted not in names for wanted, names in asked):
            continue
        if backup.status not in filters.get("status", [backup.status]):
            continue
        if not {cluster.identifier, cluster.arn} & set(filters.get("db-cluster-id", [cluster.identifier])):
            continue
        if cluster.resource_id not in filters.get("db-cluster-resource-id", [cluster.resource_id]):
            continue
        found.append(backup.describe())
    if not found and parameters.get("DbClusterResourceId"):
        raise _not_found(parameters["DbClusterResourceId"])
    return page(found, parameters, "DBClusterAutomatedBackups")


def delete_automated_backup(region: Region, parameters: Parameters) -> Description:
    """Only one that was retained from a deleted cluster; its automated snapshots go with it."""
    identifier = parameters["DbClusterResourceId"]
    backup = region.automated_backups.get(identifier)
    if backup is None:
        raise _not_found(identifier)
    if backup.status != "retained":
        raise fault(
            "InvalidDBClusterAutomatedBackupStateFault",
            f"The automated backup of {identifier} is {backup.status}; only a retained one can be deleted.",
        )
    drop_automated_backup(region, backup)
    return {"DBClusterAutomatedBackup": {**backup.describe(), "Status": "deleting"}}


def drop_automated_backup(region: Region, backup: AutomatedBackup) -> None:
    resource_id = backup.cluster.resource_id
    with region.host.jobs.lock:
        region.automated_backups.pop(resource_id, None)
        dropped = [
            snapshot
            for snapshot in region.snapshots.values()
            if snapshot.kind == "automated" and snapshot.cluster_resource_id == resource_id
        ]
        for snapshot in dropped:
            snapshot.forget()
    for snapshot in dropped:
        snapshot.dispose()
    backup.delete()


def _not_found(identifier: str) -> Exception:
    return fault("DBClusterAutomatedBackupNotFoundFault", f"DBClusterAutomatedBackup {identifier} not found.")
