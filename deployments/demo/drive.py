"""Drives one refresh and shows what a person wants to see of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_UI_URL, temporary_settings
from rich.console import Console

from blocks.config_root import CHECKOUT
from blocks.environment_files import read_environment
from blocks.refresh_environment import load_environment
from blocks.register import register
from contracts.errors import RefreshError
from contracts.naming import RunKey
from contracts.report import RefreshReport
from deployments.demo import failed_run, report_file, show
from deployments.demo.look import look
from deployments.demo.promises import untrue
from deployments.demo.suggest import write_suggested_policy
from deployments.demo.world import BUCKET, LoadFailed, World, build_world, load_look_alike, load_sample
from deployments.localaws import LocalAws
from deployments.localaws.slack import SlackReceiver
from tasks.leftovers import find_leftovers
from tasks.policy_files import read_policy

ENV = "staging"


def drive(directory: Path, *, sample: Path | None, policy: Path | None) -> int:
    """Run the demo in ``directory`` and return its exit code: 0 only where everything that it shows is true."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    database = _database_name(sample) if sample else "shop"
    if policy is not None:
        try:
            read_policy(policy.resolve())
        except RefreshError as error:
            console.print(str(error), markup=False)
            return 1
    with SlackReceiver() as slack, LocalAws() as aws:
        console.print("[bold]Local AWS[/]: two Aurora clusters, each a real PostgreSQL server…")
        world = build_world(aws, slack, config_root=directory / "config", database=database, env=ENV)
        try:
            _load_production(console, world, sample)
        except LoadFailed as failure:
            console.print(str(failure), markup=False)
            return 1
        _install_policy(console, world, directory, sample, policy)
        register((read_environment(ENV),))
        if sample is None:
            show.rows(console, "production, before", world.source_conninfo())
        console.print(f"[bold]refresh(env={ENV!r})[/], in a Prefect server of its own…")
        # The type of the flow's `env` is the envs that have a file when it is imported.
        from flows.refresh import refresh

        with temporary_settings({PREFECT_UI_URL: _server_address()}):
            state: State[RefreshReport] = refresh(ENV, return_state=True)
        return _finish(console, world, directory, state, is_look_alike=sample is None)


def _server_address() -> str:
    """Where the demo's own Prefect server listens: it chose its port when it was first asked."""
    with get_client(sync_client=True) as client:
        return f"{client.api_url.scheme}://{client.api_url.netloc.decode()}"


def _database_name(sample: Path) -> str:
    """The sample's file or folder name as a database is called; policies are found by it."""
    stem = sample.resolve().name.split(".")[0]
    return re.sub(r"[^a-z0-9_]+", "_", stem.lower()).strip("_")[:40] or "sample"


def _load_production(console: Console, world: World, sample: Path | None) -> None:
    if sample is None:
        load_look_alike(world)
        console.print("Loaded the look-alike of production: a small shop, every value in it invented.")
    else:
        load_sample(world.source_conninfo(), sample)
        console.print(f"Loaded {sample} as production.")


def _install_policy(
    console: Console, world: World, directory: Path, sample: Path | None, policy: Path | None
) -> None:
    home = world.config_root / "sql" / "databases" / world.database
    if sample is None:
        shutil.copytree(CHECKOUT / "sql" / "databases" / "shop", home)
    elif policy is not None:
        home.parent.mkdir(parents=True)
        home.symlink_to(policy.resolve(), target_is_directory=True)
    else:
        write_suggested_policy(world, sample, home)
        shutil.copytree(home, directory / "policy")
        console.print(
            f"[yellow]No policy was given, so a suggested one is applied unreviewed; only this demo does that.[/]"
            f" What was in doubt is masked. It is in {directory / 'policy'}."
        )


def _finish(
    console: Console, world: World, directory: Path, state: State[RefreshReport], *, is_look_alike: bool
) -> int:
    if not state.is_completed():
        failed_run.tell(console, ENV, directory, state)
        return 1
    report = state.result()
    run = RunKey(env=ENV, flow_run_id=report.flow_run_id)
    content = report_file.completed(
        report, state.name or "", find_leftovers(load_environment(ENV), archive_of=run)
    )
    report_file.write(directory, content)
    _download_archive(world, report, directory / "archive")
    show.steps(console, report)
    show.tables(console, report)
    show.checks(console, report)
    if is_look_alike:
        show.rows(console, "staging, after", world.target_conninfo())
    show.slack(console, world.slack)
    show.ending(console, report, directory, content["leftovers"])
    return show.verdict(console, untrue(content, look(world, directory / "archive")))


def _download_archive(world: World, report: RefreshReport, directory: Path) -> None:
    """Copy the archive as it lies in S3, so that plain pg_restore can be tried on it."""
    prefix = report.archive.uri.removeprefix(f"s3://{BUCKET}/")
    s3 = world.aws.client("s3")
    directory.mkdir()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
        for item in page.get("Contents", []):
            s3.download_file(BUCKET, item["Key"], str(directory / item["Key"].removeprefix(prefix)))
