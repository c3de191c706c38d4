"""The secret that opens one run's clone, and dies with it. It is in Secrets Manager, whatever store the env has."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from botocore.exceptions import ClientError
from prefect_aws import AwsCredentials

from contracts.naming import RunKey
from contracts.ownership import Ownership, check_ours, ownership_of_aws_tags
from tasks.aws import aws_errors, client, has_code


def ensure_one_run_secret(
    credentials: AwsCredentials, name: str, *, username: str, ownership: Ownership
) -> str:
    """The ARN of this run's secret ``name``, made with a new random password where it isn't there yet."""
    secrets_manager = client(credentials, "secretsmanager")
    resource = f"secret {name}"
    with aws_errors(resource, doing="creating it"):
        try:
            found = secrets_manager.describe_secret(SecretId=name)
        except ClientError as error:
            if not has_code(error, "ResourceNotFoundException"):
                raise
            # 40 characters of 160 bits: RDS takes 8 to 41, without / ' " @ and space.
            password = secrets.token_hex(20)
            made = secrets_manager.create_secret(
                Name=name,
                Description="Master login of a clone that a refresh is masking; deleted with it.",
                SecretString=json.dumps({"username": username, "password": password}),
                Tags=ownership.aws_tags(),  # type: ignore[arg-type]
            )
            return made["ARN"]
    check_ours(ownership_of_aws_tags(found.get("Tags", [])), ownership.run, resource=resource)  # type: ignore[arg-type]
    return found["ARN"]


def delete_one_run_secret(credentials: AwsCredentials, run: RunKey) -> None:
    """Delete the run's secret, with no recovery window: it opened one clone, which is gone."""
    name = run.aws_identifier("clone-master")
    delete_secret(
        credentials, name, may_delete=lambda found: check_ours(found, run, resource=f"secret {name}")
    )


def delete_secret(
    credentials: AwsCredentials, name: str, *, may_delete: Callable[[Ownership | None], object]
) -> None:
    """Delete a secret of ours at once. ``may_delete`` raises where its tags say that it must stay."""
    secrets_manager = client(credentials, "secretsmanager")
    with aws_errors(f"secret {name}", doing="deleting it"):
        try:
            found = secrets_manager.describe_secret(SecretId=name)
            may_delete(ownership_of_aws_tags(found.get("Tags", [])))  # type: ignore[arg-type]
            secrets_manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        except ClientError as error:
            if not has_code(error, "ResourceNotFoundException"):
                raise
