"""moto's RDS with its clusters replaced by real ones.

moto keeps the parsing, the XML, tags, accounts, subnet and parameter groups. Three things hook into it:
``rds_backends.backend`` is the class that moto makes one backend of per account and region, ``url_paths`` names the
class that answers, and both classes say that they are of moto's modules, because moto finds its URLs by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import moto.rds.models
import moto.rds.urls
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores
from moto.rds.models import RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from deployments.localaws import (
    automated_backups,
    cluster_actions,
    instances,
    parameters,
    restores,
    snapshots,
)
from deployments.localaws.engine_versions import describe_versions, family_of, major_of, versions_here
from deployments.localaws.errors import fault, invalid_value
from deployments.localaws.faults import Refusal
from deployments.localaws.host import Host
from deployments.localaws.region import Description, Parameters, Region, page
from deployments.localaws.wire import word_refusal

_host: Host | None = None


class AuroraBackend(RDSBackend):
    """moto's backend of one account and region, and our :class:`Region` over the same dictionaries."""

    __module__ = "moto.rds.models"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        if _host is None:
            raise RuntimeError("no local AWS is running in this process")
        self.aurora = Region(self, _host)
        for version in versions_here():
            family = family_of(version)
            if f"default.{family}" not in self.db_cluster_parameter_groups:
                super().create_db_cluster_parameter_group(
                    f"default.{family}", family, f"Default for {family}", []
                )

    def all_accounts(self) -> list[Any]:
        return list(rds_backends.values())

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """For the resource groups tagging API. moto doesn't know automated backups."""
        with self.aurora.host.jobs.lock:
            found = list(super().iter_tagged_resources())
            found += [
                TaggedResource(
                    arn=backup.arn,
                    tags={tag["Key"]: tag["Value"] for tag in backup.tags},
                    resource_type="rds:cluster-auto-backup",
                )
                for backup in self.aurora.automated_backups.values()
            ]
        return iter(found)

    def _get_resource_for_tagging(self, arn: str) -> Any:
        kind = arn.split(":")[5] if arn.count(":") >= 6 else ""
        if kind == "cluster-auto-backup":
            found: Any = next(
                (backup for backup in self.aurora.automated_backups.values() if backup.arn == arn), None
            )
        else:
            found = super()._get_resource_for_tagging(arn)
        if found is None:
            raise fault(_NOT_FOUND.get(kind, "DBSnapshotNotFoundFault"), f"{arn} not found.")
        return found


_NOT_FOUND = {
    "cluster": "DBClusterNotFoundFault",
    "cluster-auto-backup": "DBClusterAutomatedBackupNotFoundFault",
    "cluster-pg": "DBClusterParameterGroupNotFoundFault",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
    "db": "DBInstanceNotFoundFault",
}

Operation = Callable[[Region, Parameters], Description]


class AuroraResponse(RDSResponse):
    """Answers the calls on clusters, their instances, snapshots and backups; the rest is moto's."""

    __module__ = "moto.rds.responses"

    def call_action(self) -> Any:
        action = self._get_action()
        method = camelcase_to_underscores(action)
        if not hasattr(type(self), method):
            # moto would answer HTTP 500. There is none of what it doesn't know, so a list of it is empty.
            is_list = action.startswith("Describe")
            setattr(type(self), method, _answer_empty if is_list else _refuse)
        return super().call_action()

    @property
    def _region(self) -> Region:
        backend: Any = self.backend
        region: Region = backend.aurora
        return region

    def answer(self, operation: Operation) -> ActionResult:
        region = self._region
        with region.host.jobs.lock:
            return ActionResult(operation(region, _plain(self.params)))

    def modify_db_cluster_parameter_group(self) -> ActionResult:
        name = str(self.params.get("DBClusterParameterGroupName"))
        if name.startswith("default."):
            raise fault(
                "InvalidDBParameterGroupStateFault", f"The parameter group {name} cannot be modified."
            )
        group = self.backend.db_cluster_parameter_groups.get(name)
        if group is not None:
            binaries = self._region.host.binaries(
                major_of(group.db_parameter_group_family.removeprefix("aurora-postgresql"))
            )
            for given in self.params.get("Parameters", []):
                if not parameters.is_known(given["ParameterName"], binaries):
                    raise invalid_value(f"Could not find parameter with name: {given['ParameterName']}")
        return super().modify_db_cluster_parameter_group()

    def delete_db_cluster_parameter_group(self) -> ActionResult:
        name = str(self.params.get("DBClusterParameterGroupName"))
        used = [
            cluster.identifier
            for cluster in self._region.clusters.values()
            if cluster.parameter_group == name
        ]
        if used or name.startswith("default."):
            raise fault(
                "InvalidDBParameterGroupStateFault",
                f"The parameter group {name} can't be deleted: it is a default or used by {', '.join(used)}.",
            )
        return super().delete_db_cluster_parameter_group()


