"""What a task's containers get, decided from its definition and the overrides of RunTask.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_STOP_TIMEOUT_S = 30
GREATEST_STOP_TIMEOUT_S = 120  # on Fargate


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """``valueFrom`` of a container's secret: a whole secret of Secrets Manager, or one key of its JSON."""

    arn: str
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""

    @classmethod
    def parse(cls, value_from: str) -> SecretReference:
        """``arn:aws:secretsmanager:region:account:secret:name[:json-key:version-stage:version-id]``"""
        parts = value_from.split(":")
        if parts[2:3] != ["secretsmanager"] or len(parts) not in (7, 10):
            raise ValueError(f"local AWS reads secrets by the ARN of Secrets Manager alone, not {value_from}")
        json_key, stage, version = parts[7:] or ("", "", "")
        return cls(arn=":".join(parts[:7]), json_key=json_key, version_stage=stage, version_id=version)


@dataclass(frozen=True, kw_only=True)
class ContainerPlan:
    name: str
    image: str
    command: tuple[str, ...]
    """Without the image's own: empty means that the image decides."""
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    """``valueFrom`` by the variable's name."""
    is_essential: bool
    stop_timeout_s: float
    log_options: Mapping[str, str] | None
    """Options of the awslogs driver; None if the container logs nowhere."""


def plan_containers(
    definitions: Sequence[Mapping[str, Any]], overrides: Mapping[str, Any]
) -> list[ContainerPlan]:
    """A plan for each container definition. An override for a container that isn't there is a ``ValueError``."""
    by_name = {override["name"]: override for override in overrides.get("containerOverrides", [])}
    if unknown := set(by_name) - {definition["name"] for definition in definitions}:
        raise ValueError(
            f"Override for container named {sorted(unknown)[0]} is not a container in the TaskDefinition."
        )
    return [_plan(definition, by_name.get(definition["name"], {})) for definition in definitions]


def _plan(definition: Mapping[str, Any], override: Mapping[str, Any]) -> ContainerPlan:
    log = definition.get("logConfiguration", {})
    return ContainerPlan(
        name=definition["name"],
        image=definition["image"],
        command=(
            *definition.get("entryPoint", ()),
            *(override.get("command") or definition.get("command") or ()),
        ),
        environment=_by_name(definition) | _by_name(override),
        secrets={item["name"]: item["valueFrom"] for item in definition.get("secrets", [])},
        is_essential=definition.get("essential", True),
        stop_timeout_s=min(definition.get("stopTimeout", DEFAULT_STOP_TIMEOUT_S), GREATEST_STOP_TIMEOUT_S),
        log_options=log.get("options", {}) if log.get("logDriver") == "awslogs" else None,
    )


def _by_name(item: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable.get("value", "") for variable in item.get("environment", [])}


def log_stream_name(plan: ContainerPlan, task_id: str) -> str:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html"""
    prefix = (plan.log_options or {}).get("awslogs-stream-prefix", "")
    return f"{prefix}/{plan.name}/{task_id}" if prefix else task_id
