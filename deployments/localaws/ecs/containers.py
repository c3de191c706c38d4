"""One container: a process, what it prints, and its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from deployments.localaws.ecs.images import Image
from deployments.localaws.ecs.plans import ContainerPlan
from deployments.localaws.ecs.processes import MARK, find_processes, kill_processes

Log = Callable[[str], None]


class CannotStartContainer(Exception):
    """The message is what AWS says after ``CannotStartContainerError:``."""


class Container:
    """``directory`` is its file system's writable part: HOME and TMPDIR, gone with it."""

    def __init__(self, plan: ContainerPlan, *, arn: str, directory: Path) -> None:
        self.plan = plan
        self.arn = arn
        self.exit_code: int | None = None
        self.reason = ""
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, image: Image, environment: Mapping[str, str], log: Log) -> None:
        """It sees the image's variables and ``environment``, and none of this machine's."""
        command = self.plan.command or image.command
        if not command:
            raise CannotStartContainer("no command specified")
        self._directory.mkdir(parents=True)
        own = {MARK: str(self._directory), "HOME": str(self._directory), "TMPDIR": str(self._directory)}
        try:
            self._process = subprocess.Popen(
                command,
                cwd=image.directory,
                env={**image.environment, **environment, **own},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStartContainer(f'exec: "{command[0]}": {error.strerror}') from None
        self._reader = threading.Thread(
            target=self._read, args=(log,), name="localaws-container", daemon=True
        )
        self._reader.start()

    def has_ended(self) -> bool:
        """Whether its first process has. The first call that sees it takes the rest along and keeps the exit code."""
        with self._lock:
            if self._process is None or self.exit_code is not None:
                return True
            status = self._process.poll()
            if status is None:
                return False
            self._end(status)
            return True

    def terminate(self) -> None:
        """SIGTERM for the first process alone, as a container runtime does it."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def kill_at_once(self) -> None:
        """What the end of its namespace does: none of its processes has the time to see another die."""
        first = [self._process.pid] if self._process is not None and self.exit_code is None else []
        for pid in (*first, *find_processes(self._directory)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def discard(self) -> None:
        """Kill all of it and delete what it wrote. For its end and for the emulator's."""
        self.kill()
        with self._lock:
            if self._process is not None and self.exit_code is None:
                self._end(self._process.wait())
        shutil.rmtree(self._directory, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is not None and self.exit_code is None:
                self._process.send_signal(number)

    def _end(self, status: int) -> None:
        assert self._process
        assert self._reader
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        kill_processes(self._directory)
        self._reader.join(timeout=10)  # the pipe ends with its last writer
        # A shell's way to say that a signal ended it: 128 and its number.
        self.exit_code = status if status >= 0 else 128 - status

    def _read(self, log: Log) -> None:
        assert self._process
        assert self._process.stdout
        with self._process.stdout as output:
            for line in output:
                log(line.decode(errors="replace").rstrip("\r\n"))
