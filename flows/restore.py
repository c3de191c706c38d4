"""Load the archive beside the live database of the target, then swap the two."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from contracts.results import Restored
from tasks.restoring import restore_target


@flow(name="restore", flow_run_name="restore-{run.env}", persist_result=False)
def restore(run: RunKey) -> Restored:
    """The target with the run's archive live in it.

    Args:
        run: the refresh whose archive is in S3.
    """
    return restore_target(load_environment(run.env), run)
