"""Cluster snapshots: created, copied, shared, described and deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.localaws.backups import Backup, take_backup
from deployments.localaws.clusters import Cluster, ClusterSettings
from deployments.localaws.errors import fault, invalid_combination, invalid_value, snapshot_not_found
from deployments.localaws.region import Description, Parameters, Region, Tagged, filters_of, page

_DEFAULT_QUOTA = 100
_TYPES = ("automated", "manual", "shared", "public", "awsbackup")


class Snapshot(Tagged):
    """``settings`` are the cluster's as they were; ``backup`` is its data, there once ``status`` is available."""

    def __init__(
        self,
        region: Region,
        identifier: str,
        *,
        kind: str,
        settings: ClusterSettings,
        cluster_resource_id: str,
        kms_key_arn: str | None,
        tags: list[dict[str, str]] | None,
        source_arn: str | None = None,
    ) -> None:
        super().__init__(tags)
        self.region = region
        self.identifier = identifier
        self.kind = kind
        self.settings = settings
        self.cluster_resource_id = cluster_resource_id
        self.kms_key_arn = kms_key_arn
        self.source_arn = source_arn
        self.status = "creating"
        self.percent_progress = 0
        self.created_at = datetime.now(UTC)
        self.backup: Backup | None = None
        self.attributes: dict[str, list[str]] = {"restore": []}

    @property
    def arn(self) -> str:
        return self.region.arn("cluster-snapshot", self.identifier)

    def is_visible_to(self, account_id: str) -> bool:
        shared_with = self.attributes["restore"]
        return account_id == self.region.account_id or account_id in shared_with or "all" in shared_with

    def fill(self, backup: Backup) -> None:
        with self.region.host.jobs.lock:
            self.backup = backup
            self.percent_progress = 100

    def available_backup(self) -> Backup:
        """Its data, shared with the caller, who must release it; a fault if it isn't available."""
        with self.region.host.jobs.lock:
            if self.status != "available" or self.backup is None:
                raise fault(
                    "InvalidDBClusterSnapshotStateFault",
                    f"The snapshot {self.identifier} is not in the available state (it is {self.status}).",
                )
            return self.backup.share()

    def forget(self) -> None:
        with self.region.host.jobs.lock:
            if self.region.snapshots.get(self.identifier) is self:
                del self.region.snapshots[self.identifier]

    def dispose(self) -> None:
        """Let go of the data, which takes a while if there is much."""
        if self.backup is not None:
            self.backup.release()
            self.backup = None

    def describe(self) -> Description:
        settings = self.settings
        return {
            "AvailabilityZones": self.region.zones,
            "DBClusterSnapshotIdentifier": self.identifier,
            "DBClusterIdentifier": settings.identifier,
            "SnapshotCreateTime": self.created_at,
            "Engine": settings.engine,
            "EngineMode": "provisioned",
            "AllocatedStorage": 1,
            "Status": self.status,
            "Port": 0,
            "VpcId": settings.vpc_id,
            "ClusterCreateTime": settings.created_at,
            "MasterUsername": settings.master_username,
            "EngineVersion": settings.engine_version,
            "LicenseModel": "postgresql-license",
            "SnapshotType": self.kind,
            "PercentProgress": self.percent_progress,
            "StorageEncrypted": self.kms_key_arn is not None,
            "KmsKeyId": self.kms_key_arn,
            "BackupRetentionPeriod": settings.backup_retention_period,
            "DBClusterSnapshotArn": self.arn,
            "SourceDBClusterSnapshotArn": self.source_arn,
            "IAMDatabaseAuthenticationEnabled": settings.has_iam_authentication,
            "TagList": self.tags,
            "StorageType": "aurora",
            "DbClusterResourceId": self.cluster_resource_id,
        }


def create_snapshot(region: Region, parameters: Parameters) -> Description:
    cluster = region.cluster(parameters["DBClusterIdentifier"])
    with region.host.jobs.lock:
        snapshot = begin_snapshot(
            region,
            cluster,
            parameters["DBClusterSnapshotIdentifier"],
            kind="manual",
            tags=parameters.get("Tags"),
        )
        return {"DBClusterSnapshot": snapshot.describe()}


