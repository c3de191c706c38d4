"""What the demo prints. The look-alike's rows are invented, so they may be shown; nobody else's are."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import psycopg
from prefect.client.schemas.objects import State
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.errors import RefreshError
from contracts.messages import duration, size
from contracts.report import RefreshReport
from deployments.demo.report_file import REPORT_NAME
from deployments.localaws.slack import SlackReceiver

_SHOWN = (
    "SELECT id, first_name, last_name, email, ssn, phone, date_of_birth FROM public.users ORDER BY id LIMIT 4"
)


def rows(console: Console, title: str, conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute(_SHOWN)
        table = Table(
            "id", "first name", "last name", "e-mail", "SSN", "phone", "born", title=f"users in {title}"
        )
        for row in found:
            table.add_row(*(str(value) for value in row))
    console.print(table)


def steps(console: Console, report: RefreshReport) -> None:
    table = Table("step", "time", title=f"refresh of {report.env}, run {report.run_key}")
    for step in report.steps:
        table.add_row(step.name, duration(step.seconds))
    table.add_section()
    table.add_row("all", duration(report.seconds))
    console.print(table)


def tables(console: Console, report: RefreshReport) -> None:
    table = Table("table", "rows", "action", "columns masked", title="masked before a byte left the clone")
    for entry in report.tables:
        masked = [
            f"{column.column} ({column.masker})"
            for column in report.columns
            if column.table == entry.table and column.action == "mask"
        ]
        table.add_row(entry.table, f"{entry.rows:,}", entry.action, ", ".join(masked))
    console.print(table)


def checks(console: Console, report: RefreshReport) -> None:
    table = Table("check", "rows", "result", title=f"verification: {report.verification.verdict}")
    for check in report.verification.checks:
        table.add_row(check.name, f"{check.scope_rows:,}", check.result)
    console.print(table)
    for check in report.verification.checks:
        if check.detail:
            console.print(f"{check.name}: {check.detail}", markup=False, highlight=False)


def slack(console: Console, receiver: SlackReceiver) -> None:
    console.print(
        "[bold]Slack heard[/] (the links lead to this demo's own Prefect server, which ends with it)"
    )
    for message in receiver.messages:
        console.print(f"  {message['text']}".replace("\n", "\n  "), markup=False)


def failure(console: Console, state: State[Any]) -> None:
    """How a run ended that didn't complete, and why."""
    console.print(f"[bold red]The refresh ended as {state.name}.[/]")
    error = state.result(raise_on_failure=False)
    if isinstance(error, RefreshError):
        text = str(error)
    elif isinstance(error, BaseException):
        text = "".join(traceback.format_exception(error))
    else:
        text = str(state.message)
    console.print(text, markup=False)


def ending(
    console: Console, report: RefreshReport, directory: Path, leftovers: list[str], *, has_copy: bool = True
) -> None:
    target = report.target
    copy = f"; a copy in {directory / 'archive'}" if has_copy else ""
    console.print(
        f"[bold]Archive[/]  {report.archive.uri}: {report.archive.objects} objects,"
        f" {size(report.archive.size_bytes)}{copy}"
    )
    console.print(
        f"[bold]Swap[/]     {target.database} has {target.rows:,} rows; what it was is {target.previous};"
        f" took {target.swap_seconds:.2f} s, {target.sessions_terminated} sessions ended"
    )
    for warning in report.warnings:
        console.print(f"[yellow]Warning[/]  {warning}")
    console.print(f"[bold]Left behind[/] {', '.join(leftovers) or 'nothing'}")
    console.print(f"[bold]Report[/]   {directory / REPORT_NAME}")


def verdict(console: Console, untrue: list[str]) -> int:
    """Name what isn't true, and return the demo's exit code: 0 only where that is nothing."""
    for promise in untrue:
        console.print(Text.assemble(("Not true: ", "bold red"), promise))
    return 1 if untrue else 0
