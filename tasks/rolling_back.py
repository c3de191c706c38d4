"""The way back: the database before the last refresh becomes live again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect import get_run_logger, task

from blocks.refresh_environment import RefreshEnvironment
from contracts.naming import RunKey
from tasks.border import no_row_escapes
from tasks.postgres.advisory_lock import LOCK_WAIT_S, hold_target
from tasks.postgres.swap import rollback
from tasks.target_login import target_login
from tasks.transient import ONCE


@task(**ONCE)
def roll_back_target(block: RefreshEnvironment, run: RunKey) -> str:
    """Swap the previous database back and return what became of the one that was live."""
    target = block.environment.target
    login = target_login(block)
    kept_until = datetime.now(UTC) + timedelta(days=target.keep_previous_days)
    with (
        no_row_escapes(f"target database {target.database}", doing="rolling it back"),
        hold_target(login, target.database, run, wait_s=LOCK_WAIT_S),
    ):
        swapped = rollback(login, target.database, run, previous_expires_at=kept_until)
    get_run_logger().info("%s is live again; what it replaced is %s", target.database, swapped.set_aside)
    return swapped.set_aside or ""
