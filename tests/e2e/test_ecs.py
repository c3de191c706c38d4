"""The product's deployments in an ECS work pool: for each way to end, what ran, what Prefect shows, what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from deployments.demo.ecs import CLUSTER, LOG_GROUP, make_ecs, worker_environment
from deployments.demo.services import local_environment, start_ecs_worker
from deployments.demo.world import World
from deployments.ecs.job_template import CONTAINER, base_job_template
from deployments.ecs.pool import FAMILY
from deployments.localaws.ecs.containers import Container
from tests.e2e.conftest import Env
from tests.fix_prefect import PrefectServer

PATIENCE_S = 240.0
pytestmark = pytest.mark.timeout(3 * PATIENCE_S)
POOL = "refresh"  # prefect.yaml names it
# What registers and what automates, in one process: each would take seconds to come up.
REGISTER_AND_AUTOMATE = """
import sys
from blocks.register import main as register
from deployments.automations.__main__ import main as automate

secret, *envs = sys.argv[1:]
sys.exit(register(envs) or automate(["--janitor-after-s", "1", "--slack-secret", secret]))
"""


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not after {PATIENCE_S:.0f} s"
        time.sleep(0.3)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of ``refresh/adhoc`` for an env of its own."""

    env: Env
    id: str

    @property
    def state(self) -> str:
        return str(self.env.prefect.api("GET", f"/flow_runs/{self.id}")["state_name"])

    def wait_for_state(self, name: str) -> None:
        wait_until(lambda: self.state == name, f"{self.env.name} is {name}, not {self.state}")

    def tasks(self) -> list[dict[str, Any]]:
        """Its tasks on ECS, the oldest first."""
        ecs = self.env.world.aws.client("ecs")
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"]
        ]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns, include=["TAGS"])["tasks"] if arns else []
        own = {"key": "prefect.io/flow-run-id", "value": self.id}
        return sorted((task for task in tasks if own in task["tags"]), key=lambda task: task["createdAt"])

    def has_a_clone(self) -> bool:
        clusters = self.env.world.aws.client("rds").describe_db_clusters()["DBClusters"]
        return any(found["DBClusterIdentifier"].startswith(f"refresh-{self.env.name}-") for found in clusters)

    def log(self, task: dict[str, Any]) -> list[str]:
        """What one of its tasks has printed."""
        stream = f"{FAMILY}/{CONTAINER}/{task['taskArn'].rpartition('/')[2]}"
        found = self.env.world.aws.client("logs").get_log_events(
            logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in found["events"]]

    def container(self) -> Container:
        """That of its latest task. Its first process is ``prefect flow-run execute``."""
        return self.env.world.aws.container(self.tasks()[-1]["taskArn"], CONTAINER)

    def engine(self) -> int:
        """The process that the container's first one runs the flow in."""
        (child,) = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.container().process_id)], capture_output=True, text=True
        ).stdout.split()
        return int(child)

    def ends(self) -> list[tuple[int | None, str]]:
        """Exit code and stop code of each of its tasks, once all have stopped."""
        wait_until(
            lambda: all(task["lastStatus"] == "STOPPED" for task in self.tasks()), "its tasks have stopped"
        )
        return [(task["containers"][0].get("exitCode"), task["stopCode"]) for task in self.tasks()]

    def nothing_is_left(self) -> None:
        """Of this env; other runs may be alive."""
        name = self.env.name
        wait_until(
            lambda: (
                not [
                    left
                    for left in map(str, self.env.leftovers())
                    if re.search(rf"(?<![a-z0-9]){name}(?![a-z0-9])", left)
                ]
            ),
            f"nothing is left of {name}",
        )


@pytest.fixture(scope="module")
def envs_of_the_pool(envs: Any, world: World) -> Iterator[dict[str, Env]]:
    """Every scenario has an env, and all of them are there when the deployments are made."""
    made: dict[str, Env] = {name: envs() for name in ("failed", "cancelled", "killed", "stopped")}
    yield made
    world.aws.faults.reset()
    for env in made.values():
        env.forget()


