"""Mask the clone, and prove it before anything leaves: within the refresh, or as a job with a role of its own."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from contracts.report import MaskingReport
from contracts.results import Clone
from tasks.masking import mask_clone


@flow(name="mask", flow_run_name="mask-{run.env}", persist_result=False)
def mask(run: RunKey, restored: Clone) -> MaskingReport:
    """What was masked, how, and what the checks found.

    Args:
        run: the refresh that asks.
        restored: the clone, with the source's data in it.
    """
    return mask_clone(load_environment(run.env), run, restored)
