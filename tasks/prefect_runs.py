"""What Prefect knows of a run."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger
from prefect.runtime import flow_run
from prefect.settings import get_current_settings

from contracts.errors import ConfigurationError
from contracts.naming import RunKey

POLL_S = 5.0


def this_run(env: str) -> RunKey:
    """The key of the flow run that we are in; a retry has the same."""
    return RunKey(env=env, flow_run_id=this_run_id())


def this_run_id() -> UUID:
    """The id of the flow run that we are in."""
    if flow_run.id is None:
        raise ConfigurationError(
            "everything that a refresh makes is named after its flow run, and this isn't one",
            resource="refresh",
            remedy="Call the flow itself, not its function.",
        )
    return UUID(flow_run.id)


def is_live(flow_run_id: UUID) -> bool | None:
    """Whether the run is still under way; None where Prefect couldn't be asked or doesn't know the run."""
    try:
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(flow_run_id)
    except ObjectNotFound:
        return None
    except Exception as error:  # noqa: BLE001 - whatever kept Prefect from answering, the answer is "don't know"
        get_logger("refresh.janitor").warning("Prefect couldn't be asked: %s", type(error).__name__)
        return None
    return run.state is None or not run.state.is_final()


def deployment_exists(name: str) -> bool:
    """Whether Prefect has a deployment called ``name``, written ``flow/deployment``."""
    try:
        with get_client(sync_client=True) as client:
            client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    return True


async def ended_run(flow_run_id: UUID, *, timeout_s: float) -> FlowRun:
    """A run once it has ended; as it is, if it hasn't after ``timeout_s``.

    A server that is away for a while (a restart, an update) is asked again: what is waited for goes on without it.
    """
    deadline = time.monotonic() + timeout_s
    async with get_client() as client:
        while True:
            try:
                run = await client.read_flow_run(flow_run_id)
            except httpx.HTTPError as error:
                if time.monotonic() > deadline:
                    raise
                get_logger("refresh.waiting").warning("Prefect couldn't be asked: %s", type(error).__name__)
            else:
                if (run.state is not None and run.state.is_final()) or time.monotonic() > deadline:
                    return run
            await asyncio.sleep(POLL_S)


def child_runs(flow_run_id: UUID) -> list[FlowRun]:
    """Every run that a run began, in its own process or through a deployment."""
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run_id]))
        )


def subflow_runs(flow_run_id: UUID) -> list[FlowRun]:
    """A run's subflows in the order in which they began; of one that was retried, each step's newest."""
    newest = {child.name: child for child in sorted(child_runs(flow_run_id), key=_began)}
    return sorted(newest.values(), key=_began)


def step_under_way(flow_run_id: UUID) -> str:
    """The subflow that a run had come to, by name; ``preflight`` where it had begun none."""
    children = subflow_runs(flow_run_id)
    unfinished = [child for child in children if not (child.state and child.state.is_completed())]
    # A cleanup that failed is what the run failed of only where nothing failed before it.
    unfinished.sort(key=lambda child: (not child.name.startswith("cleanup-"), _began(child)))
    if unfinished:
        return unfinished[-1].name.split("-", 1)[0]
    # All that began has ended well: it failed before the first step or between two, or after the last.
    done = [child.name.split("-", 1)[0] for child in children if not child.name.startswith("cleanup-")]
    return "report" if "restore" in done else done[-1] if done else "preflight"


def run_url(flow_run_id: UUID) -> str:
    """The run's page, or its id where the UI's address isn't known."""
    ui = get_current_settings().ui_url
    return f"{ui}/runs/flow-run/{flow_run_id}" if ui else f"flow run {flow_run_id}"


def _began(child: FlowRun) -> datetime:
    return child.start_time or child.created or datetime.max.replace(tzinfo=UTC)
