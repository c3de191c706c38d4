"""What a work pool on ECS is made of: the file ``pool.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from contracts.errors import ConfigurationError

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
SecretArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$")
]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]+$")]

FAMILY = "refresh"


class EcsPool(BaseModel):
    """Names and ARNs of what tasks run in and as. None of it is a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: Annotated[str, StringConstraints(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]
    """By digest: a tag can be moved to another image."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    family: Annotated[str, StringConstraints(pattern=r"^refresh(-mask)?$")] = FAMILY
    """Of the task definitions; those of the pool for masking are ``refresh-mask``. The worker's role knows both."""
    cluster: Annotated[str, StringConstraints(min_length=1)]
    """Name or ARN of the ECS cluster."""
    task_role_arn: RoleArn
    """Who the flow is."""
    execution_role_arn: RoleArn
    """Who pulls the image, writes the log and reads the secret below."""
    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=1)]
    security_group_ids: Annotated[tuple[SecurityGroupId, ...], Field(min_length=1)]
    log_group: Annotated[str, StringConstraints(min_length=1)]
    """It has to exist."""
    prefect_api_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+/api\S*$")]
    prefect_api_auth_string_secret_arn: SecretArn | None = None
    """Secret with the server's ``user:password``, where it asks for one."""
    environment: dict[str, str] = {}
    """Further variables of the container, such as ``REFRESH_CONFIG_ROOT``."""
    ephemeral_storage_gib: Annotated[int, Field(ge=21, le=200)] | None = None
    """More than the 20 GiB that Fargate gives. A refresh doesn't need it: nothing of a database touches the disk."""

    @model_validator(mode="after")
    def _holds_no_placeholder(self) -> Self:
        """Prefect would fill it in when a run starts, from variables and blocks that others may write."""
        if "{{" in self.model_dump_json():
            raise ValueError("a value holds {{, which Prefect would take for a placeholder")
        return self


def read_pool(path: Path) -> EcsPool:
    """The file as a pool. Raises :class:`ConfigurationError`, which quotes no value."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise ConfigurationError(
            f"it can't be read ({type(error).__name__})", resource=str(path), remedy="Correct the file."
        ) from None
    try:
        return EcsPool.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(wrong, resource=str(path), remedy="Correct the file.") from None
