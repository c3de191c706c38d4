"""``prefect.yaml`` makes the deployments that people, schedules and pipelines use."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from blocks.environment_files import environment_names
from contracts.fleet import AT_ONCE_MAX
from tests.fix_prefect import Daemon, PrefectServer

RUN_START_TIMEOUT_S = 90


def runs_of(server: PrefectServer, deployment: str) -> dict[str, dict[str, Any]]:
    """All flow runs of a deployment, by id."""
    runs = server.flow_runs(deployments={"id": {"any_": [server.deployment(deployment)["id"]]}})
    return {run["id"]: run for run in runs}


@pytest.fixture(scope="module")
def deployed(prefect_server: PrefectServer) -> PrefectServer:
    prefect_server.cli("work-pool", "create", "refresh", "--type", "process", "--overwrite")
    prefect_server.cli("deploy", "--all", "--no-prompt")
    return prefect_server


@pytest.mark.parametrize(
    "name",
    [
        "refresh/nightly",
        "refresh/adhoc",
        "refresh/ci",
        "refresh_fleet/fleet",
        "janitor/janitor",
        "rollback/rollback",
        "policy/check",
    ],
)
def test_one_command_makes_every_deployment_in_the_one_pool(deployed: PrefectServer, name: str) -> None:
    assert deployed.deployment(name)["work_pool_name"] == "refresh"


@pytest.mark.parametrize(
    "name", ["refresh/nightly", "refresh/adhoc", "refresh/ci", "rollback/rollback", "policy/check"]
)
def test_env_is_a_drop_down_of_the_envs_that_have_a_file(deployed: PrefectServer, name: str) -> None:
    env = deployed.deployment(name)["parameter_openapi_schema"]["properties"]["env"]
    assert env["enum"] == list(environment_names())
    assert env["description"]


def test_a_fleets_envs_are_a_choice_of_several_and_how_many_at_once_has_a_ceiling(
    deployed: PrefectServer,
) -> None:
    properties = deployed.deployment("refresh_fleet/fleet")["parameter_openapi_schema"]["properties"]
    assert properties["envs"]["items"]["enum"] == list(environment_names())
    assert properties["envs"]["minItems"] == 1
    assert properties["at_once"]["maximum"] == AT_ONCE_MAX


def test_nightly_is_scheduled_per_env_in_its_own_time_zone(deployed: PrefectServer) -> None:
    schedules = deployed.deployment("refresh/nightly")["schedules"]
    assert {item["parameters"]["env"]: item["schedule"]["timezone"] for item in schedules} == {
        "dev": "America/New_York",
        "staging": "Europe/Berlin",
    }
    assert all(item["active"] for item in schedules)


def test_nothing_but_nightly_and_the_janitor_runs_by_itself(deployed: PrefectServer) -> None:
    scheduled = {
        deployment["name"]
        for deployment in deployed.api("POST", "/deployments/filter", {})
        if deployment["schedules"]
    }
    assert scheduled >= {"nightly", "janitor"}
    assert not scheduled & {"adhoc", "ci", "fleet", "rollback", "check"}


def test_an_unknown_env_is_refused_before_there_is_a_run(deployed: PrefectServer) -> None:
    before = runs_of(deployed, "refresh/ci")
    done = deployed.cli(
        "deployment", "run", "refresh/ci", "--param", "env=production", "--watch", expect=None
    )
    assert done.returncode != 0
    assert "production" in done.stdout
    assert "staging" in done.stdout, "the message lists what env may be"
    assert runs_of(deployed, "refresh/ci") == before


@pytest.fixture(scope="module")
def worker(deployed: PrefectServer, prefect_worker: Callable[..., Daemon]) -> Daemon:
    return prefect_worker("refresh")


@pytest.mark.usefixtures("worker")
def test_a_run_that_fails_ends_the_waiting_command_with_an_error(deployed: PrefectServer) -> None:
    """Staging isn't registered here, so the run ends at once, with the remedy in its state's message."""
    before = runs_of(deployed, "refresh/ci")
    done = deployed.cli("deployment", "run", "refresh/ci", "--param", "env=staging", "--watch", expect=None)
    (run,) = (run for id_, run in runs_of(deployed, "refresh/ci").items() if id_ not in before)
    assert (run["state_name"], done.returncode) == ("Failed", 1), done.stdout
    assert "python -m blocks.register" in run["state"]["message"]


@pytest.fixture
def busy_env(deployed: PrefectServer) -> Iterator[str]:
    """An env whose slot is taken, so that a refresh of it waits, running, and can be killed at leisure."""
    env = environment_names()[0]
    limit = deployed.api("POST", "/v2/concurrency_limits/", {"name": f"refresh-{env}", "limit": 1})
    deployed.api("POST", "/v2/concurrency_limits/increment", {"names": [limit["name"]], "slots": 1})
    yield env
    deployed.api("DELETE", f"/v2/concurrency_limits/{limit['id']}")


@pytest.fixture
def watched_run(
    deployed: PrefectServer, busy_env: str, worker: Daemon
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A ``prefect deployment run … --watch`` that waits, and the flow run that it waits for, in its own process."""
    watching = deployed.start_cli(
        "deployment", "run", "refresh/adhoc", "--param", f"env={busy_env}", "--watch"
    )
    adhoc = {"id": {"any_": [deployed.deployment("refresh/adhoc")["id"]]}}
    running = {"state": {"type": {"any_": ["RUNNING"]}}}
    deadline = time.monotonic() + RUN_START_TIMEOUT_S
    while (
        not (runs := deployed.flow_runs(deployments=adhoc, flow_runs=running))
        or not runs[0]["infrastructure_pid"]
    ):
        assert time.monotonic() < deadline, "the worker didn't start the run"
        time.sleep(0.5)
    try:
        yield watching, runs[0]
    finally:
        watching.kill()
        watching.communicate()


def test_a_run_whose_process_is_killed_ends_the_waiting_command_with_an_error(
    deployed: PrefectServer, watched_run: tuple[subprocess.Popen[str], dict[str, Any]]
) -> None:
    watching, run = watched_run
    os.kill(int(run["infrastructure_pid"].rpartition(":")[2]), signal.SIGKILL)
    output, _ = watching.communicate(timeout=120)
    assert deployed.api("GET", f"/flow_runs/{run['id']}")["state_name"] == "Crashed"
    assert watching.returncode == 1, output


def test_a_run_that_is_cancelled_ends_the_waiting_command_with_an_error(
    deployed: PrefectServer, watched_run: tuple[subprocess.Popen[str], dict[str, Any]]
) -> None:
    watching, run = watched_run
    deployed.cli("flow-run", "cancel", run["id"])
    output, _ = watching.communicate(timeout=120)
    assert deployed.api("GET", f"/flow_runs/{run['id']}")["state_name"] == "Cancelled"
    assert watching.returncode != 0, output