@pytest.fixture(scope="module")
def pool(
    world: World,
    prefect_server: PrefectServer,
    envs_of_the_pool: dict[str, Env],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PrefectServer]:
    """The pool, the product's deployments in it, the automations, and a worker of type ``ecs``."""
    env = envs_of_the_pool["failed"]
    home = tmp_path_factory.mktemp("ecs")
    ui_url = prefect_server.api_url.removesuffix("/api")
    made_of = make_ecs(world, prefect_api_url=prefect_server.api_url, environment={"PREFECT_UI_URL": ui_url})
    with suppress(HTTPError):
        prefect_server.api("DELETE", f"/work_pools/{POOL}")  # another module's, of another type
    template = base_job_template(made_of)
    prefect_server.api("POST", "/work_pools/", {"name": POOL, "type": "ecs", "base_job_template": template})
    assert (
        env.run_python("-m", "blocks.register", *(env.name for env in envs_of_the_pool.values())).returncode
        == 0
    )
    env.cli("deploy", "--no-prompt", "-n", "refresh/adhoc", "-n", "janitor/janitor")
    registered = env.run_python(
        *(
            "-c",
            REGISTER_AND_AUTOMATE,
            world.secrets["slack"],
            *(env.name for env in envs_of_the_pool.values()),
        ),
        AWS_ENDPOINT_URL=world.aws.endpoint_url,
    )
    assert registered.returncode == 0, registered.stderr
    settings = {"PREFECT_API_URL": prefect_server.api_url, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    worker = start_ecs_worker(
        POOL,
        local_environment(home / "worker", {**settings, **worker_environment(world)}),
        home / "worker.log",
    )
    yield prefect_server
    worker.stop()
    for automation in prefect_server.api("POST", "/automations/filter", {}):
        prefect_server.api("DELETE", f"/automations/{automation['id']}")
    prefect_server.api("DELETE", f"/work_pools/{POOL}")


@pytest.fixture(scope="module")
def held(pool: PrefectServer, world: World, envs_of_the_pool: dict[str, Env]) -> dict[str, Run]:
    """Runs that wait for their clone's instance until they die (or give up, after minutes)."""
    world.aws.faults.throttle("CreateDBInstance", times=100_000)
    runs = {
        name: Run(env=env, id=pool.run_deployment("refresh/adhoc", env=env.name))
        for name, env in envs_of_the_pool.items()
        if name != "failed"
    }
    wait_until(lambda: all(run.has_a_clone() for run in runs.values()), "a clone each")
    return runs


def test_a_run_in_the_pool_may_choose_its_size_and_nothing_else(
    pool: PrefectServer, envs_of_the_pool: dict[str, Env]
) -> None:
    """Refused by the server; that it would change nothing otherwise is a unit test of the job template."""
    parameters = {"env": envs_of_the_pool["failed"].name}
    path = f"/deployments/{pool.deployment('refresh/adhoc')['id']}/create_flow_run"
    for job_variables in (
        {"image": "x"},
        {"env": {"A": "1"}},
        {"cpu": 1},
        {"cpu": "{{ prefect.variables.x }}"},
    ):
        with pytest.raises(HTTPError) as caught:
            pool.api("POST", path, {"parameters": parameters, "job_variables": job_variables})
        assert caught.value.code == 422


def test_a_run_that_fails_is_failed_and_its_task_has_done_its_work(
    pool: PrefectServer, envs_of_the_pool: dict[str, Env]
) -> None:
    env = envs_of_the_pool["failed"]
    (env.policy / "policy.yaml").write_text("tables: {}\n")
    run = Run(env=env, id=pool.run_deployment("refresh/adhoc", env=env.name))
    run.wait_for_state("Failed")
    assert run.ends() == [(0, "EssentialContainerExited")]
    assert any("Failed" in message for message in env.slack())
    run.nothing_is_left()


def test_a_held_run_sends_heartbeats_that_the_automation_knows_as_a_refresh_s(
    pool: PrefectServer, held: dict[str, Run]
) -> None:
    beats = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{held['stopped'].id}"]},
        }
    }
    events = pool.api("POST", "/events/filter", beats)["events"]
    assert events
    flows = [related for related in events[0]["related"] if related["prefect.resource.role"] == "flow"]
    assert [flow["prefect.resource.name"] for flow in flows] == ["refresh"]


