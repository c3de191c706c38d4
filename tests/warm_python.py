"""A Python that has Prefect and our modules loaded already, and runs ``python -m …`` or ``python -c …`` in a fork.

Loading them costs more processor time than most of what the tests then ask of them. A fork is a process like any
other: an own id, environment, working directory, arguments and end. What depends on the envs there are
(``flows``, by ``blocks.env_name``) is loaded in it.

Run as ``python -m tests.warm_python SOCKET``, it serves :meth:`WarmPython.run`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.demo.daemon import Daemon

START_TIMEOUT_S = 180
_REQUEST_MAX = 1 << 20
_LOADED = (
    *("prefect.main", "prefect.flow_engine", "prefect.task_engine"),
    *("prefect.cli.deploy", "prefect.cli.deployment", "prefect.cli.flow_run"),
    "prefect_sqlalchemy.database",
)
_LOADED_WITH_ALL_BELOW = ("contracts", "masking", "tasks", "blocks")
_DEPENDS_ON_ENVS = {"blocks.env_name"}


@dataclass(frozen=True, kw_only=True)
class WarmPython:
    """A running one. Prefect's settings are those that it was started with."""

    daemon: Daemon
    address: str
    settings: dict[str, str]

    @classmethod
    def start(cls, environment: Mapping[str, str], *, cwd: Path, log: Path) -> WarmPython:
        """Doesn't wait until it has loaded everything: :meth:`run` does."""
        # Not beside the log: a socket's path may be no longer than 107 characters.
        address = str(Path(tempfile.mkdtemp(prefix="refresh-tests-warm-")) / "socket")
        argv = [sys.executable, "-m", "tests.warm_python", address]
        daemon = Daemon.start(argv, environment=environment, cwd=cwd, log=log)
        return cls(daemon=daemon, address=address, settings=_settings(environment))

    def stop(self) -> None:
        self.daemon.stop()
        shutil.rmtree(Path(self.address).parent)

    def has_settings_of(self, environment: Mapping[str, str]) -> bool:
        """Whether Prefect, which reads its settings once, would find the same in a process of its own."""
        return _settings(environment) == self.settings

    def run(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], cwd: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """What ``subprocess.run([python, *arguments])`` would return.

        Raises:
            TimeoutExpired: it was killed after ``timeout_s``.
        """
        self.daemon.wait_until(
            lambda: Path(self.address).exists(), timeout_s=START_TIMEOUT_S, what="the warm Python"
        )
        request = json.dumps([list(arguments), dict(environment), str(cwd)]).encode()
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
        ):
            connection.connect(self.address)
            socket.send_fds(connection, [request], [out.fileno(), err.fileno()])
            process_id = int(connection.recv(64))
            connection.settimeout(timeout_s)
            try:
                status = int(connection.recv(64))
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout_s) from None
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess(
            list(arguments), os.waitstatus_to_exitcode(status), stdout=texts[0], stderr=texts[1]
        )


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PREFECT_")}


def _load() -> None:
    names = [*_LOADED]
    for above in _LOADED_WITH_ALL_BELOW:
        package = importlib.import_module(above)
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{above}.")]
    for name in names:
        if name not in _DEPENDS_ON_ENVS:
            importlib.import_module(name)
    assert threading.active_count() == 1, "a fork has none of its parent's threads"
    assert not _DEPENDS_ON_ENVS & set(sys.modules)


def _serve(address: str) -> list[str]:
    """Returns in forks alone, each time with the arguments of what is to be run there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{address}.new")
        listener.listen()
        Path(f"{address}.new").rename(address)  # whoever finds it can connect
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks that watch
        while True:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    return _watched_fork(connection)


def _watched_fork(connection: socket.socket) -> list[str]:
    """Fork once more, and in the process that this leaves tell how the other one ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, (out, err), _, _ = socket.recv_fds(connection, _REQUEST_MAX, 2)
    arguments, environment, cwd = json.loads(request)
    process_id = os.fork()
    if process_id:
        connection.send(str(process_id).encode())
        connection.send(str(os.waitpid(process_id, 0)[1]).encode())
        os._exit(0)
    connection.close()
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, err)):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    return list(arguments)


def _run(arguments: list[str]) -> None:
    """As ``python`` does with them."""
    kind, what, *rest = arguments
    if kind == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv = ["-c", *rest]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), main.__dict__)


if __name__ == "__main__":
    _load()
    gc.freeze()
    _run(_serve(sys.argv[1]))
