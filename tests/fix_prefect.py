"""A real Prefect server, its CLI and its workers, for the tests.

One server serves a whole test process (a cold start takes up to half a minute), on a free port, with a PREFECT_HOME
of its own: each process of a parallel run has one. Servers and workers die with the tests, however those end.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from deployments.demo.daemon import Daemon
from tests.warm_python import WarmPython

__all__ = ["CHECKOUT", "Daemon", "PrefectServer", "ask_prefect"]

CHECKOUT = Path(__file__).parent.parent
SERVER_START_TIMEOUT_S = 180
WORKER_START_TIMEOUT_S = 90
CLI_TIMEOUT_S = 240
API_ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class PrefectServer:
    """A test process's server. ``home`` holds its database and the results of flow runs."""

    api_url: str
    home: Path
    log: Path
    #: Whose settings are this server's; None before it has been started.
    warm: WarmPython | None = None

    @property
    def database(self) -> Path:
        return self.home / "prefect.db"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a process that talks to this server and to nothing of the developer's."""
        return {
            **os.environ,
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.home),
            "PREFECT_UI_URL": self.api_url.removesuffix("/api"),
            "PREFECT_CLI_COLORS": "false",
            "PREFECT_CLI_WRAP_LINES": "false",
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
            **(extra or {}),
        }

    def api(self, method: str, path: str, body: object = None) -> Any:
        """One call of the REST API, e.g. ``api("POST", "/flow_runs/filter", {"limit": 5})``."""
        return ask_prefect(self.api_url, method, path, body)

    def cli(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path = CHECKOUT,
        expect: int | None = 0,
    ) -> subprocess.CompletedProcess[str]:
        """``prefect …``, stderr after stdout; ``expect`` is the exit code that it has to end with (None: any)."""
        done = self.python("-m", "prefect", *arguments, environment=environment, cwd=cwd)
        done.stdout += done.stderr
        if expect is not None:
            assert done.returncode == expect, f"prefect {' '.join(arguments)}:\n{done.stdout}"
        return done

    def python(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path = CHECKOUT,
        timeout_s: float = CLI_TIMEOUT_S,
    ) -> subprocess.CompletedProcess[str]:
        """``python …`` that talks to this server, waited for."""
        whole = self.environment(environment)
        if self.warm and self.warm.has_settings_of(whole):
            return self.warm.run(arguments, environment=whole, cwd=cwd, timeout_s=timeout_s)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=whole,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    def start_cli(
        self, *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path = CHECKOUT
    ) -> subprocess.Popen[str]:
        """``prefect …``, started and not waited for; stderr goes into stdout."""
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            env=self.environment(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def create_process_pool(self, name: str) -> None:
        """What ``prefect work-pool create … --type process --overwrite`` does, in a tenth of its time.

        The pool's first worker says what its jobs look like.
        """
        try:
            self.api("POST", "/work_pools/", {"name": name, "type": "process"})
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.CONFLICT:  # there is one already
                raise

    def run_deployment(self, name: str, **parameters: Any) -> str:
        """Ask for a run of ``flow/deployment``; its id."""
        body = {"state": {"type": "SCHEDULED"}, "parameters": parameters}
        run = self.api("POST", f"/deployments/{self.deployment(name)['id']}/create_flow_run", body)
        return str(run["id"])

    def wait_for_run(self, run_id: str, *, timeout_s: float = 180) -> str:
        """The name of the state that a run has ended in."""
        deadline = time.monotonic() + timeout_s
        while True:
            run = self.api("GET", f"/flow_runs/{run_id}")
            if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
                return str(run["state_name"])
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run['name']} is still {run['state_name']}")
            time.sleep(0.3)

    def flow_runs(self, **filters: Any) -> list[dict[str, Any]]:
        """Flow runs as the API gives them; filters as it takes them: ``deployments={"id": {"any_": […]}}``."""
        found: list[dict[str, Any]] = self.api("POST", "/flow_runs/filter", {"limit": 200, **filters})
        return found

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment by ``flow/deployment``."""
        found: dict[str, Any] = self.api("GET", f"/deployments/name/{name}")
        return found

    def holding(self, needles: Iterable[str]) -> list[str]:
        """Where the server keeps one of ``needles``: database cells, its files, its log. None is what one wants.

        Base64 (pickled results) is searched decoded too, and the database file also as bytes, since a deleted
        row stays in its page.
        """
        wanted = [needle.encode() for needle in needles]
        found = set()
        for place, content in self._everything():
            searched = content + b"\n" + _decoded_base64(content)
            found |= {f"{place}: {needle.decode()}" for needle in wanted if needle in searched}
        return sorted(found)

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                rows = connection.execute(f'SELECT * FROM "{table.decode()}"')
                columns = [column[0] for column in rows.description]
                for row in rows:
                    for column, cell in zip(columns, row, strict=True):
                        if isinstance(cell, bytes):
                            # JSON cells hold non-ASCII text as \uXXXX.
                            text = re.sub(rb"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)).encode(), cell)
                            yield f"{table.decode()}.{column}", text
        for path in (*self.home.rglob("*"), self.log):
            if path.is_file():
                yield str(path), path.read_bytes()


def ask_prefect(api_url: str, method: str, path: str, body: object = None) -> Any:
    """One call of a Prefect server's REST API, asked again while its database is busy."""
    request = urllib.request.Request(
        f"{api_url}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    only_asks = method == "GET" or path.endswith("/filter")
    for attempt in itertools.count(1):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            # Its SQLite was locked: Prefect's own client tries again too.
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE and attempt < API_ATTEMPTS:
                time.sleep(attempt)
                continue
            error.add_note(f"{method} {path}: {error.read().decode(errors='replace')}")
            raise
        except TimeoutError:
            # So can a question be that waited for a lock; what changes something may have been carried out.
            if not only_asks or attempt == API_ATTEMPTS:
                raise
        else:
            return json.loads(text) if text else None
    raise AssertionError("counting has no end")


def _decoded_base64(content: bytes) -> bytes:
    parts = []
    for match in re.finditer(rb"[A-Za-z0-9+/]{24,}={0,2}", content.replace(b"\\n", b"")):
        with contextlib.suppress(binascii.Error):
            parts.append(base64.b64decode(match[0] + b"=" * (-len(match[0]) % 4)))
    return b"\n".join(parts)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """This test process's own Prefect server."""
    home = tmp_path_factory.mktemp("prefect")
    port = _free_port()
    logs = tmp_path_factory.mktemp("prefect-log")
    server = PrefectServer(api_url=f"http://127.0.0.1:{port}/api", home=home, log=logs / "server.log")
    daemon = Daemon.start(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        environment=server.environment(),
        cwd=home,
        log=server.log,
    )

    def is_healthy() -> bool:
        try:
            return server.api("GET", "/health") is True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    warm = WarmPython.start(server.environment(), cwd=CHECKOUT, log=logs / "warm-python.log")
    try:
        daemon.wait_until(is_healthy, timeout_s=SERVER_START_TIMEOUT_S, what="prefect server start")
        yield replace(server, warm=warm)
    finally:
        warm.stop()
        daemon.stop()


@pytest.fixture(scope="module")
def prefect_worker(
    prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Daemon]]:
    """``prefect_worker(pool, environment={…})`` starts a worker of type ``process`` and waits till it polls."""
    started: list[Daemon] = []
    logs = tmp_path_factory.mktemp("prefect-workers")

    def start(pool: str, *, environment: Mapping[str, str] | None = None, cwd: Path = CHECKOUT) -> Daemon:
        name = f"{pool}-{os.getpid()}-{time.monotonic_ns()}"
        daemon = Daemon.start(
            [
                *(sys.executable, "-m", "prefect", "worker", "start"),
                *("--pool", pool, "--type", "process", "--name", name),
            ],
            environment=prefect_server.environment(
                {"PREFECT_WORKER_QUERY_SECONDS": "1", **(environment or {})}
            ),
            cwd=cwd,
            log=logs / f"worker-{len(started)}.log",
        )
        started.append(daemon)

        def is_online() -> bool:
            workers = prefect_server.api("POST", f"/work_pools/{pool}/workers/filter", {})
            return any(worker["name"] == name and worker["status"] == "ONLINE" for worker in workers)

        daemon.wait_until(is_online, timeout_s=WORKER_START_TIMEOUT_S, what=f"the worker of pool {pool!r}")
        return daemon

    try:
        yield start
    finally:
        for daemon in started:
            daemon.stop()
