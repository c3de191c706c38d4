"""The smoke test's refresh, and its report."""

from __future__ import annotations

from pathlib import Path

from prefect.client.schemas.objects import State
from rich.console import Console

from blocks.refresh_environment import load_environment
from blocks.register import register_env
from contracts.naming import RunKey
from contracts.report import RefreshReport
from deployments.demo import failed_run, report_file, show
from flows.refresh import refresh
from tasks.leftovers import find_leftovers


def run(env: str, directory: Path) -> int:
    """Refresh ``env``, show what the demo shows but for rows, write ``report.json``; 0 where all is well."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    register_env(env)
    state: State[RefreshReport] = refresh(env, return_state=True)
    if not state.is_completed():
        failed_run.tell(console, env, directory, state)
        return 1
    report = state.result()
    kept = RunKey(env=env, flow_run_id=report.flow_run_id)
    content = report_file.completed(
        report, state.name or "", find_leftovers(load_environment(env), archive_of=kept)
    )
    report_file.write(directory, content)
    show.steps(console, report)
    show.tables(console, report)
    show.checks(console, report)
    # Earlier runs' archives are kept too, and other envs' runs may be under way.
    ours = [left for left in content["leftovers"] if kept.key in left]
    show.ending(console, report, directory, ours, has_copy=False)
    untrue = [f"nothing is left behind: {left}" for left in ours]
    if report.verification.verdict != "passed":
        untrue.append(f"verification passed: {report.verification.verdict}")
    return show.verdict(console, untrue)
