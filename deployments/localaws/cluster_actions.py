"""The calls that create, describe, modify, stop, start and delete clusters."""

from __future__ import annotations

from typing import Any

from deployments.localaws.automated_backups import drop_automated_backup
from deployments.localaws.backups import Backup, take_backup
from deployments.localaws.clusters import Cluster, ManagedSecret
from deployments.localaws.engine_versions import ENGINE, check_minor_version, family_of, resolve_version
from deployments.localaws.errors import cluster_not_found, fault, invalid_combination, invalid_value
from deployments.localaws.master_user import (
    activate_secret,
    check_password,
    check_username,
    new_password,
    reset_password,
)
from deployments.localaws.point_in_time import archive_directory, archive_settings
from deployments.localaws.region import Description, Parameters, Region, filters_of, page
from deployments.localaws.snapshots import Snapshot, begin_snapshot, check_is_new, check_quota

_DEFAULT_QUOTA = 40
#: Parameters that aren't just kept and repeated by describe calls.
_NOT_OPTIONS = (
    "DBClusterIdentifier", "Engine", "EngineVersion", "MasterUsername", "MasterUserPassword", "DatabaseName",
    "KmsKeyId", "StorageEncrypted", "DBClusterParameterGroupName", "DBSubnetGroupName", "VpcSecurityGroupIds",
    "BackupRetentionPeriod", "Tags", "Port", "ManageMasterUserPassword", "MasterUserSecretKmsKeyId",
    "SnapshotIdentifier", "SourceDBClusterIdentifier", "SourceDbClusterResourceId", "RestoreType", "RestoreToTime",
    "UseLatestRestorableTime", "ApplyImmediately", "NewDBClusterIdentifier", "CloudwatchLogsExportConfiguration",
    "RotateMasterUserPassword", "AllowMajorVersionUpgrade", "DBInstanceParameterGroupName", "AvailabilityZones",
)  # fmt: skip


def create_cluster(region: Region, parameters: Parameters) -> Description:
    if parameters.get("Engine") != ENGINE:
        raise invalid_value(f"Local AWS has clusters of {ENGINE} only, not of {parameters.get('Engine')}")
    is_managed = bool(parameters.get("ManageMasterUserPassword"))
    password = parameters.get("MasterUserPassword")
    username = check_username(parameters.get("MasterUsername"))
    if is_managed and password is not None:
        raise invalid_combination(
            "MasterUserPassword can't be specified when ManageMasterUserPassword is enabled."
        )
    if not is_managed:
        check_password(password)
    with region.host.jobs.lock:
        kms_key_arn = None
        if parameters.get("StorageEncrypted") or parameters.get("KmsKeyId"):
            kms_key_arn = region.kms_key_arn(parameters.get("KmsKeyId"))
        cluster = new_cluster(
            region,
            parameters,
            engine_version=resolve_version(parameters.get("EngineVersion")),
            master_username=username,
            database_name=parameters.get("DatabaseName"),
            kms_key_arn=kms_key_arn,
            backup_retention_period=1,
        )
        if is_managed:
            cluster.secret = ManagedSecret(cluster, parameters.get("MasterUserSecretKmsKeyId"))
            password = cluster.secret.password
        ending = region.host.faults.take_ending("CreateDBCluster")

        def work() -> None:
            server = cluster.server
            with cluster.volume_lock:
                server.initialize()
                server.settings = archive_settings(server)
                server.start(tcp=False)
                server.create_master(username, str(password))
                if cluster.database_name:
                    server.create_database(cluster.database_name, owner=username)
                server.stop()
                keep_first_backup(cluster, take_backup(server, region.host.new_directory("b")))

        region.host.jobs.change(
            cluster, "creating", work, then=ending or "available", finish=lambda: activate_secret(cluster)
        )
        return {"DBCluster": cluster.describe()}


