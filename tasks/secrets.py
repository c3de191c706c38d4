"""Secrets are read at the moment of use and go nowhere but into a connection or a key derivation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError
from prefect_aws import AwsCredentials, AwsSecret
from pydantic import SecretStr

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ConfigurationError, PreconditionFailed
from contracts.login import Login
from contracts.naming import RunKey
from contracts.ownership import Ownership, check_ours, ownership_of_aws_tags
from masking.keys import MaskingKeys
from tasks.aws import aws_errors, client, has_code


def read_secret(credentials: AwsCredentials, secret_id: str) -> SecretStr:
    """The text of a secret in Secrets Manager, by ARN or name."""
    # The client is made here first, so that botocore's loggers are quiet before an answer with a secret comes.
    client(credentials, "secretsmanager")
    with aws_errors(f"secret {secret_id}", doing="reading it"):
        value: str | bytes = AwsSecret(aws_credentials=credentials, secret_name=secret_id).read_secret()  # type: ignore[assignment]
    try:
        return SecretStr(value.decode() if isinstance(value, bytes) else value)
    except UnicodeDecodeError:  # which quotes a byte of it, and holds them all
        raise ConfigurationError(
            "it is binary and no text",
            resource=f"secret {secret_id}",
            remedy="Store it as text: SecretString.",
        ) from None


def read_login(
    credentials: AwsCredentials, secret_id: str, *, host: str, port: int, ca_bundle: Path
) -> Login:
    """The login in a secret of RDS's shape, ``{"username": …, "password": …}``.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    text = read_secret(credentials, secret_id).get_secret_value()
    try:
        fields = json.loads(text)
        username, password = str(fields["username"]), str(fields["password"])
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError(
            "it isn't JSON with username and password",
            resource=f"secret {secret_id}",
            remedy='Store {"username": "…", "password": "…"} in it.',
        ) from None
    return Login(host=host, port=port, username=username, password=SecretStr(password), ca_bundle=ca_bundle)


def read_masking_keys(credentials: AwsCredentials, secret_id: str) -> MaskingKeys:
    """The env's root key of masking: at least 128 random bits, as hex or base64.

    Raises:
        ConfigurationError: it is too short, repeats itself, or is no key at all. Neither it nor a part of it is shown.
    """
    text = read_secret(credentials, secret_id).get_secret_value()
    try:
        return MaskingKeys.from_text(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, resource=f"secret {secret_id}", remedy=error.remedy) from None


def read_run_keys(block: RefreshEnvironment, run: RunKey) -> MaskingKeys:
    """The keys that a run masks and signs with: the env's, or its own where they rotate."""
    settings = block.environment.masking
    keys = read_masking_keys(block.target_credentials, settings.root_key_secret)
    return keys.of_run(run) if settings.rotate else keys


def store_sub_key(block: RefreshEnvironment, domain: str, *, secret_id: str) -> None:
    """Put the sub-key of one masking domain, as 64 hex digits, into a secret that an application reads.

    The secret must be there, and empty: nothing is overwritten. Can be run again. Neither key is shown or returned.

    Raises:
        ConfigurationError: the env's keys rotate, so that no application could keep up.
        PreconditionFailed: the secret holds something else.
    """
    settings, credentials = block.environment.masking, block.target_credentials
    if settings.rotate:
        raise ConfigurationError(
            "each of its runs masks with another key, which no application can know",
            resource=f"env {block.environment.name!r}",
            remedy="Set `masking.rotate: false` in its file.",
        )
    sub_key = read_masking_keys(credentials, settings.root_key_secret).sub_key(domain).hex()
    secrets_manager = client(credentials, "secretsmanager")
    with aws_errors(f"secret {secret_id}", doing="storing a sub-key in it"):
        try:
            found = secrets_manager.get_secret_value(SecretId=secret_id)
        except ClientError as error:
            # Both a secret without a value and no secret at all; the next call tells them apart.
            if not has_code(error, "ResourceNotFoundException"):
                raise
            secrets_manager.put_secret_value(SecretId=secret_id, SecretString=sub_key)
            return
    if found.get("SecretString") != sub_key:
        raise PreconditionFailed(
            "it holds something already, which isn't that sub-key",
            resource=f"secret {secret_id}",
            remedy="Make a new secret without a value, and name that.",
        )


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
