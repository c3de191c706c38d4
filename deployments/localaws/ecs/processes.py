"""All processes of a container, found by a variable that each inherits.

A container is a process-id namespace: when its first process ends, the kernel kills the rest. Processes here have no
such bond (a child may have left the group and the session), so they are looked for in /proc and killed. Where there is
no /proc, the first process's group has to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

MARK = "LOCALAWS_CONTAINER"
"""The variable; its value is the container's own directory."""

_PROC = Path("/proc")
_PATIENCE_S = 10.0


def kill_processes(root: Path) -> None:
    """Kill each process of every container whose directory is ``root`` or lies below it, and see them gone."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := find_processes(root)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def find_processes(root: Path) -> list[int]:
    """Their process ids. What has ended and wasn't waited for (a zombie) has no environment, and isn't found."""
    exact = f"{MARK}={root}".encode()
    found = []
    for directory in _PROC.glob("[0-9]*"):
        try:
            variables = (directory / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # somebody else's, or gone
        if any(variable == exact or variable.startswith(exact + b"/") for variable in variables):
            found.append(int(directory.name))
    return found
