"""Refresh several envs, each by a run of its own."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from blocks.env_name import EnvName
from contracts.errors import FleetIncomplete
from contracts.fleet import AT_ONCE, AT_ONCE_MAX, FleetReport, each_once
from flows.snapshot import NEW
from tasks.fleet import refresh_all, tell_fleet
from tasks.prefect_runs import this_run_id


@flow(name="refresh_fleet", flow_run_name="refresh-fleet", persist_result=False)
def refresh_fleet(
    envs: Annotated[list[EnvName], Field(min_length=1)],
    at_once: Annotated[int, Field(ge=1, le=AT_ONCE_MAX)] = AT_ONCE,
    from_snapshot: str = NEW,
) -> FleetReport:
    """Replace the databases of several envs with masked production data.

    Args:
        envs: Which envs to refresh.
        at_once: How many of them at a time: each has a snapshot and a clone, of which an AWS account may have so many.
        from_snapshot: As in `refresh`; `latest-automated` lets all of one source begin at the same snapshot.
    """
    run_id = this_run_id()
    report = refresh_all(run_id, each_once(envs), {"from_snapshot": from_snapshot}, at_once=at_once)
    tell_fleet(run_id, report)
    if report.not_refreshed:
        raise FleetIncomplete(envs=report.not_refreshed, of=len(report.runs))
    return report
