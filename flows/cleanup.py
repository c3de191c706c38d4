"""Take away all that a run made and nobody needs any more. Running it again does no harm."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from tasks.cleaning import clean_up


# Never persisted: on a retry of the refresh, a persisted success would be taken for this attempt's.
@flow(name="cleanup", flow_run_name="cleanup-{run.env}", persist_result=False)
def cleanup(run: RunKey) -> None:
    """Remove the run's clone, its secret, its snapshot, its shadow database, and an archive that was never finished.

    Args:
        run: the refresh to clean up after.
    """
    clean_up(load_environment(run.env), run)
