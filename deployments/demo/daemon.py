"""A process that lives no longer than the one that started it, however that one ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

STOP_TIMEOUT_S = 15

# Runs a command as the foreground of a process group, and ends the group once the pipe at stdin closes, which
# the kernel does even for a parent that was killed. (The command isn't the one in the background: a
# shell gives a background job SIGINT=ignored, and a Prefect worker that ignores SIGINT never stops.)
_DIES_WITH_ITS_PARENT = """
exec 3<&0 </dev/null
{ trap '' TERM; read -r _; kill -TERM 0; sleep 10; kill -KILL 0; } <&3 >/dev/null 2>&1 &
exec "$@" 3<&-
"""


@dataclass(kw_only=True)
class Daemon:
    """A process group that lives no longer than this process; what it prints is in ``log``."""

    process: subprocess.Popen[bytes]
    log: Path
    lifeline: int | None

    @classmethod
    def start(cls, argv: list[str], *, environment: Mapping[str, str], cwd: Path, log: Path) -> Daemon:
        read_end, write_end = os.pipe()
        try:
            with log.open("wb") as out:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", _DIES_WITH_ITS_PARENT, "sh", *argv],
                    env=dict(environment),
                    cwd=cwd,
                    stdin=read_end,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except BaseException:
            os.close(write_end)
            raise
        finally:
            os.close(read_end)
        return cls(process=process, log=log, lifeline=write_end)

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{what} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} wasn't ready after {timeout_s} s:\n{self.tail()}")
            time.sleep(0.2)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """SIGTERM for the command, SIGKILL for whatever of its group is left. Twice does no harm."""
        if self.lifeline is None:
            return
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)
        os.close(self.lifeline)
        self.lifeline = None
