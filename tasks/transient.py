"""When a task is tried again: where its error says that the same call may pass later, and only then."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from contracts.errors import RefreshError


def is_transient(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Prefect's ``retry_condition_fn``."""
    try:
        state.result()
    except RefreshError as error:
        return error.is_transient
    except Exception:  # noqa: BLE001 - a bug is no passing fault, whatever it is
        return False
    return False


# For an effect that is safe to repeat. Its result is a description of the world at one moment: never cached.
REPEATABLE: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_condition_fn": is_transient,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
# For an effect that its own function repeats where that is safe.
ONCE: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
