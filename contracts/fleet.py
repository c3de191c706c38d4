"""A fleet: several envs, each refreshed by a run of its own. What it decides, and what it knows at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

# AWS gives an account 40 clusters and 100 manual snapshots in a region, until it is asked for more:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html#RDS_Limits.Limits
# Each refresh takes one of each beside the sources and targets. (A clone is restored from a snapshot, so the limit of
# 15 copy-on-write clones per source doesn't count it.)
AT_ONCE_MAX = 10
AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class EnvRun:
    """How the refresh of one env ended. ``state`` is Prefect's word for it."""

    env: str
    state: str
    seconds: float
    run_url: str
    is_completed: bool


@dataclass(frozen=True, kw_only=True)
class FleetReport:
    """All runs of a fleet, in the order in which the envs were named."""

    runs: tuple[EnvRun, ...]
    seconds: float

    @property
    def not_refreshed(self) -> tuple[str, ...]:
        return tuple(run.env for run in self.runs if not run.is_completed)


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """A refresh that an earlier attempt of the same fleet run began."""

    env: str
    is_final: bool
    is_completed: bool


def each_once(envs: Iterable[str]) -> tuple[str, ...]:
    """The envs in their order, none twice."""
    return tuple(dict.fromkeys(envs))


def start_key(fleet_run_id: UUID, env: str, earlier: Sequence[EarlierRun]) -> str:
    """Prefect's idempotency key for a fleet's run of ``env``.

    A fleet that is run again (its task was stopped, or somebody retries it) so takes up the run that is under way or
    was completed, and starts another one only where the last ended otherwise.
    """
    ended_badly = sum(run.env == env and run.is_final and not run.is_completed for run in earlier)
    return f"fleet-{fleet_run_id}-{env}-{ended_badly + 1}"
