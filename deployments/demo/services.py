"""The processes of ``make up``: a Prefect server, the ECS worker, and the commands that fill the server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from blocks.config_root import CHECKOUT
from deployments.demo.daemon import Daemon

SERVER_START_TIMEOUT_S = 180
WORKER_START_TIMEOUT_S = 120
COMMAND_TIMEOUT_S = 180


class CommandFailed(Exception):
    """What it printed is the message."""


def local_environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Of a process that talks to this machine alone, whatever the shell is logged in to.

    Prefect keeps its files in ``~/.prefect``, and a worker hands each PREFECT_ setting down to its tasks. So it is
    HOME that differs here, not PREFECT_HOME.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PREFECT_", "PG", "REFRESH_"))
    }
    home.mkdir(parents=True, exist_ok=True)
    return {
        **ours,
        "HOME": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start_server(port: int, environment: Mapping[str, str], log: Path) -> Daemon:
    """Returns when it answers."""
    argv = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = Daemon.start(argv, environment=environment, cwd=log.parent, log=log)

    def is_healthy() -> bool:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    return _when_ready(server, is_healthy, SERVER_START_TIMEOUT_S, "the Prefect server")


def start_ecs_worker(pool: str, environment: Mapping[str, str], log: Path) -> Daemon:
    """Returns when it polls."""
    argv = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "ecs"]
    worker = Daemon.start(argv, environment=environment, cwd=log.parent, log=log)
    return _when_ready(worker, lambda: "started!" in worker.tail(), WORKER_START_TIMEOUT_S, "the ECS worker")


def _when_ready(daemon: Daemon, is_ready: Callable[[], bool], timeout_s: float, what: str) -> Daemon:
    try:
        daemon.wait_until(is_ready, timeout_s=timeout_s, what=what)
    except BaseException:
        daemon.stop()
        raise
    return daemon


def run(arguments: list[str], environment: Mapping[str, str]) -> str:
    """``python …`` in the checkout, to its end; what it printed. Raises :class:`CommandFailed`."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise CommandFailed(
            f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout
