"""Until when each thing that a run makes may live."""

from __future__ import annotations

from datetime import datetime, timedelta

from contracts.environment import Environment
from contracts.naming import RunKey
from contracts.ownership import Ownership


def clone_ownership(environment: Environment, run: RunKey, now: datetime) -> Ownership:
    """For what serves the run alone: the clone, its secret, the shadow database, a snapshot's copies on their way.

    A live run renews the clone's.
    """
    return _until(run, now + environment.clone_lifetime)


def snapshot_ownership(environment: Environment, run: RunKey, now: datetime) -> Ownership:
    """For the run's manual snapshot: as long as the run may last, or the days that it is kept."""
    kept = timedelta(days=environment.source.keep_snapshot_days)
    return _until(run, now + max(kept, environment.clone_lifetime))


def archive_ownership(environment: Environment, run: RunKey, now: datetime) -> Ownership:
    return _until(run, now + timedelta(days=environment.archive.keep_days))


def _until(run: RunKey, expires_at: datetime) -> Ownership:
    return Ownership(env=run.env, flow_run_id=run.flow_run_id, expires_at=expires_at)
