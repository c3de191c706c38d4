"""What a finished run tells: the report, its page in Prefect, and Slack."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_logger

from blocks.refresh_environment import RefreshEnvironment
from contracts.messages import snapshot_message, success_message, summary_markdown
from contracts.naming import RunKey
from contracts.report import ArchiveReport, MaskingReport, RefreshReport, StepReport, TargetReport
from contracts.results import Archive, Restored, Snapshot
from tasks.prefect_runs import run_url
from tasks.slack import post
from tasks.transient import ONCE


def report_of(
    block: RefreshEnvironment,
    run: RunKey,
    steps: Sequence[StepReport],
    masked: MaskingReport,
    archive: Archive,
    extent: ArchiveReport,
    restored: Restored,
) -> RefreshReport:
    manifest = archive.manifest
    return RefreshReport(
        run_key=run.key,
        flow_run_id=run.flow_run_id,
        env=run.env,
        source=block.environment.source.cluster,
        snapshot=manifest.snapshot_arn,
        steps=tuple(steps),
        tables=masked.tables,
        columns=masked.columns,
        verification=masked.verification.model_copy(
            update={"checks": (*masked.verification.checks, *restored.checks)}
        ),
        archive=extent,
        target=TargetReport(
            database=restored.database,
            rows=restored.rows,
            previous=restored.previous,
            sessions_terminated=restored.sessions_terminated,
            swap_seconds=restored.swap_seconds,
        ),
        verdict=masked.verdict,
        warnings=restored.warnings,
    )


def publish(report: RefreshReport) -> None:
    """The summary on the run's page. An artifact made in a subflow wouldn't be shown there.

    Never raises, as telling Slack doesn't: the target has the new data, whether or not that can be told.
    """
    try:
        create_markdown_artifact(
            key=f"refresh-{report.env}",
            markdown=summary_markdown(report),
            description=f"Refresh of {report.env}",
        )
    except Exception as error:  # noqa: BLE001 - told by its kind: whatever Prefect says of it is Prefect's
        get_logger("refresh.report").warning(
            "The summary wasn't written to the run's page: %s", type(error).__name__
        )


@task(**ONCE)
def tell_success(block: RefreshEnvironment, report: RefreshReport) -> None:
    post(block, success_message(report, run_url(report.flow_run_id)))


@task(**ONCE)
def tell_snapshot(block: RefreshEnvironment, run: RunKey, taken: Snapshot, seconds: float) -> None:
    message = snapshot_message(
        run.env, block.environment.source.cluster, taken, seconds, run_url(run.flow_run_id)
    )
    post(block, message)
