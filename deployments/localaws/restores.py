"""New clusters from old data: from a snapshot, and to a point in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from deployments.localaws.automated_backups import AutomatedBackup
from deployments.localaws.backups import Backup, take_backup
from deployments.localaws.cluster_actions import keep_first_backup, new_cluster
from deployments.localaws.clusters import Cluster
from deployments.localaws.engine_versions import ENGINE, check_minor_version
from deployments.localaws.errors import cluster_not_found, fault, invalid_combination, invalid_value
from deployments.localaws.point_in_time import (
    archive_directory,
    archive_settings,
    push_archive,
    restore_to_time,
)
from deployments.localaws.region import Description, Parameters, Region


def restore_from_snapshot(region: Region, parameters: Parameters) -> Description:
    """What the call doesn't name takes its default, not the source cluster's value: groups, tags, exports, roles."""
    if parameters.get("Engine") not in (None, ENGINE):
        raise invalid_value(f"Local AWS has clusters of {ENGINE} only")
    with region.host.jobs.lock:
        snapshot = region.snapshot(parameters["SnapshotIdentifier"])
        settings = snapshot.settings
        key = parameters.get("KmsKeyId")
        kms_key_arn = region.kms_key_arn(key) if key is not None else snapshot.kms_key_arn
        engine_version = settings.engine_version
        if parameters.get("EngineVersion"):
            engine_version = check_minor_version(parameters["EngineVersion"], engine_version)
        backup = snapshot.available_backup()
        try:
            cluster = new_cluster(
                region,
                parameters,
                engine_version=engine_version,
                master_username=settings.master_username,
                database_name=settings.database_name,
                kms_key_arn=kms_key_arn,
                backup_retention_period=settings.backup_retention_period,
            )
        except BaseException:
            backup.release()
            raise

        def fill() -> Backup:
            backup.restore(cluster.server)
            return backup

        return _begin(cluster, fill, "RestoreDBClusterFromSnapshot")


def restore_to_point_in_time(region: Region, parameters: Parameters) -> Description:
    kind = parameters.get("RestoreType") or "full-copy"
    moment: datetime | None = parameters.get("RestoreToTime")
    is_latest = bool(parameters.get("UseLatestRestorableTime"))
    if kind not in ("full-copy", "copy-on-write"):
        raise invalid_value(f"RestoreType must be full-copy or copy-on-write, not {kind}")
    if moment is not None and (is_latest or kind == "copy-on-write"):
        raise invalid_combination(
            "RestoreToTime can't be specified with UseLatestRestorableTime or with RestoreType copy-on-write"
        )
    if moment is None and not is_latest:
        raise invalid_combination("Either RestoreToTime or UseLatestRestorableTime must be specified")
    with region.host.jobs.lock:
        source = _source(region, parameters)
        origin = source.cluster
        if source.status == "active":
            origin.check_available()
        if moment is not None:
            moment = _check_moment(moment, source)
        key = parameters.get("KmsKeyId")
        cluster = new_cluster(
            region,
            parameters,
            engine_version=origin.engine_version,
            master_username=origin.master_username,
            database_name=origin.database_name,
            kms_key_arn=region.kms_key_arn(key) if key is not None else origin.kms_key_arn,
            backup_retention_period=origin.backup_retention_period,
            clone_group_id=origin.clone_group_id if kind == "copy-on-write" else None,
        )
        if source.status == "active" and is_latest:
            return _begin(cluster, lambda: _copy_now(origin, cluster), "RestoreDBClusterToPointInTime")
        at = moment or source.latest or datetime.now(UTC)
        return _begin(cluster, lambda: _replay(source, cluster, at), "RestoreDBClusterToPointInTime")


def _source(region: Region, parameters: Parameters) -> AutomatedBackup:
    """Of a cluster by name or ARN, or, also after its deletion, by its resource id."""
    if identifier := parameters.get("SourceDBClusterIdentifier"):
        return region.cluster(identifier).automated_backup
    resource_id = parameters.get("SourceDbClusterResourceId")
    if not resource_id:
        raise invalid_combination("SourceDBClusterIdentifier or SourceDbClusterResourceId must be specified")
    if resource_id not in region.automated_backups:
        raise cluster_not_found(resource_id)
    return region.automated_backups[resource_id]


def _check_moment(moment: datetime, source: AutomatedBackup) -> datetime:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if source.earliest is None or source.latest is None or not source.earliest <= moment <= source.latest:
        raise fault(
            "InvalidRestoreFault",
            f"The time {moment.isoformat()} is outside of {source.earliest} to {source.latest}, the restorable times.",
        )
    return moment


def _copy_now(origin: Cluster, cluster: Cluster) -> Backup:
    with origin.volume_lock:
        backup = take_backup(origin.server, origin.region.host.new_directory("b"))
    backup.restore(cluster.server)
    return backup


def _replay(source: AutomatedBackup, cluster: Cluster, at: datetime) -> Backup:
    origin = source.cluster
    if source.wal is None:
        with origin.volume_lock:
            _push(origin)
    with origin.volume_lock:
        restore_to_time(
            cluster.server,
            archive=source.wal or archive_directory(origin.server),
            backups=source.backups,
            at=at,
            wait=cluster.region.host.jobs.wait,
        )
    return take_backup(cluster.server, cluster.region.host.new_directory("b"))


def _push(origin: Cluster) -> None:
    if origin.server.is_running:
        push_archive(origin.server)
        return
    origin.server.settings = archive_settings(origin.server)
    origin.server.start(tcp=False)
    try:
        push_archive(origin.server)
    finally:
        origin.server.stop()


def _begin(cluster: Cluster, fill: Callable[[], Backup], action: str) -> Description:
    """``fill`` gives the cluster its data, and returns the backup that is its first automated one."""
    host = cluster.region.host

    def work() -> None:
        with cluster.volume_lock:
            keep_first_backup(cluster, fill())

    host.jobs.change(cluster, "creating", work, then=host.faults.take_ending(action) or "available")
    return {"DBCluster": cluster.describe()}
