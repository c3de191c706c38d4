"""Restore the temporary cluster that is masked."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from contracts.results import Clone, Snapshot
from tasks.aurora.clone import create_writer, replace_master_password, restore_cluster


@flow(name="clone", flow_run_name="clone-{run.env}", persist_result=False)
def clone(run: RunKey, taken: Snapshot) -> Clone:
    """A private cluster with the snapshot's data, open to this run's secret alone.

    Args:
        run: the refresh that asks.
        taken: the snapshot to restore.
    """
    block = load_environment(run.env)
    credentials, environment = block.target_credentials, block.environment
    restore_cluster(credentials, environment, run, taken)
    create_writer(credentials, environment, run)
    return replace_master_password(credentials, environment, run, taken)
