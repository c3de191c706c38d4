"""The locked versions make a Prefect server that starts and schedules; our names survive its ids."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.naming import RunKey
from tests.fix_prefect import CHECKOUT, PrefectServer

FLOW = """
from prefect import flow


@flow
def tick() -> None:
    print("tick")
"""

DEPLOYMENTS = """
deployments:
  - name: every-minute
    entrypoint: tick.py:tick
    work_pool:
      name: {pool}
    schedules:
      - cron: "* * * * *"
        timezone: Europe/Berlin
"""

SCHEDULER_TIMEOUT_S = 60


@pytest.fixture(scope="module")
def scheduled_runs(
    prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[dict[str, Any]]]:
    """At least ten runs that the scheduler made in one batch for a deployment with a cron schedule."""
    project: Path = tmp_path_factory.mktemp("tick")
    (project / "tick.py").write_text(FLOW)
    (project / "prefect.yaml").write_text(DEPLOYMENTS.format(pool="tick"))
    prefect_server.create_process_pool("tick")
    prefect_server.cli("deploy", "--all", "--no-prompt", cwd=project)
    deployment = prefect_server.deployment("tick/every-minute")
    deadline = time.monotonic() + SCHEDULER_TIMEOUT_S
    runs: list[dict[str, Any]] = []
    while len(runs) < 10 and time.monotonic() < deadline:
        time.sleep(0.5)
        runs = prefect_server.flow_runs(deployments={"id": {"any_": [deployment["id"]]}})
    yield runs
    prefect_server.api("DELETE", f"/deployments/{deployment['id']}")


def test_a_cron_schedule_makes_runs(scheduled_runs: list[dict[str, Any]]) -> None:
    assert len(scheduled_runs) >= 10, "the scheduler made no runs: see the server's log for why"
    assert {run["state_type"] for run in scheduled_runs} == {"SCHEDULED"}
    assert all(run["auto_scheduled"] for run in scheduled_runs)


def test_ten_scheduled_runs_of_one_batch_have_ten_run_keys(scheduled_runs: list[dict[str, Any]]) -> None:
    batch = scheduled_runs[:10]
    keys = {RunKey(env="staging", flow_run_id=UUID(run["id"])).key for run in batch}
    assert len(keys) == 10


def test_the_server_logs_no_failed_scheduling(
    scheduled_runs: list[dict[str, Any]], prefect_server: PrefectServer
) -> None:
    assert "Can't evaluate bulk DML" not in prefect_server.log.read_text()


def test_a_text_that_the_server_was_given_is_found_and_another_is_not(
    scheduled_runs: list[dict[str, Any]], prefect_server: PrefectServer
) -> None:
    """The search that the canary tests rely on, proved on a value that is known to be stored."""
    places = prefect_server.holding(["Europe/Berlin"])
    assert "deployment_schedule.schedule: Europe/Berlin" in places
    assert prefect_server.holding(["Never/Written"]) == []


def test_a_deployment_to_a_missing_pool_is_refused_and_names_it(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    (tmp_path / "tick.py").write_text(FLOW)
    (tmp_path / "prefect.yaml").write_text(DEPLOYMENTS.format(pool="not-there"))
    done = prefect_server.cli("deploy", "--all", "--no-prompt", cwd=tmp_path, expect=None)
    assert done.returncode != 0
    assert "'not-there'" in done.stdout


def test_tests_of_one_file_run_in_one_process(request: pytest.FixtureRequest) -> None:
    """Else the tests of a file would each find half of what they set up, and every set-up would be made twice."""
    is_grouped = request.config.getoption("loadgroup", default=False)
    assert request.node.nodeid.endswith("@test_prefect_server") == is_grouped


def test_the_command_of_prefect_aws_starts() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("prefect-aws"), "--help"], capture_output=True, text=True
    )
    assert (done.returncode, "ecs-worker" in done.stdout) == (0, True), done.stderr


def test_a_work_pool_of_type_ecs_can_be_created(prefect_server: PrefectServer) -> None:
    prefect_server.cli("work-pool", "create", "on-ecs", "--type", "ecs")
    pool = prefect_server.api("GET", "/work_pools/on-ecs")
    assert pool["type"] == "ecs"
    assert {"cluster", "task_definition_arn"} <= pool["base_job_template"]["variables"]["properties"].keys()


def test_nothing_that_the_tests_start_outlives_them_even_when_they_are_killed(tmp_path: Path) -> None:
    start_and_be_killed = f"""
import os
from pathlib import Path
from tests.fix_prefect import Daemon

daemon = Daemon.start(["sleep", "600"], environment=os.environ, cwd=Path(), log=Path({str(tmp_path / "log")!r}))
print(daemon.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run(
        [sys.executable, "-c", start_and_be_killed], cwd=CHECKOUT, capture_output=True, text=True
    )
    group = int(killed.stdout)
    deadline = time.monotonic() + 30
    while _is_alive(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _is_alive(group)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
