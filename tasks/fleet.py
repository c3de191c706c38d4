"""Several envs are refreshed at once, each by a run of the deployment that people use too.

Prefect's workers start the runs, on ECS each in a task of its own; here they are only asked for and waited for. Prefect
holds them as this run's subflows: when it is cancelled, the server cancels those that haven't ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.logging import get_logger

from blocks.refresh_environment import RefreshEnvironment, load_environment
from contracts.errors import ConfigurationError
from contracts.fleet import EarlierRun, EnvRun, FleetReport, start_key
from contracts.messages import fleet_markdown, fleet_message
from contracts.secret_reference import SecretReference
from tasks.prefect_runs import child_runs, deployment_exists, ended_run, run_url
from tasks.slack import post
from tasks.transient import ONCE

DEPLOYMENT = "refresh/adhoc"
# No refresh takes that long: whoever has no worker that starts it, hears so.
WAIT_S = 24 * 3600.0


def refresh_all(
    fleet_run_id: UUID, envs: Sequence[str], parameters: dict[str, Any], *, at_once: int
) -> FleetReport:
    """Refresh every env, ``at_once`` of them at a time, and return when all have ended, however that was.

    Raises:
        ConfigurationError: the deployment doesn't exist on this Prefect server.
    """
    if not deployment_exists(DEPLOYMENT):
        raise ConfigurationError(
            "it doesn't exist on this Prefect server",
            resource=f"deployment {DEPLOYMENT}",
            remedy="Deploy it: prefect deploy --all",
        )
    start = time.monotonic()
    earlier = [
        EarlierRun(
            env=str(run.parameters.get("env")),
            is_final=run.state is not None and run.state.is_final(),
            is_completed=run.state is not None and run.state.is_completed(),
        )
        for run in child_runs(fleet_run_id)
    ]

    async def all_of_them() -> list[EnvRun]:
        gate = asyncio.Semaphore(at_once)

        async def one(env: str) -> EnvRun:
            async with gate:
                key = start_key(fleet_run_id, env, earlier)
                return await _refresh(env, {**parameters, "env": env}, key)

        return await asyncio.gather(*map(one, envs))

    runs = asyncio.run(all_of_them())
    return FleetReport(runs=tuple(runs), seconds=time.monotonic() - start)


async def _refresh(env: str, parameters: dict[str, Any], key: str) -> EnvRun:
    try:
        begun = await arun_deployment(
            DEPLOYMENT,
            parameters=parameters,
            flow_run_name=f"refresh-{env}",
            idempotency_key=key,
            timeout=0,
        )
        run = await ended_run(begun.id, timeout_s=WAIT_S)
    except Exception as error:  # noqa: BLE001 - whatever becomes of one env, the others are refreshed
        get_logger("refresh.fleet").error("[%s] Prefect couldn't be asked: %s", env, type(error).__name__)
        return EnvRun(env=env, state="Unknown", seconds=0.0, run_url="", is_completed=False)
    return _ended(env, run)


def _ended(env: str, run: FlowRun) -> EnvRun:
    began, ended = run.start_time, run.end_time
    return EnvRun(
        env=env,
        state=(run.state_name or "Unknown"),
        seconds=(ended - began).total_seconds() if began and ended else 0.0,
        run_url=run_url(run.id),
        is_completed=run.state is not None and run.state.is_completed(),
    )


@task(**ONCE)
def tell_fleet(fleet_run_id: UUID, report: FleetReport) -> None:
    """The report on the fleet's page, and to each Slack webhook that one of its envs names. Never raises."""
    logger = get_logger("refresh.fleet")
    try:
        create_markdown_artifact(
            key="refresh-fleet", markdown=fleet_markdown(report), description="Refresh of a fleet"
        )
    except Exception as error:  # noqa: BLE001 - told by its kind: whatever Prefect says of it is Prefect's
        logger.warning("The report wasn't written to the run's page: %s", type(error).__name__)
    for block in _one_per_webhook(report):
        post(block, fleet_message(report, run_url(fleet_run_id)))


def _one_per_webhook(report: FleetReport) -> list[RefreshEnvironment]:
    blocks: dict[SecretReference, RefreshEnvironment] = {}
    for run in report.runs:
        try:
            block = load_environment(run.env)
        except ConfigurationError:
            continue  # its own run has said so
        if block.environment.slack is not None:
            blocks.setdefault(block.environment.slack.webhook_secret, block)
    return list(blocks.values())
