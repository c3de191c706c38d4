"""An Aurora cluster: what it is, what a describe call says of it, and the server that holds its data."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deployments.localaws.automated_backups import AutomatedBackup
from deployments.localaws.engine_versions import ENGINE, major_of
from deployments.localaws.errors import fault
from deployments.localaws.iam_logins import make_gate
from deployments.localaws.parameters import settings_of
from deployments.localaws.point_in_time import archive_settings
from deployments.localaws.region import Description, Region, Tagged, new_resource_id

if TYPE_CHECKING:
    from deployments.localaws.instances import Instance

HOST_NAME = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """What a snapshot remembers of its cluster."""

    identifier: str
    engine: str
    engine_version: str
    master_username: str
    database_name: str | None
    vpc_id: str
    created_at: datetime
    backup_retention_period: int
    preferred_backup_window: str
    has_iam_authentication: bool


class ManagedSecret:
    """The secret in which RDS keeps the master user's password by itself (``ManageMasterUserPassword``)."""

    def __init__(self, cluster: Cluster, kms_key_id: str | None) -> None:
        self._cluster = cluster
        self._backend: Any = cluster.region.backend.secretsmanager
        self.password = secrets.token_urlsafe(24)
        self.status = "creating"
        self._secret = self._backend.create_managed_secret(
            service_name="rds",
            secret_id=f"rds!{cluster.resource_id}",
            secret_string=self._text(),
            description=f"The secret associated with the primary RDS DB cluster: {cluster.arn}",
            kms_key_id=kms_key_id,
            tags=[{"Key": "aws:rds:primaryDBClusterArn", "Value": cluster.arn}],
        )

    @property
    def arn(self) -> str:
        return str(self._secret.arn)

    def rotate(self) -> str:
        """A new password in the secret; it isn't the master user's yet."""
        self.password = secrets.token_urlsafe(24)
        self._backend.put_secret_value(
            secret_id=self.arn,
            secret_string=self._text(),
            secret_binary=None,
            client_request_token=None,
            version_stages=["AWSCURRENT"],
        )
        return self.password

    def delete(self) -> None:
        self._backend.delete_secret(
            self.arn, recovery_window_in_days=None, force_delete_without_recovery=True
        )

    def describe(self) -> Description:
        return {
            "SecretArn": self.arn,
            "SecretStatus": self.status,
            "KmsKeyId": self._cluster.region.backend.kms.describe_key(self._secret.kms_key_id).arn,
        }

    def _text(self) -> str:
        return json.dumps({"username": self._cluster.master_username, "password": self.password})


