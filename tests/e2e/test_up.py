"""``make up``, driven by the command line and by the API, and ended by Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.fix_prefect import CHECKOUT, ask_prefect

UP_TIMEOUT_S = 300
RUN_TIMEOUT_S = 300
pytestmark = pytest.mark.timeout(UP_TIMEOUT_S + RUN_TIMEOUT_S)


@dataclass(frozen=True, kw_only=True)
class Up:
    process: subprocess.Popen[str]
    output: Path
    home: Path

    @property
    def printed(self) -> str:
        return self.output.read_text()

    @property
    def ui_url(self) -> str:
        return str(re.findall(r"Prefect +(http://\S+)", self.printed)[0])

    def client(self, service: str) -> Any:
        endpoint = re.findall(r"local AWS +(http://\S+)", self.printed)[0]
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=endpoint, region_name="eu-west-1",
            aws_access_key_id="123456789012", aws_secret_access_key="local",
        )  # fmt: skip

    def api(self, method: str, path: str, body: object = None) -> Any:
        return ask_prefect(f"{self.ui_url}/api", method, path, body)

    def processes(self) -> list[str]:
        """Command lines of all that runs in its directory or has it as home, alive."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                is_its_own = f"HOME={self.home}/".encode() in (path / "environ").read_bytes()
                if is_its_own:
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """``make up``, in a process group of its own, as a terminal would have it."""
    home = tmp_path_factory.mktemp("up")
    output = tmp_path_factory.mktemp("up-output") / "output"
    with output.open("w") as out:
        process = subprocess.Popen(
            ["make", "up", f"ARGS=--directory {home}"],
            cwd=CHECKOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    made = Up(process=process, output=output, home=home)
    try:
        deadline = time.monotonic() + UP_TIMEOUT_S
        while "Ctrl-C ends" not in made.printed:
            assert process.poll() is None, made.printed
            assert time.monotonic() < deadline, made.printed
            time.sleep(0.5)
        yield made
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)


def test_it_prints_where_the_ui_is_and_has_every_deployment_and_automation(up: Up) -> None:
    with urllib.request.urlopen(up.ui_url, timeout=60) as page:
        assert b"<html" in page.read()
    deployments = {item["name"]: item for item in up.api("POST", "/deployments/filter", {})}
    assert deployments.keys() >= {"nightly", "adhoc", "ci", "janitor", "rollback", "check"}
    assert {item["work_pool_name"] for item in deployments.values()} == {"refresh"}
    assert up.api("GET", "/work_pools/refresh")["type"] == "ecs"
    assert up.api("GET", "/deployments/name/refresh/adhoc")["parameter_openapi_schema"]["properties"]["env"][
        "enum"
    ] == ["dev", "staging"]
    assert len(up.api("POST", "/automations/filter", {})) == 3


def test_a_refresh_by_the_command_line_runs_in_a_task_and_completes(up: Up) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "prefect", "deployment", "run", "refresh/ci"),
            *("--param", "env=staging", "--watch"),
        ],
        cwd=CHECKOUT,
        env={**os.environ, "PREFECT_API_URL": f"{up.ui_url}/api"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    (run,) = up.api("POST", "/flow_runs/filter", {"flow_runs": {"name": {"any_": ["refresh-staging"]}}})
    assert run["state_name"] == "Completed"
    ecs = up.client("ecs")
    task = ecs.describe_tasks(cluster="refresh", tasks=[run["infrastructure_pid"].partition("::")[2]])[
        "tasks"
    ][0]
    assert task["taskDefinitionArn"].endswith("/refresh:1")
    clusters = [
        found["DBClusterIdentifier"] for found in up.client("rds").describe_db_clusters()["DBClusters"]
    ]
    assert sorted(clusters) == ["shop-production", "shop-staging"], "the clone is gone"
    assert "*staging* has masked data" in up.printed, "Slack's message is shown"


def test_its_log_is_a_stream_in_the_log_group_and_holds_no_secret(up: Up) -> None:
    logs = up.client("logs")
    streams = logs.describe_log_streams(logGroupName="/refresh/tasks")["logStreams"]
    assert all(stream["logStreamName"].startswith("refresh/prefect/") for stream in streams)
    lines = "\n".join(
        event["message"]
        for stream in streams
        for event in logs.get_log_events(
            logGroupName="/refresh/tasks", logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    )
    assert "refresh-staging" in lines
    manager = up.client("secretsmanager")
    for secret in manager.list_secrets()["SecretList"]:
        assert manager.get_secret_value(SecretId=secret["ARN"])["SecretString"] not in lines


def test_a_sweep_by_the_api_runs_in_a_task_of_the_size_that_it_asks_for(up: Up) -> None:
    deployment = up.api("GET", "/deployments/name/janitor/janitor")
    size = {"job_variables": {"cpu": 4096, "memory": 16384}}
    run = up.api("POST", f"/deployments/{deployment['id']}/create_flow_run", size)
    deadline = time.monotonic() + RUN_TIMEOUT_S
    while (now := up.api("GET", f"/flow_runs/{run['id']}"))["state_type"] not in {
        "COMPLETED",
        "FAILED",
        "CRASHED",
    }:
        assert time.monotonic() < deadline, now["state_name"]
        time.sleep(0.5)
    assert now["state_name"] == "Completed", now["state"]["message"]
    task_arn = now["infrastructure_pid"].partition("::")[2]
    (task,) = up.client("ecs").describe_tasks(cluster="refresh", tasks=[task_arn])["tasks"]
    assert (task["cpu"], task["memory"]) == ("4096", "16384")


def test_ctrl_c_ends_all_of_it(up: Up) -> None:
    assert any("prefect server" in command for command in up.processes())
    os.killpg(up.process.pid, signal.SIGINT)
    up.process.wait(timeout=60)
    assert "Everything has ended." in up.printed
    assert up.processes() == []
