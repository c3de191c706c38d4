"""The run's shadow database in the target cluster."""

from __future__ import annotations

from blocks.refresh_environment import RefreshEnvironment
from contracts.naming import RunKey
from tasks.postgres.shadow import drop_shadow
from tasks.target_login import target_login


def drop_run_shadow(block: RefreshEnvironment, run: RunKey) -> None:
    """Drop what the run was restoring into and didn't swap in."""
    drop_shadow(target_login(block), block.environment.target.database, run)
