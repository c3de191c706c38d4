"""Where one emulator keeps its PostgreSQL servers and containers, and how a killed one is cleaned up after.

Each lives in a temporary directory of its own (below ``$LOCALAWS_TMPDIR``, else the system's) with a locked file in
it. The kernel drops the lock when its process ends, however it ends, so a directory whose lock can be had belongs to
nobody: its servers are found by their ``postmaster.pid`` and stopped, its containers' processes by their environment
and killed, and the directory is deleted. One whose lock is held is never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from deployments.localaws.account import postgresql_account
from deployments.localaws.ecs.processes import kill_processes

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes it safe
"""A file system in memory, where Linux has one: ten times as fast for PostgreSQL's thousand small files."""

_LOCK = "owner.lock"


class RunDirectory:
    """``with RunDirectory() as directory: directory.path`` — what a killed one left is swept on the way in."""

    def __init__(self) -> None:
        self._held: tuple[Path, IO[str]] | None = None

    @property
    def path(self) -> Path:
        if self._held is None:
            raise RuntimeError("a run directory exists in its with statement only")
        return self._held[0]

    def __enter__(self) -> RunDirectory:
        sweep()
        self._held = _make()
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            (path, lock), self._held = self._held, None
            kill_processes(path)
            stop_servers(path)
            delete_tree(path)
            lock.close()


def sweep() -> list[Path]:
    """Stop the servers of, and delete, every run directory of this user whose process is gone."""
    roots = {root for root in (*_candidates(), MEMORY) if root.is_dir()}
    return [path for root in roots for path in sorted(root.glob(f"{_prefix()}*")) if _sweep_one(path)]


def _sweep_one(path: Path) -> bool:
    try:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return False
        lock = (path / _LOCK).open("a")
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False  # its emulator lives
        kill_processes(path)
        stop_servers(path)
        delete_tree(path)
        return True


def stop_servers(root: Path) -> None:
    """Stop every PostgreSQL server whose data directory lies below ``root``."""
    running = []
    for file in root.glob("**/postmaster.pid"):
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        if str(file.parent) in _command_of(pid):  # else the number was given to another process since
            running.append((pid, str(file.parent)))
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, and no more asking
        for pid, _ in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
        deadline = time.monotonic() + 10
        while running and time.monotonic() < deadline:
            running = [(pid, data) for pid, data in running if data in _command_of(pid)]
            time.sleep(0.02)
        if not running:
            return


def delete_tree(path: Path) -> None:
    """Delete a directory; a server that is just ending may still drop a file into it, hence the second try."""
    for _ in range(50):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{path} can't be deleted. Delete it by hand: rm -r {path}")


def _make() -> tuple[Path, IO[str]]:
    root = _root()
    while True:
        path = Path(tempfile.mkdtemp(prefix=_prefix(), dir=root)).resolve()
        path.chmod(0o711)  # PostgreSQL's account passes through
        lock = (path / _LOCK).open("a")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists() and os.fstat(lock.fileno()).st_nlink:
            return path, lock
        lock.close()  # another emulator's sweep met it before it was locked


def _root() -> Path:
    account = postgresql_account()
    for candidate in _candidates():
        if candidate.is_dir() and os.access(candidate, os.W_OK) and account.can_enter(candidate):
            return candidate
    raise RuntimeError(
        f"User {account.name!r}, as which PostgreSQL runs, can enter none of "
        f"{', '.join(map(str, _candidates()))}. Name a directory that everybody may enter in $LOCALAWS_TMPDIR"
    )


def _candidates() -> list[Path]:
    """Where a run directory can be, the preferred place first."""
    configured = os.environ.get("LOCALAWS_TMPDIR")
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - mkdtemp makes it safe
    return [Path(place).resolve() for place in ([configured] if configured else []) + places]


def _prefix() -> str:
    return f"localaws-{os.geteuid()}-"


def _command_of(pid: int) -> str:
    """The command line of a process, or "" if there is none (a zombie has none either)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return ""
    printed = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return printed.stdout
