"""The events that ECS sends to EventBridge when a task changes.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import Any

from moto.events.models import events_backends

DETAIL_TYPE = "ECS Task State Change"


def send_task_event(detail: dict[str, Any], *, account_id: str, region: str) -> None:
    """Give a task's description to the rules of the default event bus, which pass it on to their targets."""
    bus = events_backends[account_id][region].describe_event_bus("default")
    for rule in list(bus.rules.values()):
        if rule.state != "ENABLED":
            continue
        event: Any = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": DETAIL_TYPE,
            "source": "aws.ecs",
            "account": account_id,
            "time": time.time(),  # moto words it
            "region": region,
            "resources": [detail["taskArn"]],
            "detail": as_json(detail),
        }
        rule.send_to_targets(event, transform_input=False)  # with a transformer moto needs jsonpath_ng


def as_json(value: Any) -> Any:
    """With times as EventBridge writes them."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return value
