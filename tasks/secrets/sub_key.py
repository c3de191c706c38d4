"""A masking domain's sub-key, handed to an application through a secret of its own."""

from __future__ import annotations

from botocore.exceptions import ClientError

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ConfigurationError, PreconditionFailed
from tasks.aws import aws_errors, client, has_code
from tasks.secrets.reading import read_masking_keys


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
    sub_key = read_masking_keys(block).sub_key(domain).hex()
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
