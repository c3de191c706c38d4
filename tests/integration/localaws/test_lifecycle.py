"""Local AWS ends without a trace, however it ends, and never touches another that lives."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from deployments.localaws import LocalAws
from deployments.localaws.ecs.processes import find_processes
from deployments.localaws.run_directory import stop_servers, sweep
from tests.fix_localaws import MASTER, PASSWORD, SCALING, wait_until

CHECKOUT = Path(__file__).parents[3]
IMAGE = "example.com/sleeper@sha256:" + "0" * 64


@pytest.fixture
def run_root() -> Iterator[Path]:
    """Where the emulators of one test keep their run directories, apart from everybody else's."""
    path = Path(tempfile.mkdtemp(prefix="t-", dir=os.environ.get("LOCALAWS_TMPDIR"))).resolve()
    path.chmod(0o711)
    yield path
    stop_servers(path)
    shutil.rmtree(path)


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """One that runs in a process of its own. ``servers`` are the pids of its PostgreSQL servers."""

    process: subprocess.Popen[str]
    ca_bundle: Path
    run_directory: Path
    port: int
    servers: list[int]

    def has_servers(self) -> bool:
        """Whether one still runs; a zombie, which has no command line, doesn't."""
        commands = (Path(f"/proc/{pid}/cmdline") for pid in self.servers)
        return any(command.exists() and command.read_bytes() for command in commands)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=MASTER, password=PASSWORD, dbname="postgres",
            sslmode="verify-full", sslrootcert=str(self.ca_bundle),
        )  # fmt: skip


@contextlib.contextmanager
def emulator(run_root: Path, *options: str, with_cluster: bool = True) -> Iterator[Emulator]:
    """Run one until the block ends, then end it by SIGTERM, unless it has ended."""
    others = set(run_root.iterdir())
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "deployments.localaws", "--least-status-s", "0.05"),
            *("--image", IMAGE, *options),
        ],
        cwd=CHECKOUT,
        env={**os.environ, "LOCALAWS_TMPDIR": str(run_root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, f"it ended with {process.wait()} after printing {printed!r}"
            printed += line
        endpoint = re.findall(r"AWS_ENDPOINT_URL=(\S+)", printed)[0]
        port = start_cluster(endpoint) if with_cluster else 0
        (run_directory,) = set(run_root.iterdir()) - others
        files = list(run_directory.glob("*/data/postmaster.pid"))
        assert bool(files) == with_cluster
        if with_cluster:
            start_task(endpoint)
            assert find_processes(run_directory)
        yield Emulator(
            process=process,
            ca_bundle=Path(re.findall(r"RDS CA bundle +(\S+)", printed)[0]),
            run_directory=run_directory,
            port=port,
            servers=[int(file.read_text().split("\n", 1)[0]) for file in files],
        )
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def client(service: str, endpoint: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


def start_task(endpoint: str) -> None:
    """A task on ECS that runs until somebody ends it."""
    ecs = client("ecs", endpoint)
    subnet = client("ec2", endpoint).describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_cluster(clusterName="e")
    ecs.register_task_definition(
        family="sleeper",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "sleeper", "image": IMAGE, "command": ["sleep", "600"]}],
    )
    task = ecs.run_task(
        cluster="e",
        taskDefinition="sleeper",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )["tasks"][0]["taskArn"]
    wait_until(lambda: ecs.describe_tasks(cluster="e", tasks=[task])["tasks"][0]["lastStatus"] == "RUNNING")


def start_cluster(endpoint: str) -> int:
    """The port of a cluster whose instance is available."""
    rds = client("rds", endpoint)
    rds.create_db_cluster(
        DBClusterIdentifier="c",
        Engine="aurora-postgresql",
        MasterUsername=MASTER,
        MasterUserPassword=PASSWORD,
        ServerlessV2ScalingConfiguration=SCALING,
    )
    wait_until(lambda: rds.describe_db_clusters()["DBClusters"][0]["Status"] == "available")
    rds.create_db_instance(
        DBInstanceIdentifier="i",
        DBClusterIdentifier="c",
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )
    wait_until(lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available")
    return int(rds.describe_db_clusters()["DBClusters"][0]["Port"])


def test_ctrl_c_leaves_no_process_no_directory_and_the_log_in_the_home_that_was_named(
    run_root: Path, tmp_path: Path
) -> None:
    with emulator(run_root, "--home", str(tmp_path)) as one:
        assert one.ca_bundle == tmp_path / "ca.pem"
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(timeout=30) == 0
        assert not one.has_servers()
        assert not find_processes(one.run_directory)
        assert list(run_root.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "calls.jsonl"}


def test_a_killed_one_is_swept_at_the_next_start_and_a_live_one_beside_it_is_not(run_root: Path) -> None:
    with emulator(run_root) as killed, emulator(run_root) as lives:
        assert killed.port != lives.port
        killed.process.kill()
        killed.process.wait()
        assert killed.has_servers()
        assert find_processes(killed.run_directory)
        assert killed.run_directory.exists()
        with emulator(run_root, with_cluster=False):
            assert not killed.has_servers()
            assert not find_processes(killed.run_directory)
            assert not killed.run_directory.exists()
            assert find_processes(lives.run_directory)
            with lives.connect() as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert list(run_root.iterdir()) == [lives.run_directory]
    assert lives.process.returncode == 0
    assert not lives.has_servers()
    assert not find_processes(lives.run_directory)
    assert list(run_root.iterdir()) == []


def test_a_run_directory_whose_process_lives_is_not_swept(local_aws: LocalAws, shop: str) -> None:
    sweep()
    assert local_aws.ca_bundle.exists()


def test_a_second_one_in_the_same_process_is_refused(local_aws: LocalAws) -> None:
    with pytest.raises(RuntimeError, match="already running in this process"), LocalAws():
        pass
    assert local_aws.client("sts").get_caller_identity()["Account"] == local_aws.account_id


def test_a_pid_that_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (tmp_path / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n{tmp_path}/data\n")
        stop_servers(tmp_path)
        assert bystander.poll() is None
        bystander.kill()
