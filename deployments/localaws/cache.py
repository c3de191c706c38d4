"""What is kept between runs: PostgreSQL prepared for local AWS, and data directories to copy. Deleting it is safe."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.localaws.account import postgresql_account


def cache_directory() -> Path:
    """``$LOCALAWS_CACHE``, else the user's cache directory, else one in the temporary directory.

    Root's is ``/var/cache``, because PostgreSQL's account couldn't enter root's home.
    """
    configured = os.environ.get("LOCALAWS_CACHE")
    if configured:
        candidates = [Path(configured).absolute()]
    elif os.geteuid() == 0:
        candidates = [Path("/var/cache/dev-db-refresh")]
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        candidates = [(Path(base) if base else Path.home() / ".cache") / "dev-db-refresh"]
    candidates.append(Path(tempfile.gettempdir()) / f"dev-db-refresh-cache-{os.geteuid()}")
    for candidate in candidates:
        if _is_usable(candidate):
            return candidate
    raise RuntimeError(
        f"None of {', '.join(map(str, candidates))} can hold local AWS's cache: it must be writable by this user "
        f"alone, and user {postgresql_account().name!r} must be able to enter it. Name another in $LOCALAWS_CACHE"
    )


def _is_usable(directory: Path) -> bool:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    is_ours_alone = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return (
        stat.S_ISDIR(status.st_mode)
        and is_ours_alone
        and os.access(directory, os.W_OK)
        and postgresql_account().can_enter(directory)
    )


def cached(name: str, build: Callable[[Path], None]) -> Path:
    """The cache's directory ``name``; ``build`` makes it at a path that it's given, once, whoever asks first.

    It appears whole or not at all: a killed build leaves ``name.partial``, and the next one begins by deleting it.
    """
    root = cache_directory()
    finished = root / name
    if finished.exists():
        return finished
    with _locked(root / f"{name}.lock"):
        if not finished.exists():
            partial = root / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            build(partial)
            partial.rename(finished)
    return finished


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory with owners and modes; on a file system that can, without copying its blocks."""
    clone = {"linux": ["--reflink=auto"], "darwin": ["-c"]}.get(sys.platform, [])
    problem = _copy(source, target, clone)
    if problem and clone:  # busybox's cp doesn't know --reflink
        shutil.rmtree(target, ignore_errors=True)
        problem = _copy(source, target, [])
    if problem:
        shutil.rmtree(target, ignore_errors=True)
        raise RuntimeError(f"Copying {source} to {target} failed: {problem}")


def _copy(source: Path, target: Path, options: list[str]) -> str:
    """What went wrong, or ""."""
    argv = ["cp", "-R", "-p", "-P", *options, "--", str(source), str(target)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""
