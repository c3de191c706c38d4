"""The operating-system user that PostgreSQL runs as.

PostgreSQL refuses to run as root, so root starts it as ``postgres`` if there is such a user, else as ``nobody``;
anybody else starts it as themselves. What that user must read or traverse is checked here.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict


class PrivilegeArguments(TypedDict, total=False):
    """Arguments of subprocess that drop privileges; empty when there are none to drop."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True)
class Account:
    name: str
    uid: int
    gid: int
    is_dropped_to: bool

    @property
    def popen_arguments(self) -> PrivilegeArguments:
        if not self.is_dropped_to:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give ``path`` and all below it to this account. Only root needs to."""
        if not self.is_dropped_to:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for directory, subdirectories, files in os.walk(path):
            for name in (*subdirectories, *files):
                os.chown(Path(directory) / name, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may traverse ``directory`` and each of its parents."""
        if not self.is_dropped_to:
            return os.access(directory, os.X_OK)
        return all(self._has_execute_bit(part) for part in (directory, *directory.parents))

    def _has_execute_bit(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


@cache
def postgresql_account() -> Account:
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, is_dropped_to=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, is_dropped_to=True)
    raise RuntimeError(
        "PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody' to run it as. "
        "Run as another user, or create one: useradd --system postgres"
    )


def run_as_account(
    argv: list[str], *, environment: dict[str, str], stdin: str = "", timeout_s: float = 60
) -> str:
    """Run a program as PostgreSQL's account and return its standard output; raise with its output on failure."""
    done = subprocess.run(
        argv,
        cwd="/",
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
        text=True,
        **postgresql_account().popen_arguments,
    )
    if done.returncode:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def tool_environment() -> dict[str, str]:
    """What initdb and postgres get to see: no PG* variable of the caller changes what they do."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        if name in os.environ
    }
    return {**kept, "TZ": "UTC", "LC_MESSAGES": "C"}
