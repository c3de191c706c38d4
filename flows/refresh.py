"""Bring masked production data into the database of a dev or staging env."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from prefect import flow

from blocks.env_name import EnvName
from blocks.environment_files import environment_names
from blocks.refresh_environment import load_environment
from blocks.register import register_env
from contracts.errors import RefreshError
from contracts.report import RefreshReport, StepReport
from flows.cleanup import cleanup
from flows.clone import clone
from flows.dump import dump
from flows.mask import mask
from flows.restore import restore
from flows.snapshot import NEW, snapshot
from tasks.archiving import extent_of, read_masking_report, reusable_archive
from tasks.aurora.renewal import renewed_while_alive
from tasks.cleaning import without_hiding
from tasks.hooks import clean_up_after_death, tell_failure
from tasks.mask_job import mask_in_own_job
from tasks.one_at_a_time import one_refresh_at_a_time
from tasks.prefect_runs import this_run
from tasks.preflight import preflight
from tasks.reporting import publish, report_of, tell_success
from tasks.timing import timed


@flow(
    name="refresh",
    flow_run_name="refresh-{env}",
    persist_result=False,
    on_failure=[tell_failure],
    on_crashed=[clean_up_after_death, tell_failure],
    on_cancellation=[clean_up_after_death, tell_failure],
)
def refresh(env: EnvName, from_snapshot: str = NEW) -> RefreshReport:
    """Replace an env's database with masked production data.

    Args:
        env: Which env to refresh.
        from_snapshot: `new` takes a snapshot now; `latest-automated` uses the newest nightly one; anything else is
            the identifier or ARN of an existing cluster snapshot.
    """
    run = this_run(env)
    steps: list[StepReport] = []
    with one_refresh_at_a_time(env):
        block = load_environment(env)
        try:
            with timed("preflight", steps):
                policy_digest = preflight(block, run)
            # A retry after a failed restore finds the archive of the attempt before it, and begins there.
            archive = reusable_archive(block, run, policy_digest)
            if archive is None:
                with renewed_while_alive(block, run):
                    with timed("snapshot", steps):
                        taken = snapshot(run, from_snapshot)
                    with timed("clone", steps):
                        cloned = clone(run, taken)
                    with timed("mask", steps):
                        own_job = block.environment.masking.deployment
                        masked = (
                            mask_in_own_job(block, run, cloned, own_job) if own_job else mask(run, cloned)
                        )
                    with timed("dump", steps):
                        archive = dump(run, cloned, masked, taken)
            else:
                masked = read_masking_report(block, run, archive)
            # Asked before the swap: once the target has the new data, no report is worth a failed run.
            extent = extent_of(block, archive)
            with timed("restore", steps):
                restored = restore(run)
        finally:
            with timed("cleanup", steps), without_hiding(sys.exception()):
                cleanup(run)
        report = report_of(block, run, steps, masked, archive, extent, restored)
        publish(report)
        tell_success(block, report)
        return report


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.refresh", description=__doc__)
    parser.add_argument("--env", required=True, choices=environment_names(), help="which env to refresh")
    parser.add_argument(
        "--from-snapshot",
        default=NEW,
        metavar="SNAPSHOT",
        help="new (the default), latest-automated, or the identifier or ARN of a cluster snapshot",
    )
    options = parser.parse_args(arguments)
    try:
        register_env(options.env)
        refresh(options.env, from_snapshot=options.from_snapshot)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