def _answer_empty(_response: AuroraResponse) -> ActionResult:
    return EmptyResult()


def _refuse(response: AuroraResponse) -> tuple[bytes, dict[str, Any]]:
    message = f"Local AWS has no action {response._get_action()}"
    refusal = Refusal(code="InvalidAction", message=message, status=400)
    _, content_type, body = word_refusal(refusal, service="rds", is_json=False)
    return body, {"status": refusal.status, "Content-Type": content_type}


def _method(operation: Operation) -> Callable[[AuroraResponse], ActionResult]:
    def method(response: AuroraResponse) -> ActionResult:
        return response.answer(operation)

    return method


def _plain(value: Any) -> Any:
    """moto's case-insensitive dictionaries as plain ones, all the way down."""
    if hasattr(value, "original_dict"):
        value = value.original_dict()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _describe_parameters(region: Region, given: Parameters) -> Description:
    name = given["DBClusterParameterGroupName"]
    group = region.backend.db_cluster_parameter_groups.get(name)
    if group is None:
        raise fault("DBClusterParameterGroupNotFoundFault", f"DBClusterParameterGroup not found: {name}")
    return _page_of_parameters(region, given, group.db_parameter_group_family, group.parameters)


def _describe_default_parameters(region: Region, given: Parameters) -> Description:
    return {"EngineDefaults": _page_of_parameters(region, given, given["DBParameterGroupFamily"], {})}


def _page_of_parameters(
    region: Region, given: Parameters, family: str, values: dict[str, Any]
) -> Description:
    binaries = region.host.binaries(int(family.removeprefix("aurora-postgresql")))
    found = parameters.describe_parameters(values, binaries=binaries)
    if source := given.get("Source"):
        found = [parameter for parameter in found if parameter["Source"] == source]
    return page(found, given, "Parameters")


def _describe_engine_versions(region: Region, given: Parameters) -> Description:
    return page(describe_versions(given), given, "DBEngineVersions")


def _describe_account_attributes(region: Region, given: Parameters) -> Description:
    limit_of = region.host.faults.limit_of
    manual = sum(snapshot.kind == "manual" for snapshot in region.snapshots.values())
    quotas = (
        ("DBClusters", len(region.clusters), limit_of("clusters", 40)),
        ("DBInstances", len(region.instances), limit_of("instances", 40)),
        ("ManualClusterSnapshots", manual, limit_of("manual-snapshots", 100)),
        ("AllocatedStorage", len(region.clusters), limit_of("storage", 100_000)),
        ("DBClusterParameterGroups", len(region.backend.db_cluster_parameter_groups), 50),
        ("DBSubnetGroups", len(region.backend.subnet_groups), 50),
    )
    return {
        "AccountQuotas": [
            {"AccountQuotaName": name, "Used": used, "Max": most} for name, used, most in quotas
        ]
    }


def _describe_endpoints(region: Region, given: Parameters) -> Description:
    chosen = given.get("DBClusterIdentifier")
    clusters = [region.cluster(chosen)] if chosen else list(region.clusters.values())
    endpoints = [
        {
            "DBClusterIdentifier": cluster.identifier,
            "Endpoint": cluster.describe()["Endpoint"],
            "Status": "available" if cluster.server.is_running else "inactive",
            "EndpointType": kind,
        }
        for cluster in clusters
        for kind in ("WRITER", "READER")
    ]
    return page(endpoints, given, "DBClusterEndpoints")


def _describe_option_groups(_region: Region, given: Parameters) -> Description:
    """Aurora PostgreSQL has none."""
    return page([], given, "OptionGroupsList")


