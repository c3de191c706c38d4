"""Whatever dies when: nothing outlives its purpose, and the target is the old database or the new one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from contracts.naming import RunKey
from contracts.ownership import GRACE_WITHOUT_PREFECT, Ownership
from tests.e2e.conftest import Env
from tests.fix_prefect import CHECKOUT, Daemon

PATIENCE_S = 180.0


def nothing_is_left(env: Env) -> None:
    wait_until(lambda: env.leftovers() == [], lambda: f"still left: {env.leftovers()}")


def wait_until(is_so: Callable[[], bool], what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what if isinstance(what, str) else what()}: after {PATIENCE_S:.0f} s")
        time.sleep(0.3)


def clone_exists(env: Env) -> bool:
    clusters = env.world.aws.client("rds").describe_db_clusters()["DBClusters"]
    return any(found["DBClusterIdentifier"].startswith(f"refresh-{env.name}-") for found in clusters)


@contextmanager
def refresh_with_a_clone(env: Env) -> Iterator[subprocess.Popen[str]]:
    """A refresh in a process of its own, at the moment at which its clone has just come into being."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.refresh", "--env", env.name],
        cwd=CHECKOUT,
        env=env.process_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: clone_exists(env) or process.poll() is not None, "a clone")
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def set_state(env: Env, run: RunKey, state: str) -> None:
    """What a worker, an observer or an automation does with a run whose process has gone."""
    body = {"state": {"type": state, "message": "set by the test"}, "force": True}
    env.prefect.api("POST", f"/flow_runs/{run.flow_run_id}/set_state", body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_terminated_run_cleans_up_by_itself(env: Env, number: signal.Signals) -> None:
    before = env.fingerprint()
    with refresh_with_a_clone(env) as process:
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert env.runs()[0]["state_name"] in {"Crashed", "Failed"}
    assert env.leftovers() == []
    assert env.fingerprint() == before


class TestKilled:
    """SIGKILL: no ``finally``, no hook."""

    @pytest.fixture
    def killed(self, env: Env) -> Env:
        with refresh_with_a_clone(env) as process:
            process.kill()
            process.wait()
        assert env.leftovers() != []
        return env

    def test_the_janitor_leaves_a_run_alone_that_prefect_calls_running(self, killed: Env) -> None:
        left = killed.leftovers()
        assert killed.runs()[0]["state_name"] == "Running"
        assert killed.run_python("-m", "flows.janitor").returncode == 0
        assert killed.leftovers() == left
        set_state(killed, killed.run_key(), "CRASHED")
        swept = killed.run_python("-m", "flows.janitor")
        assert swept.returncode == 0, swept.stderr[-3000:]
        assert killed.leftovers() == []

    def test_the_janitor_takes_a_zombie_that_has_stopped_renewing_its_expiry(self, killed: Env) -> None:
        run = killed.run_key()
        long_ago = datetime.now(UTC) - GRACE_WITHOUT_PREFECT - timedelta(minutes=1)
        tags = Ownership(env=killed.name, flow_run_id=run.flow_run_id, expires_at=long_ago).aws_tags()
        aws = killed.world.aws
        rds = aws.client("rds")
        for cluster in rds.describe_db_clusters()["DBClusters"]:
            if cluster["DBClusterIdentifier"].startswith(f"refresh-{killed.name}-"):
                rds.add_tags_to_resource(ResourceName=cluster["DBClusterArn"], Tags=tags)
                for member in cluster["DBClusterMembers"]:
                    instance = rds.describe_db_instances(DBInstanceIdentifier=member["DBInstanceIdentifier"])
                    arn = instance["DBInstances"][0]["DBInstanceArn"]
                    rds.add_tags_to_resource(ResourceName=arn, Tags=tags)
        assert killed.run_python("-m", "flows.janitor").returncode == 0
        assert not clone_exists(killed)
        set_state(killed, run, "CRASHED")
        assert killed.run_python("-m", "flows.janitor").returncode == 0
        assert killed.leftovers() == []


class TestUnderAWorker:
    """A deployment's run, in a process of a real worker."""

    @pytest.fixture
    def started(self, env: Env, prefect_worker: Callable[..., Daemon]) -> tuple[Env, RunKey]:
        """A run of a deployment that waits for its clone's instance, so that its death can't come too late."""
        deployment = env.deploy(prefect_worker)
        env.world.aws.faults.throttle("CreateDBInstance", times=10_000)
        env.prefect.run_deployment(deployment, env=env.name)
        wait_until(lambda: clone_exists(env), "a clone")
        return env, RunKey(env=env.name, flow_run_id=UUID(env.runs()[0]["id"]))

    def test_a_killed_process_is_cleaned_up_after_by_the_worker(self, started: tuple[Env, RunKey]) -> None:
        env, run = started
        before = env.fingerprint()
        pid = int(env.runs()[0]["infrastructure_pid"].rpartition(":")[2])
        subprocess.run(["kill", "-KILL", str(pid)], check=True)
        wait_until(lambda: env.runs()[0]["state_name"] == "Crashed", "the run is Crashed")
        nothing_is_left(env)
        wait_until(lambda: any("ended as Crashed" in message for message in env.slack()), "Slack hears")
        assert env.fingerprint() == before
        assert run.key in env.slack()[-1] or str(run.flow_run_id) in env.slack()[-1]

    def test_a_cancelled_run_is_cleaned_up_after(self, started: tuple[Env, RunKey]) -> None:
        env, run = started
        before = env.fingerprint()
        env.cli("flow-run", "cancel", str(run.flow_run_id))
        wait_until(lambda: env.runs()[0]["state_name"] == "Cancelled", "the run is Cancelled")
        nothing_is_left(env)
        wait_until(lambda: any("ended as Cancelled" in message for message in env.slack()), "Slack hears")
        assert env.fingerprint() == before
