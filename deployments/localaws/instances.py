"""The instances of a cluster. The first that boots starts its server, the last that goes stops it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deployments.localaws.clusters import HOST_NAME, Cluster
from deployments.localaws.engine_versions import ENGINE, family_of
from deployments.localaws.errors import fault, instance_not_found, invalid_combination, invalid_value
from deployments.localaws.postgresql import ServerDidNotStart
from deployments.localaws.region import (
    Description,
    Parameters,
    Region,
    Tagged,
    filters_of,
    new_resource_id,
    page,
)

_DEFAULT_QUOTA = 40
#: They belong to the cluster; an instance of Aurora refuses them.
_OF_THE_CLUSTER = (
    "MasterUsername", "MasterUserPassword", "VpcSecurityGroupIds", "BackupRetentionPeriod", "StorageEncrypted",
    "KmsKeyId", "DBName", "AllocatedStorage", "DeletionProtection", "ManageMasterUserPassword",
)  # fmt: skip


class Instance(Tagged):
    def __init__(
        self, cluster: Cluster, identifier: str, *, options: dict[str, Any], tags: list[dict[str, str]] | None
    ) -> None:
        super().__init__(tags)
        self.region = cluster.region
        self.cluster = cluster
        self.identifier = identifier
        self.resource_id = new_resource_id("db")
        self.options = options
        self.is_writer = not cluster.members
        self.status = "creating"
        self.has_booted = False
        self.parameter_status = "in-sync"
        self.created_at = datetime.now(UTC)
        self.zone: str = options.get("AvailabilityZone") or self.region.zones[len(cluster.members) % 3]

    @property
    def arn(self) -> str:
        return self.region.arn("db", self.identifier)

    def check_available(self) -> None:
        if self.status != "available":
            raise fault("InvalidDBInstanceStateFault", f"Instance {self.identifier} is {self.status}.")

    def describe(self) -> Description:
        cluster, options = self.cluster, self.options
        group = options.get("DBParameterGroupName") or f"default.{family_of(cluster.engine_version)}"
        return {
            "DBInstanceIdentifier": self.identifier,
            "DBInstanceClass": options["DBInstanceClass"],
            "Engine": ENGINE,
            "DBInstanceStatus": self.status,
            "MasterUsername": cluster.master_username,
            "DBName": cluster.database_name,
            # As on AWS: no address before the instance has one.
            "Endpoint": {"Address": HOST_NAME, "Port": cluster.port, "HostedZoneId": "Z29XKXDKYMONMX"}
            if self.has_booted
            else None,
            "AllocatedStorage": 1,
            "InstanceCreateTime": self.created_at if self.has_booted else None,
            "PreferredBackupWindow": cluster.preferred_backup_window,
            "BackupRetentionPeriod": cluster.backup_retention_period,
            "DBSecurityGroups": [],
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": identifier, "Status": "active"}
                for identifier in cluster.security_groups
            ],
            "DBParameterGroups": [{"DBParameterGroupName": group, "ParameterApplyStatus": "in-sync"}],
            "AvailabilityZone": self.zone,
            "DBSubnetGroup": {
                "DBSubnetGroupName": cluster.subnet_group.name,
                "DBSubnetGroupDescription": cluster.subnet_group.description,
                "VpcId": cluster.vpc_id,
                "SubnetGroupStatus": "Complete",
                "Subnets": cluster.subnet_group.subnets,
            },
            "PreferredMaintenanceWindow": options.get("PreferredMaintenanceWindow") or "wed:04:00-wed:04:30",
            "PendingModifiedValues": {},
            "MultiAZ": False,
            "EngineVersion": cluster.engine_version,
            "AutoMinorVersionUpgrade": options.get("AutoMinorVersionUpgrade", True),
            "ReadReplicaDBInstanceIdentifiers": [],
            "LicenseModel": "postgresql-license",
            "OptionGroupMemberships": [],
            "PubliclyAccessible": bool(options.get("PubliclyAccessible")),
            "StorageType": "aurora",
            "DbInstancePort": 0,
            "DBClusterIdentifier": cluster.identifier,
            "StorageEncrypted": cluster.kms_key_arn is not None,
            "KmsKeyId": cluster.kms_key_arn,
            "DbiResourceId": self.resource_id,
            "CACertificateIdentifier": options.get("CACertificateIdentifier") or "rds-ca-rsa2048-g1",
            "DomainMemberships": [],
            "CopyTagsToSnapshot": bool(options.get("CopyTagsToSnapshot")),
            "MonitoringInterval": options.get("MonitoringInterval", 0),
            "MonitoringRoleArn": options.get("MonitoringRoleArn"),
            "PromotionTier": options.get("PromotionTier", 1),
            "DBInstanceArn": self.arn,
            "IAMDatabaseAuthenticationEnabled": cluster.has_iam_authentication,
            "DatabaseInsightsMode": cluster.options.get("DatabaseInsightsMode") or "standard",
            "PerformanceInsightsEnabled": bool(
                options.get("EnablePerformanceInsights", cluster.options.get("EnablePerformanceInsights"))
            ),
            "PerformanceInsightsKMSKeyId": options.get("PerformanceInsightsKMSKeyId"),
            "PerformanceInsightsRetentionPeriod": options.get("PerformanceInsightsRetentionPeriod"),
            "EnabledCloudwatchLogsExports": list(cluster.options.get("EnableCloudwatchLogsExports") or []),
            "DeletionProtection": False,
            "AssociatedRoles": [],
            "TagList": self.tags,
            "NetworkType": "IPV4",
            "ActivityStreamStatus": "stopped",
            "BackupTarget": "region",
            "DedicatedLogVolume": False,
        }


def create_instance(region: Region, parameters: Parameters) -> Description:
    identifier = region.check_identifier("DBInstanceIdentifier", parameters["DBInstanceIdentifier"])
    with region.host.jobs.lock:
        if identifier in region.instances:
            raise fault("DBInstanceAlreadyExistsFault", f"DB instance already exists: {identifier}")
        if parameters.get("Engine") != ENGINE or not parameters.get("DBClusterIdentifier"):
            raise invalid_value(
                f"Local AWS has instances of {ENGINE} clusters only: name Engine and DBClusterIdentifier"
            )
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        _check_quota(region)
        for name in _OF_THE_CLUSTER:
            if parameters.get(name) is not None:
                raise invalid_combination(
                    f"The requested DB Instance will be a member of a DB Cluster. {name} is set there."
                )
        scaling = cluster.options.get("ServerlessV2ScalingConfiguration")
        if parameters["DBInstanceClass"] == "db.serverless" and not scaling:
            raise invalid_combination(
                "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a "
                "Serverless v2 DB instance."
            )
        cluster.check_available()
        group = parameters.get("DBParameterGroupName")
        if group and not group.startswith("default.") and group not in region.backend.db_parameter_groups:
            raise fault("DBParameterGroupNotFoundFault", f"DBParameterGroup not found: {group}")
        options = {
            key: value for key, value in parameters.items() if key not in ("DBInstanceIdentifier", "Tags")
        }
        if options.get("PubliclyAccessible") is None:
            options["PubliclyAccessible"] = _is_public_by_default(region, cluster)
        instance = Instance(cluster, identifier, options=options, tags=parameters.get("Tags"))
        region.instances[identifier] = instance
        ending = region.host.faults.take_ending("CreateDBInstance")
        _boot(instance, "creating", ending)
        return {"DBInstance": instance.describe()}


def _boot(instance: Instance, status: str, ending: str | None = None) -> None:
    jobs = instance.region.host.jobs

    def work() -> None:
        if ending is not None:
            return
        try:
            instance.cluster.start_server()
        except ServerDidNotStart as error:
            instance.region.host.report(f"{instance.arn}: {error}")
            instance.status = "incompatible-parameters"
            return
        instance.parameter_status = "in-sync"

    def finish() -> None:
        instance.has_booted = instance.status == "available"

    jobs.change(instance, status, work, then=ending or "available", finish=finish)


def _is_public_by_default(region: Region, cluster: Cluster) -> bool:
    """False in the default subnet group; in a named one, whether its VPC has an internet gateway."""
    if cluster.subnet_group.name == "default":
        return False
    return region.has_internet_gateway(cluster.vpc_id)


def _check_quota(region: Region) -> None:
    limit = region.host.faults.limit_of("instances", _DEFAULT_QUOTA)
    if len(region.instances) >= limit:
        raise fault("InstanceQuotaExceededFault", f"DB instance quota exceeded: {limit}")


def describe_instances(region: Region, parameters: Parameters) -> Description:
    filters = filters_of(parameters, "db-instance-id", "db-cluster-id", "dbi-resource-id", "engine", "domain")
    found = list(region.instances.values())
    if identifier := parameters.get("DBInstanceIdentifier"):
        found = [
            instance
            for instance in found
            if identifier.lower() in (instance.identifier, instance.arn.lower())
        ]
        if not found:
            raise instance_not_found(identifier)
    names: dict[str, Any] = {
        "db-instance-id": lambda instance: {instance.identifier, instance.arn},
        "db-cluster-id": lambda instance: {instance.cluster.identifier, instance.cluster.arn},
        "dbi-resource-id": lambda instance: {instance.resource_id},
        "engine": lambda _: {ENGINE},
        "domain": lambda _: set(),
    }
    for name, wanted in filters.items():
        found = [instance for instance in found if set(wanted) & names[name](instance)]
    return page([instance.describe() for instance in found], parameters, "DBInstances")


def modify_instance(region: Region, parameters: Parameters) -> Description:
    with region.host.jobs.lock:
        instance = region.instance(parameters["DBInstanceIdentifier"])
        instance.check_available()
        for name in ("MasterUserPassword", "BackupRetentionPeriod", "VpcSecurityGroupIds"):
            if parameters.get(name) is not None:
                raise invalid_combination(f"{name} is set on the DB cluster, not on its instances.")
        kept = ("DBInstanceIdentifier", "ApplyImmediately", "NewDBInstanceIdentifier")
        instance.options |= {key: value for key, value in parameters.items() if key not in kept}
        region.host.jobs.change(instance, "modifying", lambda: None)
        return {"DBInstance": {**instance.describe(), "DBInstanceStatus": "available"}}


def reboot_instance(region: Region, parameters: Parameters) -> Description:
    """Restart the server, with the parameter group's values as they are now."""
    with region.host.jobs.lock:
        instance = region.instance(parameters["DBInstanceIdentifier"])
        instance.check_available()
        instance.status = "rebooting"
        described = instance.describe()
        region.host.jobs.start(lambda: _stop_and_boot(instance))
        return {"DBInstance": described}