def begin_snapshot(
    region: Region,
    cluster: Cluster,
    identifier: str,
    *,
    kind: str,
    tags: list[dict[str, str]] | None,
) -> Snapshot:
    """Called with the lock held. The cluster is ``backing-up`` and the snapshot ``creating`` until it's taken."""
    if kind == "manual":
        identifier = region.check_identifier("DBClusterSnapshotIdentifier", identifier, longest=255)
        check_quota(region)
    check_is_new(region, identifier)
    cluster.check_available()
    snapshot = Snapshot(
        region,
        identifier,
        kind=kind,
        settings=cluster.copy_settings(),
        cluster_resource_id=cluster.resource_id,
        kms_key_arn=cluster.kms_key_arn,
        tags=tags if tags is not None else cluster.tags if cluster.copies_tags_to_snapshot else None,
    )
    region.snapshots[identifier] = snapshot
    ending = region.host.faults.take_ending("CreateDBClusterSnapshot") if kind == "manual" else None

    def work() -> None:
        with cluster.volume_lock:
            backup = take_backup(cluster.server, region.host.new_directory("b"))
        snapshot.fill(backup)
        if kind == "automated":
            cluster.automated_backup.backups.append(backup.share())

    _begin(snapshot, work, ending)
    region.host.jobs.change(cluster, "backing-up", lambda: _wait_for(snapshot))
    return snapshot


def _begin(snapshot: Snapshot, work: Callable[[], None], ending: str | None) -> None:
    jobs = snapshot.region.host.jobs
    jobs.change(snapshot, "creating", work, then=ending or "available")


def _wait_for(snapshot: Snapshot) -> None:
    snapshot.region.host.jobs.wait_until(lambda: snapshot.status != "creating")


def take_automated_snapshot(region: Region, cluster: Cluster) -> Snapshot:
    """What Aurora does once a day in the backup window. Called with the lock held."""
    moment = datetime.now(UTC)
    while (identifier := f"rds:{cluster.identifier}-{moment:%Y-%m-%d-%H-%M}") in region.snapshots:
        moment += timedelta(minutes=1)
    return begin_snapshot(region, cluster, identifier, kind="automated", tags=None)


def copy_snapshot(region: Region, parameters: Parameters) -> Description:
    source = region.snapshot(parameters["SourceDBClusterSnapshotIdentifier"])
    identifier = region.check_identifier(
        "TargetDBClusterSnapshotIdentifier", parameters["TargetDBClusterSnapshotIdentifier"], longest=255
    )
    with region.host.jobs.lock:
        check_is_new(region, identifier)
        check_quota(region)
        key = parameters.get("KmsKeyId")
        if source.kms_key_arn is None and key is not None:
            raise invalid_combination(
                "An unencrypted DB cluster snapshot can't be copied to an encrypted one."
            )
        if source.kms_key_arn is not None and source.region.account_id != region.account_id and key is None:
            raise invalid_combination(
                "KmsKeyId must be specified when copying an encrypted DB cluster snapshot of another account."
            )
        kms_key_arn = region.kms_key_arn(key) if key is not None else source.kms_key_arn
        tags = parameters.get("Tags")
        if not tags and parameters.get("CopyTags"):
            tags = source.tags
        backup = source.available_backup()
        copy = Snapshot(
            region,
            identifier,
            kind="manual",
            settings=source.settings,
            cluster_resource_id=source.cluster_resource_id,
            kms_key_arn=kms_key_arn,
            tags=tags,
            source_arn=source.arn,
        )
        region.snapshots[identifier] = copy
        _begin(copy, lambda: copy.fill(backup), region.host.faults.take_ending("CopyDBClusterSnapshot"))
        return {"DBClusterSnapshot": copy.describe()}


def delete_snapshot(region: Region, parameters: Parameters) -> Description:
    identifier = parameters["DBClusterSnapshotIdentifier"]
    with region.host.jobs.lock:
        snapshot = region.snapshot(identifier)
        if snapshot.region is not region:
            raise snapshot_not_found(identifier)
        if snapshot.kind != "manual" or snapshot.status not in ("available", "failed"):
            raise fault(
                "InvalidDBClusterSnapshotStateFault",
                f"Only manual snapshots that are available can be deleted: {identifier} is {snapshot.kind} and "
                f"{snapshot.status}.",
            )
        before = snapshot.describe()
        jobs = region.host.jobs
        seconds = max(region.host.faults.slow_delete_s, jobs.least_s)
        jobs.change(
            snapshot,
            "deleting",
            lambda: None,
            then=None,
            least_s=seconds,
            finish=snapshot.forget,
            dispose=snapshot.dispose,
        )
        return {"DBClusterSnapshot": before}