def _switch_data_api(is_on: bool) -> Operation:
    def operation(region: Region, given: Parameters) -> Description:
        cluster = region.cluster(given["ResourceArn"])
        cluster.options["EnableHttpEndpoint"] = is_on
        return {"ResourceArn": cluster.arn, "HttpEndpointEnabled": is_on}

    return operation


def _add_role(region: Region, given: Parameters) -> Description:
    cluster = region.cluster(given["DBClusterIdentifier"])
    cluster.check_available()
    role = {key: given[key] for key in ("RoleArn", "FeatureName") if given.get(key)}
    if role in cluster.roles:
        raise fault("DBClusterRoleAlreadyExistsFault", f"Role {given['RoleArn']} is already associated.")
    cluster.roles.append(role)
    return {}


def _remove_role(region: Region, given: Parameters) -> Description:
    cluster = region.cluster(given["DBClusterIdentifier"])
    kept = [role for role in cluster.roles if role["RoleArn"] != given["RoleArn"]]
    if len(kept) == len(cluster.roles):
        raise fault("DBClusterRoleNotFoundFault", f"Role {given['RoleArn']} isn't associated.")
    cluster.roles = kept
    return {}


#: The actions that aren't moto's. moto finds a method by the action's name in snake case.
_OPERATIONS: dict[str, Operation] = {
    "CreateDBCluster": cluster_actions.create_cluster,
    "DescribeDBClusters": cluster_actions.describe_clusters,
    "ModifyDBCluster": cluster_actions.modify_cluster,
    "DeleteDBCluster": cluster_actions.delete_cluster,
    "StartDBCluster": cluster_actions.start_cluster,
    "StopDBCluster": cluster_actions.stop_cluster,
    "RestoreDBClusterFromSnapshot": restores.restore_from_snapshot,
    "RestoreDBClusterToPointInTime": restores.restore_to_point_in_time,
    "CreateDBInstance": instances.create_instance,
    "DescribeDBInstances": instances.describe_instances,
    "ModifyDBInstance": instances.modify_instance,
    "RebootDBInstance": instances.reboot_instance,
    "DeleteDBInstance": instances.delete_instance,
    "CreateDBClusterSnapshot": snapshots.create_snapshot,
    "CopyDBClusterSnapshot": snapshots.copy_snapshot,
    "DeleteDBClusterSnapshot": snapshots.delete_snapshot,
    "DescribeDBClusterSnapshots": snapshots.describe_snapshots,
    "DescribeDBClusterSnapshotAttributes": snapshots.describe_attributes,
    "ModifyDBClusterSnapshotAttribute": snapshots.modify_attribute,
    "DescribeDBClusterAutomatedBackups": automated_backups.describe_automated_backups,
    "DeleteDBClusterAutomatedBackup": automated_backups.delete_automated_backup,
    "DescribeDBClusterParameters": _describe_parameters,
    "DescribeEngineDefaultClusterParameters": _describe_default_parameters,
    "DescribeDBEngineVersions": _describe_engine_versions,
    "DescribeAccountAttributes": _describe_account_attributes,
    "DescribeDBClusterEndpoints": _describe_endpoints,
    "DescribeOptionGroups": _describe_option_groups,
    "EnableHttpEndpoint": _switch_data_api(True),
    "DisableHttpEndpoint": _switch_data_api(False),
    "AddRoleToDBCluster": _add_role,
    "RemoveRoleFromDBCluster": _remove_role,
}


for _action, _operation in _OPERATIONS.items():
    setattr(AuroraResponse, camelcase_to_underscores(_action), _method(_operation))


def install(host: Host) -> None:
    """Let moto's RDS be ours, on this host. The process has one at a time."""
    global _host
    _host = host
    moto.rds.models.rds_backends.backend = AuroraBackend
    moto.rds.urls.url_paths = {"{0}/$": AuroraResponse.dispatch}


def uninstall() -> None:
    """Give moto its own RDS back."""
    global _host
    _host = None
    moto.rds.models.rds_backends.backend = RDSBackend
    moto.rds.urls.url_paths = {"{0}/$": RDSResponse.dispatch}


__all__ = ["AuroraBackend", "AuroraResponse", "install", "uninstall"]
