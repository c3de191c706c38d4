"""One account's Aurora in one region: where its resources are found, and what names in a call must refer to."""

from __future__ import annotations

import random
import re
import string
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends

from deployments.localaws.engine_versions import family_of
from deployments.localaws.errors import (
    cluster_not_found,
    fault,
    instance_not_found,
    invalid_value,
    snapshot_not_found,
)
from deployments.localaws.host import Host

if TYPE_CHECKING:
    from deployments.localaws.automated_backups import AutomatedBackup
    from deployments.localaws.clusters import Cluster
    from deployments.localaws.instances import Instance
    from deployments.localaws.snapshots import Snapshot

Parameters = dict[str, Any]
"""A call's parameters, as the API names them."""
Description = dict[str, Any]
"""What a describe call says about one resource, as the API names it."""

_IDENTIFIER = re.compile(r"(?!.*--)[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


class Tagged:
    """Tags as moto's tagging calls, and its resource groups, read and write them."""

    def __init__(self, tags: list[dict[str, str]] | None) -> None:
        self.tags = plain_tags(tags)

    def get_tags(self) -> list[dict[str, str]]:
        return self.tags

    def add_tags(self, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        added = plain_tags(tags)
        keys = {tag["Key"] for tag in added}
        self.tags = [tag for tag in self.tags if tag["Key"] not in keys] + added
        return self.tags

    def remove_tags(self, tag_keys: list[str]) -> None:
        self.tags = [tag for tag in self.tags if tag["Key"] not in tag_keys]


def plain_tags(tags: list[dict[str, str]] | None) -> list[dict[str, str]]:
    return [{"Key": tag["Key"], "Value": tag.get("Value") or ""} for tag in tags or []]


class Region:
    """``backend`` is moto's RDS backend, whose dictionaries hold the resources."""

    def __init__(self, backend: Any, host: Host) -> None:
        self.backend = backend
        self.host = host
        self.account_id: str = backend.account_id
        self.name: str = backend.region_name
        self.clusters: MutableMapping[str, Cluster] = backend.clusters
        self.instances: MutableMapping[str, Instance] = backend.databases
        self.snapshots: MutableMapping[str, Snapshot] = backend.cluster_snapshots
        self.automated_backups: dict[str, AutomatedBackup] = {}

    def arn(self, kind: str, identifier: str) -> str:
        return f"arn:aws:rds:{self.name}:{self.account_id}:{kind}:{identifier}"

    def other(self, account_id: str, region: str) -> Region:
        found: Region = self.backend.get_backend("rds", region, account_id).aurora
        return found

    def all_of_same_name(self) -> list[Region]:
        """This region of every account."""
        backends = self.backend.all_accounts()
        return [account[self.name].aurora for account in backends if self.name in account]

    def cluster(self, identifier: str) -> Cluster:
        """By identifier or ARN."""
        name = identifier.split(":", 6)[-1] if identifier.startswith("arn:") else identifier
        if name not in self.clusters:
            raise cluster_not_found(identifier)
        return self.clusters[name]

    def instance(self, identifier: str) -> Instance:
        name = identifier.split(":", 6)[-1] if identifier.startswith("arn:") else identifier
        if name not in self.instances:
            raise instance_not_found(identifier)
        return self.instances[name]

    def snapshot(self, identifier: str) -> Snapshot:
        """One's own by identifier or ARN, or one that another account shares with this one by ARN."""
        if not identifier.startswith("arn:"):
            if identifier not in self.snapshots:
                raise snapshot_not_found(identifier)
            return self.snapshots[identifier]
        _, _, _, region, account_id, kind, name = identifier.split(":", 6)
        owner = (
            self if (account_id, region) == (self.account_id, self.name) else self.other(account_id, region)
        )
        found = owner.snapshots.get(name)
        if found is None or kind != "cluster-snapshot" or not found.is_visible_to(self.account_id):
            raise snapshot_not_found(identifier)
        return found

    def check_identifier(self, parameter: str, value: str, *, longest: int = 63) -> str:
        """The identifier in lower case, as RDS keeps it."""
        if len(value) > longest or not _IDENTIFIER.fullmatch(value):
            raise invalid_value(
                f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must "
                "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
                f"consecutive hyphens, and must have at most {longest} characters."
            )
        return value.lower()

    def kms_key_arn(self, key: str | None) -> str:
        """The ARN of an enabled key, by id, alias or ARN of either; without ``key``, of the one AWS makes for RDS."""
        key = key or "alias/aws/rds"
        region, account_id = self.name, self.account_id
        if key.startswith("arn:"):
            _, _, _, region, account_id, _ = key.split(":", 5)
        backend: Any = kms_backends[account_id][region]
        try:
            known = backend.any_id_to_key_id(key)
        except (AttributeError, KeyError):  # moto's, for an alias that isn't there
            known = None
        if known not in backend.keys or backend.keys[known].key_state != "Enabled" or region != self.name:
            raise fault(
                "KMSKeyNotAccessibleFault",
                f"The specified KMS key [{key}] does not exist, is not enabled or you do not have permissions to it.",
            )
        return str(backend.keys[known].arn)

    def is_default_kms_key(self, arn: str) -> bool:
        return arn == self.kms_key_arn(None)

    def check_parameter_group(self, name: str, engine_version: str) -> str:
        group = self.backend.db_cluster_parameter_groups.get(name)
        if group is None:
            raise fault("DBClusterParameterGroupNotFoundFault", f"DBClusterParameterGroup not found: {name}")
        if group.db_parameter_group_family != family_of(engine_version):
            raise invalid_value(
                f"The parameter group {name} with DBParameterGroupFamily {group.db_parameter_group_family} can't be "
                f"used for this cluster. Please use a parameter group with family {family_of(engine_version)}."
            )
        return str(group.name)

    def parameter_values(self, group: str) -> dict[str, str]:
        found = self.backend.db_cluster_parameter_groups.get(group)
        parameters = found.parameters if found is not None else {}
        return {
            name: str(given["ParameterValue"])
            for name, given in parameters.items()
            if "ParameterValue" in given
        }

    def instance_parameter_values(self, group: str | None) -> dict[str, str]:
        """Of an instance's own parameter group, which goes over the cluster's."""
        found = self.backend.db_parameter_groups.get(group or "")
        parameters = found.parameters if found is not None else {}
        return {
            name: str(given["ParameterValue"])
            for name, given in parameters.items()
            if "ParameterValue" in given
        }

    def subnet_group(self, name: str) -> Any:
        """moto's subnet group; ``default`` is the default VPC's, made when first asked for."""
        if name == "default" and name not in self.backend.subnet_groups:
            vpc = self._ec2.get_default_vpc()
            subnets = [] if vpc is None else self._ec2.describe_subnets(filters={"vpc-id": [vpc.id]})
            if subnets:
                self.backend.create_subnet_group("default", "default", subnets, [])
        if name not in self.backend.subnet_groups:
            raise fault("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
        return self.backend.subnet_groups[name]

    def check_security_groups(self, identifiers: list[str] | None, subnet_group: Any) -> list[str]:
        """Existing security groups of the subnet group's VPC; without any, that VPC's default one."""
        if not identifiers:
            default = self._ec2.get_default_security_group(subnet_group.vpc_id)
            return [] if default is None else [default.id]
        for identifier in identifiers:
            group = self._ec2.get_security_group_from_id(identifier)
            if group is None:
                raise invalid_value(f"Invalid security group , groupId= {identifier}, groupName=")
            if group.vpc_id != subnet_group.vpc_id:
                raise fault(
                    "InvalidVPCNetworkStateFault",
                    "The DB instance and EC2 security group are in different VPCs. The DB instance is in "
                    f"{subnet_group.vpc_id} and the EC2 security group is in {group.vpc_id}",
                )
        return list(identifiers)

    def has_internet_gateway(self, vpc_id: str) -> bool:
        gateways = self._ec2.describe_internet_gateways(filters={"attachment.vpc-id": [vpc_id]})
        return bool(gateways)

    @property
    def zones(self) -> list[str]:
        return [f"{self.name}{letter}" for letter in "abc"]

    @property
    def _ec2(self) -> Any:
        return ec2_backends[self.account_id][self.name]


def new_resource_id(kind: str) -> str:
    """Such as ``cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ``: never used again, unlike an identifier."""
    return f"{kind}-" + "".join(random.choices(string.ascii_uppercase + string.digits, k=26))


def page(found: list[Description], parameters: Parameters, key: str) -> Description:
    """One page of a describe call's answer: at most ``MaxRecords`` (100) from ``Marker`` on."""
    size = int(parameters.get("MaxRecords") or 100)
    if not 20 <= size <= 100:
        raise invalid_value(f"Invalid value {size} for MaxRecords. Must be between 20 and 100")
    marker = parameters.get("Marker") or "0"
    if not marker.isdigit():
        raise invalid_value("Invalid marker")
    begin = int(marker)
    answer: Description = {key: found[begin : begin + size]}
    if begin + size < len(found):
        answer["Marker"] = str(begin + size)
    return answer


def filters_of(parameters: Parameters, *known: str) -> dict[str, list[str]]:
    """``Filters`` by name; one that the action doesn't know is refused."""
    filters = {given["Name"]: list(given["Values"]) for given in parameters.get("Filters") or []}
    for name in filters:
        if name not in known:
            raise invalid_value(f"Unrecognized filter name: {name}")
    return filters