def test_a_run_whose_engine_is_killed_is_cleaned_up_after_by_its_supervisor(held: dict[str, Run]) -> None:
    run = held["killed"]
    os.kill(run.engine(), signal.SIGKILL)
    run.wait_for_state("Crashed")
    run.nothing_is_left()
    (task,) = run.ends()
    assert task[1] == "EssentialContainerExited"
    wait_until(lambda: any("ended as Crashed" in message for message in run.env.slack()), "Slack hears")


def test_a_run_that_is_cancelled_is_cleaned_up_after_by_its_supervisor(held: dict[str, Run]) -> None:
    run = held["cancelled"]
    run.env.cli("flow-run", "cancel", run.id)
    run.wait_for_state("Cancelled")
    run.nothing_is_left()
    assert run.ends() == [(0, "EssentialContainerExited")]
    assert any("ended as Cancelled" in message for message in run.env.slack())


def test_a_run_whose_task_is_stopped_cleans_up_and_runs_again_in_a_new_task(held: dict[str, Run]) -> None:
    run = held["stopped"]
    before = run.env.fingerprint()
    run.env.world.aws.client("ecs").stop_task(
        cluster=CLUSTER, task=run.tasks()[0]["taskArn"], reason="by the test"
    )
    wait_until(lambda: run.tasks()[0]["lastStatus"] == "STOPPED", "the first task has stopped")
    first = run.tasks()[0]
    assert (first["containers"][0]["exitCode"], first["stopCode"]) == (0, "UserInitiated")
    assert any(
        "Crash detected! Execution was aborted by a termination signal" in line for line in run.log(first)
    ), "the flow was unwound, so its finally ran; Prefect gives it 30 s"
    wait_until(
        lambda: len(run.tasks()) == 2 and run.has_a_clone() and run.state == "Running",
        "a second task has a clone",
    )
    assert run.env.fingerprint() == before


def test_a_run_whose_container_is_killed_is_found_out_by_the_worker_and_swept_by_the_janitor(
    held: dict[str, Run],
) -> None:
    """Nothing of the run's own is left to run: no finally, no hook."""
    run = held["stopped"]
    before = run.env.fingerprint()
    wait_until(lambda: len(run.tasks()) == 2 and run.has_a_clone(), "the second attempt has a clone")
    run.container().kill_at_once()
    run.wait_for_state("Crashed")
    assert run.ends()[-1] == (137, "EssentialContainerExited")
    run.nothing_is_left()
    assert run.env.fingerprint() == before
    told = [message["text"] for message in run.env.world.slack.messages]
    assert any("refresh-" + run.env.name in text and "has crashed" in text for text in told), json.dumps(told)


def test_in_the_end_nothing_is_left_of_any_of_them_in_aws_and_no_process(held: dict[str, Run]) -> None:
    for run in held.values():
        run.ends()
        wait_until(lambda one=run: one.env.leftovers() == [], "nothing is left")  # type: ignore[misc]
    aws = next(iter(held.values())).env.world.aws
    # A sweep may still be coming to its end.
    wait_until(lambda: aws.client("ecs").list_tasks(cluster=CLUSTER)["taskArns"] == [], "no task runs")
    for run in held.values():
        for task in run.tasks():
            first = aws.container(task["taskArn"], CONTAINER).process_id
            assert not Path(f"/proc/{first}").exists()
