"""Dump the masked clone to S3."""

from __future__ import annotations

from prefect import flow

from blocks.refresh_environment import load_environment
from contracts.naming import RunKey
from contracts.report import MaskingReport
from contracts.results import Archive, Clone, Snapshot
from tasks.archiving import dump_clone


@flow(name="dump", flow_run_name="dump-{run.env}", persist_result=False)
def dump(run: RunKey, masked_clone: Clone, masked: MaskingReport, taken: Snapshot) -> Archive:
    """The archive in S3, complete.

    Args:
        run: the refresh that asks.
        masked_clone: the clone, after its masking passed verification.
        masked: what was masked, and the verdict; anything but `passed` is refused.
        taken: the snapshot that it came from.
    """
    return dump_clone(load_environment(run.env), run, masked_clone, masked, taken.arn)
