"""Masking as a job of its own: a run of another deployment, as a role that reaches the clone and nothing else.

It is handed the run's key and the clone's names. What it has done, it leaves in the clone.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import cast

from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.runtime import flow_run

from blocks.refresh_environment import RefreshEnvironment
from contracts.errors import ConfigurationError, JobFailed, PreconditionFailed, VerificationFailed
from contracts.mask_job import start_key
from contracts.naming import RunKey
from contracts.report import MaskingReport
from contracts.results import Clone
from contracts.state_message import reason_of
from tasks.archive.saved_report import read_report
from tasks.aurora.clone import clone_login
from tasks.border import no_row_escapes
from tasks.prefect_runs import child_runs, deployment_exists, ended_run, run_url

WAIT_S = 24 * 3600.0


def mask_in_own_job(block: RefreshEnvironment, run: RunKey, clone: Clone, deployment: str) -> MaskingReport:
    """Have ``deployment`` mask the clone, wait until it has, and return its report.

    Raises:
        JobFailed: the run ended otherwise than as completed.
        PreconditionFailed: the run of an earlier attempt may still be at work on this clone.
    """
    _no_other_is_at_work(run)
    begun = run_deployment(
        deployment,
        parameters={
            "run": {"env": run.env, "flow_run_id": str(run.flow_run_id)},
            "restored": asdict(clone),
        },
        flow_run_name=f"mask-{run.env}",
        idempotency_key=start_key(run, int(flow_run.run_count or 1)),
        timeout=0,
    )
    # `run_deployment` returns a coroutine only where its caller is one.
    ended = asyncio.run(ended_run(cast(FlowRun, begun).id, timeout_s=WAIT_S))
    if ended.state is None or not ended.state.is_completed():
        how = "ended as" if ended.state and ended.state.is_final() else "hasn't ended in a day, and is"
        raise JobFailed(
            f"it {how} {ended.state_name}. {reason_of(ended.state.message if ended.state else None)}",
            resource=f"mask run of {deployment}",
            remedy=f"Nothing left the clone. See {run_url(ended.id)}",
        )
    with no_row_escapes(f"clone {clone.cluster_id}", doing="reading its masking report"):
        login = clone_login(block.target_credentials, block.environment, clone)
        report = read_report(login, block.environment.source.database)
    if report.verification.verdict != "passed":
        raise VerificationFailed(
            "its verification didn't pass",
            resource=f"clone {clone.cluster_id}",
            remedy="Nothing left the clone. See the checks that failed.",
        )
    return report


def check_deployment(deployment: str) -> None:
    """Raise now where masking would find no deployment in an hour."""
    if not deployment_exists(deployment):
        raise ConfigurationError(
            "it doesn't exist on this Prefect server, and `masking.deployment` names it",
            resource=f"deployment {deployment}",
            remedy="Deploy it: prefect deploy --all --prefect-file deployments/mask/prefect.yaml",
        )


def _no_other_is_at_work(run: RunKey) -> None:
    for child in child_runs(run.flow_run_id):
        if child.name.startswith("mask-") and (child.state is None or not child.state.is_final()):
            raise PreconditionFailed(
                "a mask run of an earlier attempt hasn't ended, and would mask the same clone",
                resource=run_url(child.id),
                remedy="Cancel it in Prefect, then retry this run.",
            )
