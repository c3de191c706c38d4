"""``.demo/report.json``: of a run that completed all of it, of another one what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from contracts.naming import RunKey
from contracts.report import RefreshReport
from contracts.results import Leftover
from tasks.prefect_runs import subflow_runs

REPORT_NAME = "report.json"


def completed(report: RefreshReport, state: str, leftovers: Iterable[Leftover]) -> dict[str, Any]:
    """The run's own report, how Prefect says it ended, and what was found left behind."""
    content = report.model_dump(mode="json")
    return {
        "run_key": content.pop("run_key"),
        "env": content.pop("env"),
        "state": state,
        **content,
        "leftovers": [str(leftover) for leftover in leftovers],
    }


def unfinished(env: str, flow_run_id: UUID, state: str, leftovers: Iterable[Leftover]) -> dict[str, Any]:
    """Of a run that ended otherwise: its steps are the subflows that began, as Prefect timed them."""
    return {
        "run_key": RunKey(env=env, flow_run_id=flow_run_id).key,
        "env": env,
        "state": state,
        "flow_run_id": str(flow_run_id),
        "steps": [
            {"name": run.name.split("-", 1)[0], "seconds": round(run.total_run_time.total_seconds(), 3)}
            for run in subflow_runs(flow_run_id)
        ],
        "leftovers": [str(leftover) for leftover in leftovers],
    }


def write(directory: Path, content: Mapping[str, Any]) -> None:
    (directory / REPORT_NAME).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
