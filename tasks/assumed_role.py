"""Sessions of a role that the flow's identity assumes, for as long as the flow lasts.

A role that is assumed by another role is good for an hour at most, and a refresh may take many: so its credentials are
fetched anew before they expire, under clients that are in use. prefect-aws assumes a role once, for good.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""

from __future__ import annotations

import threading
from datetime import UTC
from typing import Any

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from prefect_aws import AwsCredentials

# In CloudTrail, beside the name of the role.
SESSION_NAME = "dev-db-refresh"

_lock = threading.Lock()
_clients: dict[tuple[int, str], Any] = {}


def client_of_assumed_role(credentials: AwsCredentials, service: str) -> Any:
    """A client of ``service`` as ``credentials.assume_role_arn``; one per role and service in a process."""
    key = hash(credentials), service
    with _lock:
        if key not in _clients:
            session = botocore.session.Session()
            session.register_component("credential_provider", CredentialResolver([_Provider(credentials)]))
            made: Any = boto3.Session(botocore_session=session, region_name=credentials.region_name)
            _clients[key] = made.client(service, **_parameters(credentials))
        return _clients[key]


def _parameters(credentials: AwsCredentials) -> dict[str, Any]:
    parameters: dict[str, Any] = credentials.aws_client_parameters.get_params_override()
    return parameters


class _Provider(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, credentials: AwsCredentials) -> None:
        super().__init__()
        self._block = credentials

    def load(self) -> RefreshableCredentials:
        return RefreshableCredentials.create_from_metadata(
            metadata=self._fetch(), refresh_using=self._fetch, method=self.METHOD
        )

    def _fetch(self) -> dict[str, str]:
        own = self._block.model_copy(update={"assume_role_arn": None})
        answer = own.get_client("sts").assume_role(
            RoleArn=self._block.assume_role_arn, RoleSessionName=SESSION_NAME
        )["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].astimezone(UTC).isoformat(),
        }