def new_cluster(
    region: Region,
    parameters: Parameters,
    *,
    engine_version: str,
    master_username: str,
    database_name: str | None,
    kms_key_arn: str | None,
    backup_retention_period: int,
    clone_group_id: str | None = None,
) -> Cluster:
    """Check what create and the restores have in common, and register the cluster. Called with the lock held."""
    identifier = region.check_identifier("DBClusterIdentifier", parameters["DBClusterIdentifier"])
    if identifier in region.clusters:
        raise fault("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {identifier}")
    limit = region.host.faults.limit_of("clusters", _DEFAULT_QUOTA)
    if len(region.clusters) >= limit:
        raise fault("DBClusterQuotaExceededFault", f"DB cluster quota exceeded: {limit}")
    storage_gib = region.host.faults.limit_of("storage", 100_000)
    if len(region.clusters) + 1 > storage_gib:
        raise fault("StorageQuotaExceededFault", f"Storage quota exceeded: {storage_gib} GiB")
    check_scaling(parameters.get("ServerlessV2ScalingConfiguration"))
    if parameters.get("EnableInternetAccessGateway") and not parameters.get(
        "EnableIAMDatabaseAuthentication"
    ):
        raise invalid_combination("EnableInternetAccessGateway requires EnableIAMDatabaseAuthentication.")
    subnet_group = region.subnet_group(parameters.get("DBSubnetGroupName") or "default")
    cluster = Cluster(
        region,
        identifier,
        engine_version=engine_version,
        master_username=master_username,
        database_name=database_name,
        kms_key_arn=kms_key_arn,
        parameter_group=region.check_parameter_group(
            parameters.get("DBClusterParameterGroupName") or f"default.{family_of(engine_version)}",
            engine_version,
        ),
        subnet_group=subnet_group,
        security_groups=region.check_security_groups(parameters.get("VpcSecurityGroupIds"), subnet_group),
        backup_retention_period=check_retention(
            parameters.get("BackupRetentionPeriod"), otherwise=backup_retention_period
        ),
        options={name: value for name, value in parameters.items() if name not in _NOT_OPTIONS},
        tags=parameters.get("Tags"),
        clone_group_id=clone_group_id,
    )
    region.clusters[identifier] = cluster
    region.automated_backups[cluster.resource_id] = cluster.automated_backup
    return cluster


def keep_first_backup(cluster: Cluster, backup: Backup) -> None:
    """Make ``backup`` the first automated snapshot, where a point-in-time restore can begin."""
    host = cluster.region.host
    cluster.automated_backup.backups.append(backup)
    snapshot = Snapshot(
        cluster.region,
        f"rds:{cluster.identifier}-{backup.taken_at:%Y-%m-%d-%H-%M}",
        kind="automated",
        settings=cluster.copy_settings(),
        cluster_resource_id=cluster.resource_id,
        kms_key_arn=cluster.kms_key_arn,
        tags=cluster.tags if cluster.copies_tags_to_snapshot else None,
    )
    snapshot.fill(backup.share())
    with host.jobs.lock:
        snapshot.status = "available"
        namesake = cluster.region.snapshots.get(snapshot.identifier)  # of one deleted this very minute
        cluster.region.snapshots[snapshot.identifier] = snapshot
    if namesake is not None:
        namesake.dispose()


def describe_clusters(region: Region, parameters: Parameters) -> Description:
    filters = filters_of(
        parameters, "clone-group-id", "db-cluster-id", "db-cluster-resource-id", "domain", "engine"
    )
    found = list(region.clusters.values())
    if identifier := parameters.get("DBClusterIdentifier"):
        found = [
            cluster for cluster in found if identifier.lower() in (cluster.identifier, cluster.arn.lower())
        ]
        if not found:
            raise cluster_not_found(identifier)
    names: dict[str, Any] = {
        "clone-group-id": lambda cluster: {cluster.clone_group_id},
        "db-cluster-id": lambda cluster: {cluster.identifier, cluster.arn},
        "db-cluster-resource-id": lambda cluster: {cluster.resource_id},
        "domain": lambda _: set(),
        "engine": lambda cluster: {cluster.engine},
    }
    for name, wanted in filters.items():
        found = [cluster for cluster in found if set(wanted) & names[name](cluster)]
    return page([cluster.describe() for cluster in found], parameters, "DBClusters")


