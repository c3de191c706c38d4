"""A container's ``secrets``: read by the task's execution role, as its agent would, before the container starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deployments.localaws.ecs.agent import Agent
from deployments.localaws.ecs.plans import SecretReference
from deployments.localaws.ecs.role_sessions import begin_session


class SecretUnavailable(Exception):
    """The message is what AWS says after ``ResourceInitializationError:``; it never quotes a value."""


def read_secrets(secrets: Mapping[str, str], *, role_arn: str, task_id: str, agent: Agent) -> dict[str, str]:
    """Variables by name, from ``valueFrom`` by name."""
    if not secrets:
        return {}
    try:
        references = {name: SecretReference.parse(source) for name, source in secrets.items()}
    except ValueError as error:
        raise SecretUnavailable(f"unable to pull secrets or registry auth: {error}") from None
    clients: dict[str, Any] = {}
    values = {}
    for name, reference in references.items():
        region = reference.arn.split(":")[3]
        if region not in clients:
            session = begin_session(role_arn, task_id, region=region)
            # A session of its own: boto3's default one isn't safe to make clients of in threads.
            clients[region] = boto3.session.Session(
                aws_access_key_id=session.access_key_id,
                aws_secret_access_key=session.secret_access_key,
                aws_session_token=session.token,
                region_name=region,
            ).client("secretsmanager", endpoint_url=agent.endpoint_url())
        values[name] = _read(clients[region], reference)
    return values


def _read(client: Any, reference: SecretReference) -> str:
    given = {"VersionStage": reference.version_stage, "VersionId": reference.version_id}
    try:
        answer = client.get_secret_value(
            SecretId=reference.arn, **{name: value for name, value in given.items() if value}
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SecretUnavailable(
            "unable to pull secrets or registry auth: unable to retrieve secret from asm:"
            f" {reference.arn}: {code}"
        ) from None
    text: str = answer["SecretString"]
    if not reference.json_key:
        return text
    try:
        return str(json.loads(text)[reference.json_key])
    except (ValueError, KeyError, TypeError):
        raise SecretUnavailable(
            "unable to pull secrets or registry auth: unable to retrieve secret from asm:"
            f" retrieved secret from Secrets Manager did not contain json key {reference.json_key}"
        ) from None
