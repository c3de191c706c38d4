"""What moto leaves out of its answers, and Terraform would take for a change that somebody made by hand."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.models import Service


def fill() -> None:
    """Mend moto's classes; once is enough, and again does no harm."""
    SecurityGroupRule.description = property(_description)  # type: ignore[assignment]
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html: off where nobody says otherwise
    Service.availability_zone_rebalancing = "DISABLED"  # type: ignore[attr-defined]


def _description(rule: Any) -> str | None:
    """Of a rule that names a group too: moto knows only the description of an address range."""
    found: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return found
