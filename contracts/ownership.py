"""Whose a resource is, and whether we may delete it. Decisions only; asking AWS or PostgreSQL is the tasks' work.

AWS resources carry tags, databases (which have none) a line at the end of their comment. Without them a resource
isn't ours, whatever its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts.errors import NotOurs
from contracts.naming import RunKey

MANAGED_BY = "dev-db-refresh"
TAG_MANAGED_BY = "refresh:managed-by"
TAG_ENV = "refresh:env"
TAG_RUN_KEY = "refresh:run-key"
TAG_FLOW_RUN_ID = "refresh:flow-run-id"
TAG_EXPIRES_AT = "refresh:expires-at"

COMMENT_PREFIX = "dev-db-refresh: "
# Where Prefect can't say that a run is over, the janitor leaves a resource this long past its expiry.
GRACE_WITHOUT_PREFECT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Which run made a resource, for which env, and until when it may live (aware, UTC)."""

    env: str
    flow_run_id: UUID
    expires_at: datetime

    def __post_init__(self) -> None:
        if self.expires_at.tzinfo is None:
            raise ValueError("expires_at must be an aware time")

    @property
    def run(self) -> RunKey:
        return RunKey(env=self.env, flow_run_id=self.flow_run_id)

    def tags(self) -> dict[str, str]:
        return {
            TAG_MANAGED_BY: MANAGED_BY,
            TAG_ENV: self.env,
            TAG_RUN_KEY: self.run.key,
            TAG_FLOW_RUN_ID: str(self.flow_run_id),
            TAG_EXPIRES_AT: isoformat(self.expires_at),
        }

    def aws_tags(self) -> list[dict[str, str]]:
        """The tags in the shape that AWS calls take: ``[{"Key": …, "Value": …}]``."""
        return [{"Key": key, "Value": value} for key, value in self.tags().items()]

    def comment_line(self) -> str:
        """The line that marks a database as ours."""
        return COMMENT_PREFIX + json.dumps(
            {
                "env": self.env,
                "flow_run_id": str(self.flow_run_id),
                "expires_at": isoformat(self.expires_at),
            }
        )

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at


def isoformat(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ownership_of_tags(tags: Mapping[str, str]) -> Ownership | None:
    """Who the tags say made it; None where they don't all say, which means it isn't ours."""
    if tags.get(TAG_MANAGED_BY) != MANAGED_BY:
        return None
    return _ownership(tags.get(TAG_ENV), tags.get(TAG_FLOW_RUN_ID), tags.get(TAG_EXPIRES_AT))


def ownership_of_aws_tags(tags: list[dict[str, str]]) -> Ownership | None:
    """As :func:`ownership_of_tags`, for AWS's ``[{"Key": …, "Value": …}]``."""
    return ownership_of_tags({tag["Key"]: tag.get("Value", "") for tag in tags})


def ownership_of_comment(comment: str | None) -> Ownership | None:
    """Who the ownership line of a database's comment names; None where there is none."""
    for line in reversed((comment or "").splitlines()):
        if line.startswith(COMMENT_PREFIX):
            try:
                fields = json.loads(line.removeprefix(COMMENT_PREFIX))
            except ValueError:
                return None
            if not isinstance(fields, dict):
                return None
            return _ownership(fields.get("env"), fields.get("flow_run_id"), fields.get("expires_at"))
    return None


def users_comment(comment: str | None) -> str:
    """A database's comment without our line: the user's own."""
    return "\n".join(line for line in (comment or "").splitlines() if not line.startswith(COMMENT_PREFIX))


def with_ownership(comment: str | None, ownership: Ownership) -> str:
    """The user's own comment with our line behind it."""
    own = users_comment(comment)
    return f"{own}\n{ownership.comment_line()}" if own else ownership.comment_line()


def check_ours(found: Ownership | None, run: RunKey, *, resource: str) -> Ownership:
    """Refuse to adopt or delete what another run, another env, or nobody of ours made."""
    if found is None:
        raise NotOurs(
            "it lacks the tags (or the comment) of a resource made by a refresh, so it isn't touched",
            resource=resource,
            remedy="If it is a leftover, delete it by hand; if not, find out who uses this name.",
        )
    if found.flow_run_id != run.flow_run_id or found.env != run.env:
        raise NotOurs(
            f"it belongs to run {found.flow_run_id} of env {found.env!r}, not to run {run.flow_run_id} of {run.env!r}",
            resource=resource,
            remedy="Wait for that run to end, or let the janitor sweep it once it has expired.",
        )
    return found


def is_its_runs_own(found: Ownership, identifier: str) -> bool:
    """Whether an AWS resource has a name that the run in its tags gives.

    Tags are copied along with a snapshot, names aren't: a copy that somebody made by hand is somebody's own.
    """
    return found.run.role_of(identifier) is not None


def janitor_may_delete(
    found: Ownership, *, now: datetime, run_is_live: bool | None, dies_with_run: bool = False
) -> bool:
    """Whether the janitor may delete a resource.

    Args:
        run_is_live: None where Prefect couldn't be asked, or doesn't know the run. A run that Prefect calls live may
            be a zombie whose process is gone: a truly live one renews its expiry.
        dies_with_run: whether the resource serves the run alone (a clone, a shadow), rather than being kept for a
            time of its own (an archive, a previous database).
    """
    if run_is_live is False:
        return dies_with_run or found.is_expired(now)
    return found.is_expired(now - GRACE_WITHOUT_PREFECT)


def _ownership(env: object, flow_run_id: object, expires_at: object) -> Ownership | None:
    if not (isinstance(env, str) and isinstance(flow_run_id, str) and isinstance(expires_at, str)):
        return None
    try:
        moment = datetime.fromisoformat(expires_at)
        if moment.tzinfo is None:
            return None
        return Ownership(env=env, flow_run_id=UUID(flow_run_id), expires_at=moment)
    except ValueError:
        return None
