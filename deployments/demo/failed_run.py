"""What the demo and the smoke test tell of a refresh that didn't complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from rich.console import Console

from blocks.refresh_environment import load_environment
from deployments.demo import report_file, show
from tasks.leftovers import find_leftovers


def tell(console: Console, env: str, directory: Path, state: State[Any]) -> None:
    """How it ended and why, and what it left behind; the same in ``report.json``."""
    show.failure(console, state)
    leftovers = find_leftovers(load_environment(env), archive_of=None)
    if state.state_details.flow_run_id is not None:
        content = report_file.unfinished(env, state.state_details.flow_run_id, state.name or "", leftovers)
        report_file.write(directory, content)
    console.print("Left behind:", ", ".join(map(str, leftovers)) or "nothing")
