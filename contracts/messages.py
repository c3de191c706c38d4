"""What Slack and the run's page in Prefect say. Plain facts: names, counts, times; never a value of a row."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.fleet import FleetReport
from contracts.report import RefreshReport
from contracts.results import Snapshot

_STEP_REMEDY = {
    "preflight": "Nothing was touched. Mend what the message names, then start the refresh again.",
    "snapshot": "The target is untouched. Start the refresh again.",
    "clone": "The target is untouched. Start the refresh again.",
    "mask": "The target is untouched and nothing left the clone. Mend the policy, then start the refresh again.",
    "dump": "The target is untouched. Start the refresh again.",
    "restore": "The target is what it was. Retry the run in Prefect: it begins at the archive.",
    "cleanup": "The target may have the new data already. See what is still there; the janitor tries again.",
    "report": "The target has the new data; only telling about it failed. There is nothing to do again.",
}

_LINES = 200


def size(size_bytes: int) -> str:
    """For people: ``1.4 GB``."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def duration(seconds: float) -> str:
    """For people: ``12 s``, ``3 min 05 s``, ``1 h 12 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def snapshot_message(env: str, source: str, snapshot: Snapshot, seconds: float, run_url: str) -> str:
    return (
        f":camera: *{env}*: snapshot `{snapshot.identifier}` of `{source}` is available"
        f" ({snapshot.kind}, {duration(seconds)}).\n{run_url}"
    )


def success_message(report: RefreshReport, run_url: str) -> str:
    masked = sum(column.action == "mask" for column in report.columns)
    steps = ", ".join(f"{step.name} {duration(step.seconds)}" for step in report.steps)
    lines = [
        (
            f":white_check_mark: *{report.env}* has masked data of `{report.source}`:"
            f" {report.target.rows:,} rows, {masked} columns masked, in {duration(report.seconds)}."
        ),
        f"Steps: {steps}.",
        f"Archive: {report.archive.uri} ({size(report.archive.size_bytes)}).",
    ]
    if report.target.previous:
        lines.append(f"Before it: `{report.target.previous}`, kept for a rollback.")
    lines += [f":warning: {warning}" for warning in report.warnings]
    return "\n".join([*lines, run_url])


def failure_message(env: str, *, state: str, step: str, seconds: float, reason: str, run_url: str) -> str:
    return "\n".join(
        [
            f":x: *{env}*: the refresh ended as {state} in step *{step}* after {duration(seconds)}.",
            reason,
            f"Next: {_STEP_REMEDY.get(step, 'See the run in Prefect.')}",
            run_url,
        ]
    )


def summary_markdown(report: RefreshReport) -> str:
    """The artifact on the run's page."""
    checks = "\n".join(
        f"| {check.name} | {check.scope_rows:,} | {check.result} |" for check in report.verification.checks
    )
    # In a column of their own Prefect's page cuts them off.
    details = "\n".join(
        f"- *{check.name}*: {check.detail}." for check in report.verification.checks if check.detail
    )
    acknowledged = _first(
        f"| {found.place} | {found.count:,} values {found.detail} | {found.reason} |"
        for found in report.verification.acknowledged
    )
    unsearched = _first(
        f"| {found.column} | {found.what} | {found.reason} |" for found in report.verification.not_searched
    )
    tables = "\n".join(f"| {table.table} | {table.action} | {table.rows:,} |" for table in report.tables)
    steps = "\n".join(f"| {step.name} | {duration(step.seconds)} |" for step in report.steps)
    return f"""# {report.env}: {report.target.rows:,} rows from {report.source}

Archive {report.archive.uri}, {report.archive.objects} objects, {size(report.archive.size_bytes)}.
Live database `{report.target.database}`, before it `{report.target.previous or "none"}`.
{_verdict_line(report)}

| step | time |
|---|---|
{steps}

| check | rows | result |
|---|---|---|
{checks}

{details}

| acknowledged by the policy | found | why it may be there |
|---|---|---|
{acknowledged}

| not searched | what | why |
|---|---|---|
{unsearched}

| table | action | rows |
|---|---|---|
{tables}
"""


def fleet_message(report: FleetReport, run_url: str) -> str:
    """One line per env."""
    refreshed = len(report.runs) - len(report.not_refreshed)
    mark = ":x:" if report.not_refreshed else ":white_check_mark:"
    lines = [
        f"{mark} *fleet*: {refreshed} of {len(report.runs)} envs refreshed, in {duration(report.seconds)}."
    ]
    lines += [
        f"{':white_check_mark:' if run.is_completed else ':x:'} *{run.env}*: {run.state},"
        f" {duration(run.seconds)}, {run.run_url}"
        for run in report.runs
    ]
    return "\n".join([*lines, run_url])


def fleet_markdown(report: FleetReport) -> str:
    """The artifact on the fleet's page."""
    runs = "\n".join(
        f"| {run.env} | {run.state} | {duration(run.seconds)} | {run.run_url} |" for run in report.runs
    )
    refreshed = len(report.runs) - len(report.not_refreshed)
    return f"""# {refreshed} of {len(report.runs)} envs refreshed, in {duration(report.seconds)}

| env | state | time | run |
|---|---|---|---|
{runs}
"""


def _first(lines: Iterable[str]) -> str:
    """As many as a page can show; all of them are in the archive's masking report."""
    found = list(lines)
    more = len(found) - _LINES
    return "\n".join(
        [*found[:_LINES], f"| … and {more:,} more | in masking-report.json | |"] if more > 0 else found
    )


def _verdict_line(report: RefreshReport) -> str:
    if report.verdict is None:
        return ""
    verdict = report.verdict
    return (
        f"Signed: snapshot `{verdict.snapshot_arn}`, policy `{verdict.policy_digest}`, code `{verdict.code_version}`, "
        f"signature `{verdict.signature}`."
    )
