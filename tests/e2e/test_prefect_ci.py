"""A pipeline refreshes an env through a deployment, a work pool and a worker, and waits for the end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from contracts.naming import RunKey
from contracts.ownership import Ownership
from tests.e2e.conftest import REFRESH_TIMEOUT_S, Env
from tests.fix_prefect import CHECKOUT, Daemon

WORKFLOW = CHECKOUT / ".github" / "workflows" / "refresh.yaml"
TAG = "github-1-1-staging"


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
    """What a pipeline sees of its refresh: the workflow's own steps, in their order."""
    return run_step(env, "Refresh", ENV=env.name, FROM_SNAPSHOT="new", TAG=TAG)


def run_step(env: Env, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A step's ``run`` of the workflow, as GitHub runs it: ``bash -e`` in the checkout."""
    (job,) = YAML(typ="safe").load(WORKFLOW)["jobs"].values()
    (script,) = (each["run"] for each in job["steps"] if each.get("name") == step)
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=CHECKOUT,
        env=env.process_environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=REFRESH_TIMEOUT_S,
    )


def test_a_run_that_completes_ends_the_waiting_command_well(
    env: Env, refreshed: subprocess.CompletedProcess[str]
) -> None:
    assert (env.runs()[0]["state_name"], refreshed.returncode) == ("Completed", 0), refreshed.stdout
    assert env.query("SELECT count(*) FROM users WHERE ssn LIKE 'XXX-XX-%'") == [(3000,)]
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    run = env.run_key()
    assert [found for found in env.leftovers(archive_of=run) if run.key in found.identifier] == []


@pytest.mark.usefixtures("refreshed")
def test_the_pipelines_summary_is_the_report_of_its_own_run(env: Env, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = run_step(env, "Report", TAG=TAG, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    text = summary.read_text()
    assert "**Completed**" in text
    assert f"/runs/flow-run/{env.run_key().flow_run_id}" in text
    assert "| row counts |" in text


def test_a_pipeline_whose_refresh_never_began_is_told_that_there_is_no_run(env: Env) -> None:
    reported = run_step(env, "Report", TAG="none", GITHUB_STEP_SUMMARY="/dev/null")
    assert (reported.returncode, "tag none: no run has it" in reported.stderr) == (1, True)


def test_a_pipeline_logs_in_to_prefect_and_its_log_hides_the_password(env: Env, tmp_path: Path) -> None:
    aws, variables = env.world.aws, tmp_path / "env"
    secret = aws.client("secretsmanager").create_secret(Name=f"prefect-{env.name}", SecretString="ci:p4ss\n")
    where = {"AWS_ENDPOINT_URL": aws.endpoint_url, "GITHUB_ENV": str(variables)}
    done = run_step(env, "Log in to Prefect", SECRET=secret["ARN"], **where)
    assert (done.returncode, variables.read_text()) == (0, "PREFECT_API_AUTH_STRING=ci:p4ss\n"), done.stderr
    assert "::add-mask::ci:p4ss" in done.stderr.splitlines()
    aws.client("secretsmanager").put_secret_value(SecretId=secret["ARN"], SecretString="ci:x\nPATH=/tmp")
    refused = run_step(env, "Log in to Prefect", SECRET=secret["ARN"], **where)
    assert refused.returncode == 1
    assert "isn't user:password in one line" in refused.stderr
    assert "PATH=/tmp" not in refused.stderr


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
