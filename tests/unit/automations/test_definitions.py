"""What the server does when a run has died: which run, on what sign, and what then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.automations import (
    AutomationCore,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    RunDeployment,
    SendNotification,
)
from prefect.client.schemas.objects import StateType

from deployments.automations.definitions import HEARTBEAT, automations
from deployments.ecs.job_template import HEARTBEAT_S

JANITOR, SLACK = uuid4(), uuid4()
FLOWS = Path(__file__).parents[3] / "flows"


def made(slack: UUID | None = SLACK) -> list[AutomationCore]:
    return list(automations(janitor_deployment_id=JANITOR, slack_block_id=slack))


def trigger(automation: AutomationCore) -> EventTrigger:
    assert isinstance(automation.trigger, EventTrigger)
    return automation.trigger


def test_a_run_that_stops_sending_heartbeats_is_called_crashed_unless_it_has_ended() -> None:
    lost = made()[0]
    (action,) = lost.actions
    assert isinstance(action, ChangeFlowRunState)
    assert (action.state, action.force) == (StateType.CRASHED, False)
    assert trigger(lost).posture == Posture.Proactive
    assert trigger(lost).after == {HEARTBEAT}
    assert trigger(lost).within >= timedelta(seconds=3 * HEARTBEAT_S), "one that is late isn't lost"


@pytest.mark.parametrize(
    "state",
    [
        "Completed",
        "Failed",
        "TimedOut",
        "Crashed",
        "Cancelled",
        "Cancelling",
        "AwaitingRetry",
        "Paused",
        "Suspended",
    ],
)
def test_a_run_that_ends_pauses_or_is_scheduled_again_owes_no_heartbeat(state: str) -> None:
    assert f"prefect.flow-run.{state}" in trigger(made()[0]).expect


def test_a_crashed_refresh_brings_the_janitor_and_a_crashed_janitor_does_not() -> None:
    sweep = made()[1]
    (action,) = sweep.actions
    assert isinstance(action, RunDeployment)
    assert action.deployment_id == JANITOR
    assert trigger(sweep).expect == {"prefect.flow-run.Crashed"}
    assert trigger(sweep).match_related.root["prefect.resource.name"] == ["refresh"]  # type: ignore[union-attr]


def test_slack_is_told_where_there_is_a_block_to_tell_it_by() -> None:
    (action,) = made()[2].actions
    assert isinstance(action, SendNotification)
    assert action.block_document_id == SLACK
    assert len(made(slack=None)) == 2


def test_what_slack_is_told_holds_no_parameter_and_no_result() -> None:
    (action,) = made()[2].actions
    assert isinstance(action, SendNotification)
    assert "parameters" not in action.subject + action.body
    assert "data" not in action.body


def test_every_flow_that_a_deployment_runs_is_watched() -> None:
    from ruamel.yaml import YAML

    listed = YAML(typ="safe").load(FLOWS.parent / "prefect.yaml")["deployments"]
    flows = {deployment["entrypoint"].rpartition(":")[2] for deployment in listed}
    assert set(trigger(made()[0]).match_related.root["prefect.resource.name"]) >= flows  # type: ignore[union-attr]
