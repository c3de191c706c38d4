"""Several envs are refreshed by one run, each in a run of its own: ``FLEET=8`` makes them eight (``make fleet``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.conftest import Env
from tests.fix_prefect import Daemon

ENVS = int(os.environ.get("FLEET", "2"))
AT_ONCE = (ENVS + 1) // 2
PATIENCE_S = 60.0 + 60.0 * ENVS
pytestmark = pytest.mark.timeout(2 * PATIENCE_S)


@pytest.fixture(scope="module")
def fleet(envs: Any, prefect_worker: Callable[..., Daemon]) -> Iterator[list[Env]]:
    """Envs of one production, and a worker for the deployments of ``prefect.yaml``; the last env can't be refreshed."""
    made: list[Env] = [envs() for _ in range(ENVS)]
    (made[-1].policy / "policy.yaml").write_text("tables: [\n")
    first = made[0]
    registered = first.run_python("-m", "blocks.register", *(env.name for env in made))
    assert registered.returncode == 0, registered.stderr
    first.prefect.create_process_pool("refresh")
    first.cli("deploy", "--no-prompt", "-n", "refresh/adhoc", "-n", "refresh_fleet/fleet")
    worker = prefect_worker("refresh", environment=first.process_environment)
    yield made
    worker.stop()
    first.world.aws.faults.reset()
    for env in made:
        env.forget()


@pytest.fixture(scope="module")
def ended(fleet: list[Env]) -> dict[str, Any]:
    """A fleet's run of all of them, with a name twice, at its end.

    The source is busy with a snapshot when the first wants to take one, as it is with many envs of one source.
    """
    fleet[0].world.aws.faults.fail("CreateDBClusterSnapshot", "InvalidDBClusterStateFault", times=2)
    server, names = fleet[0].prefect, [env.name for env in fleet]
    run = server.run_deployment("refresh_fleet/fleet", envs=[*names, names[0]], at_once=AT_ONCE)
    server.wait_for_run(run, timeout_s=PATIENCE_S)
    found: dict[str, Any] = server.api("GET", f"/flow_runs/{run}")
    return found


def runs_of(fleet: list[Env], fleet_run: str) -> dict[str, dict[str, Any]]:
    """The fleet's runs, by env."""
    children = fleet[0].prefect.flow_runs(flow_runs={"parent_flow_run_id": {"any_": [fleet_run]}})
    assert len(children) == len({child["parameters"]["env"] for child in children})
    return {child["parameters"]["env"]: child for child in children}


def test_one_env_that_fails_keeps_none_of_the_others_from_being_refreshed(
    fleet: list[Env], ended: dict[str, Any]
) -> None:
    states = {name: run["state_name"] for name, run in runs_of(fleet, ended["id"]).items()}
    assert states == {
        **{env.name: "Completed" for env in fleet[:-1]},
        fleet[-1].name: "Failed",
    }
    for env in fleet[:-1]:
        assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == [(3000,)]
    assert fleet[-1].query("SELECT count(*) FROM users") == [(20,)]


def test_the_fleet_has_failed_and_names_the_env(fleet: list[Env], ended: dict[str, Any]) -> None:
    assert ended["state_name"] == "Failed"
    assert f"1 of {ENVS} envs weren't refreshed: {fleet[-1].name}" in ended["state"]["message"]


def test_no_more_than_the_asked_for_number_were_under_way_at_once(
    fleet: list[Env], ended: dict[str, Any]
) -> None:
    runs = runs_of(fleet, ended["id"]).values()
    times = [(_time(run["start_time"]), _time(run["end_time"])) for run in runs]
    assert max(sum(began <= moment < end for began, end in times) for moment, _ in times) <= AT_ONCE


def test_one_report_is_on_its_page_and_in_slack_with_a_line_per_env(
    fleet: list[Env], ended: dict[str, Any]
) -> None:
    server = fleet[0].prefect
    of_the_run = {"artifacts": {"flow_run_id": {"any_": [ended["id"]]}, "key": {"any_": ["refresh-fleet"]}}}
    (artifact,) = server.api("POST", "/artifacts/filter", of_the_run)
    (told,) = (
        str(message["text"])
        for message in fleet[0].world.slack.messages
        if ended["id"] in str(message["text"])
    )
    for name, run in runs_of(fleet, ended["id"]).items():
        assert f"| {name} | {run['state_name']} |" in artifact["data"]
        assert f"*{name}*: {run['state_name']}" in told
        assert f"/runs/flow-run/{run['id']}" in told


def test_cancelling_it_cancels_what_it_began_and_begins_nothing_more(
    fleet: list[Env], ended: dict[str, Any]
) -> None:
    """Prefect's server does: a deployment's run is a subflow of the run that asked for it."""
    held, never = fleet[:2]
    server, rds = held.prefect, held.world.aws.client("rds")
    held.world.aws.faults.throttle("CreateDBInstance", times=100_000)
    run = server.run_deployment("refresh_fleet/fleet", envs=[held.name, never.name], at_once=1)
    _wait_until(
        lambda: any(
            found["DBClusterIdentifier"].startswith(f"refresh-{held.name}-")
            for found in rds.describe_db_clusters()["DBClusters"]
        ),
        "a clone",
    )
    held.cli("flow-run", "cancel", run)
    assert server.wait_for_run(run, timeout_s=PATIENCE_S) == "Cancelled"
    child = runs_of(fleet, run)[held.name]
    assert server.wait_for_run(child["id"], timeout_s=PATIENCE_S) == "Cancelled"
    held.world.aws.faults.reset()
    assert runs_of(fleet, run).keys() == {held.name}
    # The archive of the fleet before is meant to stay.
    _wait_until(lambda: not [left for left in held.leftovers() if left.kind != "archive"], "cleanup")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not after {PATIENCE_S:.0f} s"
        time.sleep(0.3)