def describe_snapshots(region: Region, parameters: Parameters) -> Description:
    filters = filters_of(parameters, "db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine")
    identifier = parameters.get("DBClusterSnapshotIdentifier")
    kind = parameters.get("SnapshotType")
    if kind is not None and kind not in _TYPES:
        raise invalid_value(f"Invalid snapshot type: {kind}")
    found = list(region.snapshots.values())
    if kind in ("shared", "public") or parameters.get("IncludeShared") or parameters.get("IncludePublic"):
        shared = _shared_with(region, with_everyone=kind == "public" or bool(parameters.get("IncludePublic")))
        found = shared if kind in ("shared", "public") else found + shared
    elif kind is not None:
        found = [snapshot for snapshot in found if snapshot.kind == kind]
    if identifier is not None:
        found = [
            snapshot
            for snapshot in found
            if identifier.lower() in (snapshot.identifier, snapshot.arn.lower())
        ]
        if not found:
            raise snapshot_not_found(identifier)
    conditions: list[tuple[list[str] | None, Callable[[Snapshot], set[str]]]] = [
        (_one(parameters.get("DBClusterIdentifier")), _cluster_names),
        (_one(parameters.get("DbClusterResourceId")), lambda snapshot: {snapshot.cluster_resource_id}),
        (filters.get("db-cluster-id"), _cluster_names),
        (filters.get("db-cluster-snapshot-id"), lambda snapshot: {snapshot.identifier, snapshot.arn}),
        (filters.get("snapshot-type"), lambda snapshot: {snapshot.kind}),
        (filters.get("engine"), lambda snapshot: {snapshot.settings.engine}),
    ]
    for wanted, names in conditions:
        if wanted is not None:
            lowered = {value.lower() for value in wanted}
            found = [snapshot for snapshot in found if lowered & {name.lower() for name in names(snapshot)}]
    return page([_seen_from(region, snapshot) for snapshot in found], parameters, "DBClusterSnapshots")


def _seen_from(region: Region, snapshot: Snapshot) -> Description:
    """In another account's list a shared snapshot stands by its ARN."""
    description = snapshot.describe()
    if snapshot.region.account_id != region.account_id:
        description |= {"DBClusterSnapshotIdentifier": snapshot.arn, "SnapshotType": "shared", "TagList": []}
    return description


def _one(value: str | None) -> list[str] | None:
    return None if value is None else [value]


def _cluster_names(snapshot: Snapshot) -> set[str]:
    return {snapshot.settings.identifier, snapshot.region.arn("cluster", snapshot.settings.identifier)}


def _shared_with(region: Region, *, with_everyone: bool) -> list[Snapshot]:
    shared = []
    for owner in region.all_of_same_name():
        for snapshot in owner.snapshots.values():
            allowed = snapshot.attributes["restore"]
            if owner is not region and (region.account_id in allowed or (with_everyone and "all" in allowed)):
                shared.append(snapshot)
    return shared


def describe_attributes(region: Region, parameters: Parameters) -> Description:
    snapshot = region.snapshot(parameters["DBClusterSnapshotIdentifier"])
    return _attributes(snapshot)


def modify_attribute(region: Region, parameters: Parameters) -> Description:
    """Share a manual snapshot with other accounts, or no longer."""
    snapshot = region.snapshot(parameters["DBClusterSnapshotIdentifier"])
    if snapshot.region is not region:
        raise snapshot_not_found(parameters["DBClusterSnapshotIdentifier"])
    if parameters["AttributeName"] != "restore":
        raise invalid_value(f"Invalid snapshot attribute {parameters['AttributeName']}")
    if snapshot.kind != "manual":
        raise fault("InvalidDBClusterSnapshotStateFault", "automated snapshots cannot be modified.")
    added = list(parameters.get("ValuesToAdd") or [])
    if added and snapshot.kms_key_arn is not None and region.is_default_kms_key(snapshot.kms_key_arn):
        raise fault(
            "InvalidDBClusterSnapshotStateFault",
            "A snapshot encrypted with the default KMS key of RDS cannot be shared.",
        )
    if "all" in added and snapshot.kms_key_arn is not None:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/share-encrypted-snapshot.html
        raise fault("InvalidDBClusterSnapshotStateFault", "An encrypted snapshot cannot be shared as public.")
    removed = set(parameters.get("ValuesToRemove") or [])
    kept = [value for value in snapshot.attributes["restore"] if value not in removed]
    snapshot.attributes["restore"] = [*kept, *(value for value in added if value not in kept)]
    if len(snapshot.attributes["restore"]) > 20:
        raise fault("SharedSnapshotQuotaExceededFault", "A snapshot can be shared with at most 20 accounts.")
    return _attributes(snapshot)


def _attributes(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "DBClusterSnapshotAttributesResult": {
            "DBClusterSnapshotIdentifier": snapshot.identifier,
            "DBClusterSnapshotAttributes": [
                {"AttributeName": name, "AttributeValues": values}
                for name, values in snapshot.attributes.items()
            ],
        }
    }


def check_is_new(region: Region, identifier: str) -> None:
    if identifier in region.snapshots:
        raise fault(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the snapshot because a snapshot with the identifier {identifier} already exists.",
        )


def check_quota(region: Region) -> None:
    limit = region.host.faults.limit_of("manual-snapshots", _DEFAULT_QUOTA)
    if sum(snapshot.kind == "manual" for snapshot in region.snapshots.values()) >= limit:
        raise fault("SnapshotQuotaExceededFault", f"Cannot create more than {limit} manual snapshots.")
