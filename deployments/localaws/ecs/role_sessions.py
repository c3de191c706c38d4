"""Credentials of a task's roles, and where a container asks for them.

A container on ECS asks an address of its agent, which hands out a session of the task's role named after the task:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
Here the address is local AWS's own; boto3 asks it by the same provider (``AWS_CONTAINER_CREDENTIALS_FULL_URI``).
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moto.sts.models import sts_backends

PATH = "/v2/credentials/"
_LASTS = timedelta(hours=6)
_NEW_BEFORE_END = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class RoleSession:
    role_arn: str
    access_key_id: str
    secret_access_key: str
    token: str
    expires_at: datetime

    def as_json(self) -> bytes:
        return json.dumps(
            {
                "RoleArn": self.role_arn,
                "AccessKeyId": self.access_key_id,
                "SecretAccessKey": self.secret_access_key,
                "Token": self.token,
                "Expiration": self.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()


def begin_session(role_arn: str, name: str, *, region: str) -> RoleSession:
    """A session ``assumed-role/{role}/{name}``."""
    session = sts_backends[role_arn.split(":")[4]]["aws"].assume_role(
        region_name=region,
        role_session_name=name,
        role_arn=role_arn,
        policy="",
        duration=int(_LASTS.total_seconds()),
        external_id="",
    )
    return RoleSession(
        role_arn=role_arn,
        access_key_id=session.access_key_id,
        secret_access_key=session.secret_access_key,
        token=session.session_token,
        expires_at=datetime.now(UTC) + _LASTS,
    )


class CredentialsEndpoint:
    """Sessions by an address that cannot be guessed, one for each task that runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, tuple[str, str, str]] = {}
        self._sessions: dict[str, RoleSession] = {}

    def open(self, role_arn: str, name: str, *, region: str) -> str:
        """The path at which sessions of ``role_arn`` can be had until :meth:`close`."""
        path = PATH + secrets.token_urlsafe(24)
        with self._lock:
            self._tasks[path] = (role_arn, name, region)
        return path

    def close(self, path: str) -> None:
        with self._lock:
            self._tasks.pop(path, None)
            self._sessions.pop(path, None)

    def answer(self, path: str) -> bytes | None:
        """JSON as ECS's agent gives it, or None for an address that nobody was given."""
        with self._lock:
            if path not in self._tasks:
                return None
            session = self._sessions.get(path)
            if session is None or session.expires_at - datetime.now(UTC) < _NEW_BEFORE_END:
                role_arn, name, region = self._tasks[path]
                session = self._sessions[path] = begin_session(role_arn, name, region=region)
            return session.as_json()