def modify_cluster(region: Region, parameters: Parameters) -> Description:
    """All is checked before anything changes. A new password is set some time *after* this has answered."""
    with region.host.jobs.lock:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        cluster.check_available()
        changed = {
            name: value
            for name, value in parameters.items()
            # The Data API of a Serverless v2 cluster is switched by calls of its own.
            if name not in (*_NOT_OPTIONS, "EnableHttpEndpoint") and value is not None
        }
        check_scaling(changed.get("ServerlessV2ScalingConfiguration"))
        retention = check_retention(
            parameters.get("BackupRetentionPeriod"), otherwise=cluster.backup_retention_period
        )
        group = parameters.get("DBClusterParameterGroupName")
        if group is not None:
            group = region.check_parameter_group(group, cluster.engine_version)
        security_groups = cluster.security_groups
        if parameters.get("VpcSecurityGroupIds"):
            security_groups = region.check_security_groups(
                parameters["VpcSecurityGroupIds"], cluster.subnet_group
            )
        engine_version = cluster.engine_version
        if parameters.get("EngineVersion"):
            engine_version = check_minor_version(parameters["EngineVersion"], engine_version)
        new_identifier = _check_new_identifier(region, parameters.get("NewDBClusterIdentifier"))
        password = new_password(cluster, parameters)

        cluster.engine_version = engine_version
        if new_identifier is not None:
            del region.clusters[cluster.identifier]
            cluster.identifier = new_identifier
            region.clusters[new_identifier] = cluster
        if group is not None and group != cluster.parameter_group:
            cluster.parameter_group = group
            for member in cluster.members:
                member.parameter_status = "pending-reboot"
        is_visible_change = bool(changed) or group is not None or retention != cluster.backup_retention_period
        cluster.security_groups = security_groups
        cluster.backup_retention_period = retention
        had_iam_authentication = cluster.has_iam_authentication
        cluster.options |= changed
        _change_log_exports(cluster, parameters.get("CloudwatchLogsExportConfiguration"))
        if password is not None:
            cluster.pending["MasterUserPassword"] = "****"
            region.host.jobs.start(lambda: reset_password(cluster, password))
        answer = cluster.describe()  # still available: the status changes a moment later
        if is_visible_change:
            is_switched = cluster.has_iam_authentication != had_iam_authentication
            region.host.jobs.change(
                cluster, "modifying", cluster.switch_iam_authentication if is_switched else lambda: None
            )
        return {"DBCluster": answer}


def _check_new_identifier(region: Region, identifier: str | None) -> str | None:
    if identifier is None:
        return None
    identifier = region.check_identifier("NewDBClusterIdentifier", identifier)
    if identifier in region.clusters:
        raise fault("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {identifier}")
    return identifier


def _change_log_exports(cluster: Cluster, configuration: dict[str, list[str]] | None) -> None:
    if configuration is None:
        return
    kept = set(cluster.options.get("EnableCloudwatchLogsExports") or [])
    kept |= set(configuration.get("EnableLogTypes") or [])
    kept -= set(configuration.get("DisableLogTypes") or [])
    cluster.options["EnableCloudwatchLogsExports"] = sorted(kept)


def stop_cluster(region: Region, parameters: Parameters) -> Description:
    with region.host.jobs.lock:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        cluster.check_available()
        region.host.jobs.change(cluster, "stopping", cluster.stop_server, then="stopped")
        return {"DBCluster": cluster.describe()}


