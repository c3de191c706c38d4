"""The automations, as values. They work on the open-source server.

https://docs.prefect.io/v3/concepts/automations
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from prefect.automations import (
    AutomationCore,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    RunDeployment,
    SendNotification,
)
from prefect.client.schemas.objects import StateType

from deployments.ecs.job_template import HEARTBEAT_S

HEARTBEAT = "prefect.flow-run.heartbeat"
CRASHED = "prefect.flow-run.Crashed"
OUR_FLOWS = ("refresh", "refresh_fleet", "mask", "rollback", "janitor", "policy")
LOST_AFTER = timedelta(seconds=5 * HEARTBEAT_S)
"""A busy server or network may swallow a heartbeat or two; a live run that is called dead loses its clone."""
JANITOR_AFTER = timedelta(seconds=60)
"""Where somebody could still run the crashed run's own hook, it has cleaned up by then."""

# After one of these a run is over, or somebody else looks after it, and no heartbeat is due.
_NO_MORE_HEARTBEATS = (
    "Completed",
    "Failed",
    "TimedOut",
    "Crashed",
    "Cancelling",
    "Cancelled",
    "AwaitingRetry",
    "Scheduled",
    "Late",
    "Pending",
    "Paused",
    "Suspended",
)


def automations(
    *,
    janitor_deployment_id: UUID,
    slack_block_id: UUID | None = None,
    lost_after: timedelta = LOST_AFTER,
    janitor_after: timedelta = JANITOR_AFTER,
) -> Iterator[AutomationCore]:
    """All of them; the one that tells Slack only where there is a block to tell it by."""
    yield AutomationCore(
        name="refresh: a run without heartbeats has crashed",
        description=f"Calls a run Crashed of which nothing was heard for {lost_after.total_seconds():.0f} s.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{state}" for state in _NO_MORE_HEARTBEATS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=_of(*OUR_FLOWS),
            for_each={"prefect.resource.id"},
            threshold=1,
            within=lost_after,
        ),
        actions=[
            # Not forced: a run that has ended after all stays what it is.
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"Nothing was heard of it for {lost_after.total_seconds():.0f} s: it is gone, or hangs.",
            )
        ],
    )
    yield AutomationCore(
        name="refresh: the janitor cleans up after a crash",
        description="Runs the janitor when a refresh has crashed.",
        trigger=_crash_of("refresh"),
        actions=[RunDeployment(deployment_id=janitor_deployment_id, schedule_after=janitor_after)],
    )
    if slack_block_id is not None:
        yield AutomationCore(
            name="refresh: Slack hears of a crash",
            description="Tells Slack when a run has crashed, which it may have been unable to tell itself.",
            trigger=_crash_of(*OUR_FLOWS),
            actions=[
                SendNotification(
                    block_document_id=slack_block_id,
                    subject=":skull: {{ flow_run.name }} has crashed",
                    body=(
                        "{{ flow_run.state.message }}\nThe janitor takes away what a dead refresh left.\n"
                        "{{ flow_run|ui_url }}"
                    ),
                )
            ],
        )


def _crash_of(*flows: str) -> EventTrigger:
    return EventTrigger(
        posture=Posture.Reactive,
        expect={CRASHED},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=_of(*flows),
        for_each={"prefect.resource.id"},
        threshold=1,
    )


def _of(*flows: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "flow", "prefect.resource.name": list(flows)}