def _stop_and_boot(instance: Instance) -> None:
    instance.cluster.stop_server()
    _boot(instance, "rebooting")


def delete_instance(region: Region, parameters: Parameters) -> Description:
    with region.host.jobs.lock:
        instance = region.instance(parameters["DBInstanceIdentifier"])
        if instance.status in ("deleting", "creating", "rebooting"):
            raise fault(
                "InvalidDBInstanceStateFault",
                f"Instance {instance.identifier} is already being deleted."
                if instance.status == "deleting"
                else f"Instance {instance.identifier} is {instance.status}.",
            )
        if parameters.get("FinalDBSnapshotIdentifier"):
            raise invalid_combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance"
            )
        jobs = region.host.jobs
        seconds = max(region.host.faults.slow_delete_s, jobs.least_s)

        def work() -> None:
            others = [member for member in instance.cluster.members if member is not instance]
            if not any(member.has_booted and member.status != "deleting" for member in others):
                instance.cluster.stop_server()

        jobs.change(
            instance, "deleting", work, then=None, least_s=seconds, finish=lambda: _forget(region, instance)
        )
        return {"DBInstance": instance.describe()}


def _forget(region: Region, instance: Instance) -> None:
    region.instances.pop(instance.identifier, None)
    if instance.is_writer:
        for member in instance.cluster.members[:1]:
            member.is_writer = True