class Cluster(Tagged):
    """``options`` holds what calls set and describe calls repeat; the names are the API's."""

    engine = ENGINE

    def __init__(
        self,
        region: Region,
        identifier: str,
        *,
        engine_version: str,
        master_username: str,
        database_name: str | None,
        kms_key_arn: str | None,
        parameter_group: str,
        subnet_group: Any,
        security_groups: list[str],
        backup_retention_period: int,
        options: dict[str, Any],
        tags: list[dict[str, str]] | None,
        clone_group_id: str | None = None,
    ) -> None:
        super().__init__(tags)
        self.region = region
        self.identifier = identifier
        self.resource_id = new_resource_id("cluster")
        self.engine_version = engine_version
        self.master_username = master_username
        self.database_name = database_name
        self.kms_key_arn = kms_key_arn
        self.parameter_group = parameter_group
        self.subnet_group = subnet_group
        self.security_groups = security_groups
        self.backup_retention_period = backup_retention_period
        self.options = options
        self.clone_group_id = clone_group_id or new_resource_id("clone").lower()
        self.status = "creating"
        self.created_at = datetime.now(UTC)
        self.pending: dict[str, Any] = {}
        self.roles: list[dict[str, str]] = [dict(role) for role in options.pop("AssociatedRoles", None) or []]
        self.secret: ManagedSecret | None = None
        self.automated_backup = AutomatedBackup(
            region, self, tags=_backup_tags(options.pop("TagSpecifications", None))
        )
        self.volume_lock = threading.RLock()
        """Held while the server is started, stopped or copied."""
        self.server = region.host.new_server(major_of(engine_version))
        self.port = self.server.reserve_port()

    @property
    def arn(self) -> str:
        return self.region.arn("cluster", self.identifier)

    @property
    def vpc_id(self) -> str:
        return str(self.subnet_group.vpc_id)

    @property
    def endpoint(self) -> str:
        """Host and port, as clients name them."""
        return f"{HOST_NAME}:{self.port}"

    @property
    def has_iam_authentication(self) -> bool:
        return bool(self.options.get("EnableIAMDatabaseAuthentication"))

    @property
    def copies_tags_to_snapshot(self) -> bool:
        return bool(self.options.get("CopyTagsToSnapshot"))

    @property
    def preferred_backup_window(self) -> str:
        return str(self.options.get("PreferredBackupWindow") or "03:00-03:30")

    @property
    def members(self) -> list[Instance]:
        with self.region.host.jobs.lock:
            return [instance for instance in self.region.instances.values() if instance.cluster is self]

    def copy_settings(self) -> ClusterSettings:
        return ClusterSettings(
            identifier=self.identifier,
            engine=self.engine,
            engine_version=self.engine_version,
            master_username=self.master_username,
            database_name=self.database_name,
            vpc_id=self.vpc_id,
            created_at=self.created_at,
            backup_retention_period=self.backup_retention_period,
            preferred_backup_window=self.preferred_backup_window,
            has_iam_authentication=self.has_iam_authentication,
        )

    def check_available(self) -> None:
        if self.status != "available":
            raise fault(
                "InvalidDBClusterStateFault",
                f"DbCluster {self.identifier} is in {self.status} state but expected it to be one of available.",
            )

    def start_server(self) -> None:
        """Start with the parameter group's values as they are now, if it isn't running."""
        with self.volume_lock:
            if self.server.is_running:
                return
            binaries = self.server.binaries
            report = self.region.host.report
            values = self.region.parameter_values(self.parameter_group)
            for member in self.members:
                if member.is_writer:
                    values |= self.region.instance_parameter_values(
                        member.options.get("DBParameterGroupName")
                    )
            settings = settings_of(
                values, binaries=binaries, report=lambda what: report(f"{self.arn}: {what}")
            )
            self.server.settings = {**settings, **archive_settings(self.server)}
            self.server.make_gate = (lambda: make_gate(self)) if self.has_iam_authentication else None
            self.server.start()

    def switch_iam_authentication(self) -> None:
        """As its options have it now. Sessions end here, which on AWS go on."""
        with self.volume_lock:
            if self.server.is_running:
                self.server.stop()
                self.start_server()

    def stop_server(self) -> None:
        with self.volume_lock:
            self.server.stop()

    def set_password(self, password: str) -> None:
        with self.volume_lock:
            if self.server.is_running:
                self.server.set_password(self.master_username, password)
                return
            self.server.settings = archive_settings(self.server)
            self.server.start(tcp=False)
            try:
                self.server.set_password(self.master_username, password)
            finally:
                self.server.stop()

    def describe(self) -> Description:
        options = self.options
        description: Description = {
            "AllocatedStorage": 1,
            "AvailabilityZones": self.region.zones,
            "BackupRetentionPeriod": self.backup_retention_period,
            "DatabaseName": self.database_name,
            "DBClusterIdentifier": self.identifier,
            "DBClusterParameterGroup": self.parameter_group,
            "DBSubnetGroup": self.subnet_group.name,
            "Status": self.status,
            "EarliestRestorableTime": self.automated_backup.earliest,
            "LatestRestorableTime": self.automated_backup.latest,
            "Endpoint": HOST_NAME,
            "ReaderEndpoint": HOST_NAME,
            "MultiAZ": len({member.zone for member in self.members}) > 1,
            "Engine": self.engine,
            "EngineVersion": self.engine_version,
            "EngineMode": "provisioned",
            "Port": self.port,
            "MasterUsername": self.master_username,
            "PreferredBackupWindow": self.preferred_backup_window,
            "PreferredMaintenanceWindow": options.get("PreferredMaintenanceWindow") or "wed:04:00-wed:04:30",
            "ReadReplicaIdentifiers": [],
            "DBClusterMembers": [
                {
                    "DBInstanceIdentifier": member.identifier,
                    "IsClusterWriter": member.is_writer,
                    "DBClusterParameterGroupStatus": member.parameter_status,
                    "PromotionTier": member.options.get("PromotionTier", 1),
                }
                for member in self.members
            ],
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": group, "Status": "active"} for group in self.security_groups
            ],
            "HostedZoneId": "Z29XKXDKYMONMX",
            "StorageEncrypted": self.kms_key_arn is not None,
            "KmsKeyId": self.kms_key_arn,
            "StorageType": options.get("StorageType") or "aurora",
            "DbClusterResourceId": self.resource_id,
            "DBClusterArn": self.arn,
            "AssociatedRoles": [{**role, "Status": "ACTIVE"} for role in self.roles],
            "IAMDatabaseAuthenticationEnabled": self.has_iam_authentication,
            "CloneGroupId": self.clone_group_id,
            "ClusterCreateTime": self.created_at,
            "EnabledCloudwatchLogsExports": list(options.get("EnableCloudwatchLogsExports") or []),
            "PendingModifiedValues": self.pending or None,
            "AutoMinorVersionUpgrade": options.get("AutoMinorVersionUpgrade", True),
            "DeletionProtection": bool(options.get("DeletionProtection")),
            "HttpEndpointEnabled": bool(options.get("EnableHttpEndpoint")),
            "ActivityStreamStatus": "stopped",
            "CopyTagsToSnapshot": self.copies_tags_to_snapshot,
            "CrossAccountClone": False,
            "DomainMemberships": [],
            "TagList": self.tags,
            "NetworkType": options.get("NetworkType") or "IPV4",
            "MonitoringInterval": options.get("MonitoringInterval", 0),
            "MonitoringRoleArn": options.get("MonitoringRoleArn"),
            "DatabaseInsightsMode": options.get("DatabaseInsightsMode") or "standard",
            "PerformanceInsightsEnabled": bool(options.get("EnablePerformanceInsights")),
            "PerformanceInsightsKMSKeyId": options.get("PerformanceInsightsKMSKeyId"),
            "PerformanceInsightsRetentionPeriod": options.get("PerformanceInsightsRetentionPeriod"),
            "EngineLifecycleSupport": options.get("EngineLifecycleSupport")
            or "open-source-rds-extended-support",
            "VPCNetworkingEnabled": options.get("EnableVPCNetworking", True),
            "InternetAccessGatewayEnabled": bool(options.get("EnableInternetAccessGateway")),
            "LocalWriteForwardingStatus": "disabled",
        }
        if scaling := options.get("ServerlessV2ScalingConfiguration"):
            # AWS says after how many seconds it pauses only where it can pause: at a minimum of 0 ACUs.
            shown = {key: scaling[key] for key in ("MinCapacity", "MaxCapacity") if key in scaling}
            if not scaling.get("MinCapacity"):
                shown["SecondsUntilAutoPause"] = scaling.get("SecondsUntilAutoPause") or 300
            description["ServerlessV2ScalingConfiguration"] = shown
        if self.secret is not None:
            description["MasterUserSecret"] = self.secret.describe()
        return description


def _backup_tags(specifications: list[dict[str, Any]] | None) -> list[dict[str, str]]:
    return [
        {"Key": tag["Key"], "Value": tag.get("Value") or ""}
        for specification in specifications or []
        if specification.get("ResourceType") == "cluster-auto-backup"
        for tag in specification.get("Tags") or []
    ]
