"""The network interface that a task on Fargate has in its subnet while it lives."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_private_ip
from moto.ecs.exceptions import InvalidParameterException


@dataclass(frozen=True, kw_only=True)
class NetworkInterface:
    id: str
    subnet_id: str
    private_ip: str
    account_id: str
    region: str
    _attachment_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def describe(self) -> dict[str, Any]:
        details = {
            "subnetId": self.subnet_id,
            "networkInterfaceId": self.id,
            "privateIPv4Address": self.private_ip,
        }
        return {
            "id": self._attachment_id,
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED",
            "details": [{"name": name, "value": value} for name, value in details.items()],
        }

    def delete(self) -> None:
        """Else its security group and subnet could never be deleted."""
        ec2_backends[self.account_id][self.region].enis.pop(self.id, None)


def attach(network: Mapping[str, Any] | None, *, account_id: str, region: str) -> NetworkInterface:
    """An interface in the first of the subnets; what names no subnet, or one that isn't there, is refused."""
    awsvpc = (network or {}).get("awsvpcConfiguration", {})
    subnets = awsvpc.get("subnets", [])
    if not subnets:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    backend = ec2_backends[account_id][region]
    for subnet in subnets:
        try:
            backend.get_subnet(subnet)
        except InvalidSubnetIdError:
            raise InvalidParameterException(
                f"Error retrieving subnet information for {subnets}: The subnet ID '{subnet}' does not exist"
            ) from None
    groups = awsvpc.get("securityGroups", [])
    if missing := [group for group in groups if backend.get_security_group_from_id(group) is None]:
        raise InvalidParameterException(
            f"Error retrieving security group information for {groups}: The security group '{missing[0]}' does not"
            " exist"
        )
    private_ip = str(random_private_ip())
    made = backend.create_network_interface(
        subnet=subnets[0],
        private_ip_address=private_ip,
        group_ids=groups,
        description="ECS task",
    )
    return NetworkInterface(
        id=made.id,
        subnet_id=subnets[0],
        private_ip=private_ip,
        account_id=account_id,
        region=region,
    )
