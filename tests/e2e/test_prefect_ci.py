"""A pipeline refreshes an env through a deployment, a work pool and a worker, and waits for the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.naming import RunKey
from contracts.ownership import Ownership
from tests.e2e.conftest import Env
from tests.fix_prefect import Daemon


@pytest.fixture(scope="module")
def env(envs: Any, prefect_worker: Callable[..., Daemon]) -> Iterator[Env]:
    """An env whose deployments, all of ``prefect.yaml``, have a worker."""
    env: Env = envs()
    registered = env.run_python("-m", "blocks.register", env.name)
    assert registered.returncode == 0, registered.stderr
    env.prefect.create_process_pool("refresh")
    env.cli("deploy", "--all", "--no-prompt")
    worker = prefect_worker("refresh", environment=env.process_environment)
    yield env
    worker.stop()
    env.forget()


@pytest.fixture(scope="module")
def refreshed(env: Env) -> subprocess.CompletedProcess[str]:
    """What a pipeline sees of its refresh."""
    return env.cli("deployment", "run", "refresh/ci", "--param", f"env={env.name}", "--watch", expect=None)


def test_a_run_that_completes_ends_the_waiting_command_well(
    env: Env, refreshed: subprocess.CompletedProcess[str]
) -> None:
    assert (env.runs()[0]["state_name"], refreshed.returncode) == ("Completed", 0), refreshed.stdout
    assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == [(3000,)]
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    run = env.run_key()
    assert [found for found in env.leftovers(archive_of=run) if run.key in found.identifier] == []


@pytest.mark.usefixtures("refreshed")
def test_a_rollback_is_one_run_of_its_deployment(env: Env) -> None:
    run = env.prefect.run_deployment("rollback/rollback", env=env.name)
    assert env.prefect.wait_for_run(run) == "Completed"
    assert env.query("SELECT count(*) FROM users") == [(20,)]


def test_the_janitor_sweeps_as_a_run_of_its_deployment(env: Env) -> None:
    orphan = RunKey(env=env.name, flow_run_id=uuid4())
    long_ago = datetime.now(UTC) - timedelta(days=20)
    tags = Ownership(env=env.name, flow_run_id=orphan.flow_run_id, expires_at=long_ago).aws_tags()
    secrets, name = env.world.aws.client("secretsmanager"), orphan.aws_identifier("clone-master")
    secrets.create_secret(Name=name, SecretString="{}", Tags=tags)
    assert env.prefect.wait_for_run(env.prefect.run_deployment("janitor/janitor")) == "Completed"
    assert name not in {secret["Name"] for secret in secrets.list_secrets()["SecretList"]}
