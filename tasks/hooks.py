"""State hooks: what happens when a run ends otherwise than well.

A hook may run in another process than the flow did, which loads the flow again: it knows the run's parameters and id,
and nothing else. https://docs.prefect.io/v3/how-to-guides/workflows/state-change-hooks
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging import get_logger

from blocks.refresh_environment import load_environment
from contracts.errors import ConfigurationError, RefreshError
from contracts.messages import failure_message
from contracts.naming import RunKey
from tasks.cleaning import clean_up
from tasks.prefect_runs import run_url, step_under_way
from tasks.slack import post

# No limit was seen on how long a hook of a cancelled or crashed run may take.
PAUSES_S = (5.0, 20.0, 60.0)


def clean_up_after_death(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Cleanup for a run whose own ``finally`` was cut short, or never ran."""
    run = RunKey(env=flow_run.parameters["env"], flow_run_id=flow_run.id)
    for pause_s in (*PAUSES_S, None):
        try:
            clean_up(load_environment(run.env), run)
        except ConfigurationError as error:
            # An env that was never registered has made nothing, and asking again doesn't register it.
            get_logger("refresh.cleanup").error("Cleanup after %s: %s", run, error)
            return
        except Exception as error:  # noqa: BLE001 - a busy Prefect or AWS must not leave a clone of production behind
            reason = str(error) if isinstance(error, RefreshError) else type(error).__name__
            get_logger("refresh.cleanup").error("Cleanup after %s: %s", run, reason)
        else:
            return
        if pause_s is not None:
            time.sleep(pause_s)


def tell_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell Slack that, where, and why a run failed, and what to do next."""
    env = flow_run.parameters["env"]
    began = flow_run.start_time or flow_run.created
    seconds = (datetime.now(UTC) - began).total_seconds() if began else 0.0
    message = failure_message(
        env,
        # The hook of a cancelled run is called while it is still on its way there.
        state="Cancelled" if state.is_cancelling() else state.name or state.type.value,
        step=step_under_way(flow_run.id),
        seconds=seconds,
        reason=_reason(state),
        run_url=run_url(flow_run.id),
    )
    post(load_environment(env), message)


def _reason(state: State[Any]) -> str:
    # An error of ours quotes no row and no secret. Another one's text might, so only its kind is told.
    raised = getattr(state.data, "result", state.data)
    if isinstance(raised, RefreshError):
        return str(raised)
    if isinstance(raised, BaseException):
        return f"{type(raised).__name__}; see the run's log."
    return state.message if state.message and not state.is_failed() else "See the run's log."
