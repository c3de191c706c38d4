"""The text of a secret in AWS Secrets Manager, as it is now."""

from __future__ import annotations

from typing import Any

from prefect_aws import AwsCredentials
from pydantic import SecretStr

from contracts.errors import ConfigurationError
from tasks.aws import aws_errors, client


def read_aws_secret(credentials: AwsCredentials, secret_id: str) -> SecretStr:
    """The current version of a secret, by ARN or name.

    Raises:
        AwsError: it isn't there, or may not be read.
        ConfigurationError: it is binary.
    """
    # Not by AwsSecret, which logs a line for each reading: a run reads a password for each of its connections.
    with aws_errors(f"secret {secret_id}", doing="reading it"):
        answer: Any = client(credentials, "secretsmanager").get_secret_value(SecretId=secret_id)
    try:
        # Prefect's AwsSecret block stores text as SecretBinary.
        return SecretStr(
            answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"].decode()
        )
    except UnicodeDecodeError:  # which quotes a byte of it, and holds them all
        raise ConfigurationError(
            "it is binary and no text",
            resource=f"secret {secret_id}",
            remedy="Store it as text: SecretString.",
        ) from None
