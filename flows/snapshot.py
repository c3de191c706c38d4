"""Take, or choose, the snapshot of production that the clone is restored from."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from contracts.report import StepReport
from contracts.results import Snapshot
from tasks.aurora.sharing import copy_shared_snapshot, share_snapshot, stop_sharing
from tasks.aurora.snapshots import (
    create_snapshot,
    latest_automated_snapshot,
    named_snapshot,
    wait_for_snapshot,
)
from tasks.reporting import tell_snapshot
from tasks.timing import timed

NEW = "new"
LATEST_AUTOMATED = "latest-automated"


@flow(name="snapshot", flow_run_name="snapshot-{run.env}", persist_result=False)
def snapshot(run: RunKey, from_snapshot: str = NEW) -> Snapshot:
    """The snapshot to restore from, available in the target's account.

    Args:
        run: the refresh that asks.
        from_snapshot: `new`, `latest-automated`, or the identifier or ARN of a cluster snapshot.
    """
    block = load_environment(run.env)
    source = block.environment.source
    steps: list[StepReport] = []
    with timed("snapshot", steps):
        if from_snapshot == LATEST_AUTOMATED:
            taken = latest_automated_snapshot(block.source_credentials, source)
        elif from_snapshot == NEW:
            identifier = create_snapshot(block.source_credentials, block.environment, run)
            taken = wait_for_snapshot(block.source_credentials, identifier)
        else:
            taken = named_snapshot(block.source_credentials, from_snapshot)
        usable = taken
        if source.share is not None:
            shared = share_snapshot(block.source_credentials, block.environment, run, taken)
            usable = copy_shared_snapshot(block.target_credentials, block.environment, run, shared)
            stop_sharing(block.source_credentials, block.environment, run)
    tell_snapshot(block, run, taken, steps[0].seconds)
    return usable
