"""The text of a secret in AWS Secrets Manager, as it is now."""

from __future__ import annotations

from prefect_aws import AwsCredentials, AwsSecret
from pydantic import SecretStr

from contracts.errors import ConfigurationError
from tasks.aws import aws_errors, client


def read_aws_secret(credentials: AwsCredentials, secret_id: str) -> SecretStr:
    """The current version of a secret, by ARN or name.

    Raises:
        AwsError: it isn't there, or may not be read.
        ConfigurationError: it is binary.
    """
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