def start_cluster(region: Region, parameters: Parameters) -> Description:
    with region.host.jobs.lock:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        if cluster.status != "stopped":
            raise fault(
                "InvalidDBClusterStateFault",
                f"DbCluster {cluster.identifier} is in {cluster.status} state but expected it to be stopped.",
            )
        has_instances = bool(cluster.members)
        region.host.jobs.change(cluster, "starting", cluster.start_server if has_instances else lambda: None)
        return {"DBCluster": cluster.describe()}


def delete_cluster(region: Region, parameters: Parameters) -> Description:
    with region.host.jobs.lock:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        final = parameters.get("FinalDBSnapshotIdentifier")
        skips = bool(parameters.get("SkipFinalSnapshot"))
        if skips == (final is not None):
            raise invalid_combination(
                "FinalDBSnapshotIdentifier cannot be specified when deleting with SkipFinalSnapshot."
                if skips
                else "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        if cluster.options.get("DeletionProtection"):
            raise invalid_combination(
                "Cannot delete protected Cluster, please disable deletion protection and try again."
            )
        if any(member.status != "deleting" for member in cluster.members):
            raise fault(
                "InvalidDBClusterStateFault",
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            )
        if cluster.status not in ("available", "failed", "stopped", "storage-full") and not (
            cluster.status.startswith(("incompatible", "inaccessible"))
        ):
            raise fault(
                "InvalidDBClusterStateFault", f"DbCluster {cluster.identifier} is in {cluster.status} state."
            )
        snapshot = None
        if final is not None:
            final = region.check_identifier("FinalDBSnapshotIdentifier", final, longest=255)
            check_is_new(region, final)
            check_quota(region)
            snapshot = begin_snapshot(region, cluster, final, kind="manual", tags=None)
        keeps_backups = parameters.get("DeleteAutomatedBackups") is False
        jobs = region.host.jobs

        def work() -> None:
            if snapshot is not None:
                jobs.wait_until(lambda: snapshot.status != "creating")
            jobs.wait_until(lambda: not cluster.members)
            cluster.stop_server()
            _end_backups(region, cluster, are_kept=keeps_backups)

        def finish() -> None:
            del region.clusters[cluster.identifier]
            if cluster.secret is not None:
                cluster.secret.delete()

        seconds = max(region.host.faults.slow_delete_s, jobs.least_s)
        jobs.change(
            cluster,
            "deleting",
            work,
            then=None,
            least_s=seconds,
            finish=finish,
            dispose=cluster.server.delete,
        )
        return {"DBCluster": cluster.describe()}


def _end_backups(region: Region, cluster: Cluster, *, are_kept: bool) -> None:
    backup = cluster.automated_backup
    if not are_kept:
        drop_automated_backup(region, backup)
        return
    archive = archive_directory(cluster.server)
    with region.host.jobs.lock:
        backup.ended_at = backup.latest
        backup.status = "retained"
        if archive.exists():
            backup.wal = archive.rename(region.host.new_directory("w"))


def check_retention(days: int | None, *, otherwise: int) -> int:
    if days is None:
        return otherwise
    if not 1 <= days <= 35:
        raise invalid_value(f"Invalid backup retention period: {days}. Must be between 1 and 35.")
    return days


def check_scaling(scaling: dict[str, Any] | None) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html"""
    if scaling is None:
        return
    least, most = float(scaling.get("MinCapacity") or 0), float(scaling.get("MaxCapacity") or 0)
    if not (0 <= least <= most <= 256 and most >= 1 and (least * 2).is_integer() and (most * 2).is_integer()):
        raise invalid_value(
            f"Serverless v2 capacity {least}–{most} isn't valid: half steps from 0 to 256, the maximum at least 1."
        )
    pause_s = scaling.get("SecondsUntilAutoPause")
    if pause_s is not None and not 300 <= pause_s <= 86_400:
        raise invalid_value(f"SecondsUntilAutoPause {pause_s} isn't between 300 and 86400.")
