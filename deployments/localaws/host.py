"""What all accounts and regions of one emulator share: the directory, PostgreSQL, the CA, jobs and faults."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deployments.localaws.binaries import Binaries, find_binaries
from deployments.localaws.certificates import CertificateAuthority
from deployments.localaws.faults import Faults
from deployments.localaws.iam import Enforcement
from deployments.localaws.postgresql import PostgresServer, local_postgresql
from deployments.localaws.statuses import Jobs


@dataclass(kw_only=True)
class Host:
    path: Path
    """The run directory: servers and backups live below it and go with it."""
    authority: CertificateAuthority
    jobs: Jobs
    faults: Faults
    iam: Enforcement
    report: Callable[[str], None]
    """Takes a line for the emulator's own log."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _binaries: dict[int, Binaries] = field(default_factory=dict)
    _servers: list[PostgresServer] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _binaries_lock: threading.Lock = field(default_factory=threading.Lock)

    def new_directory(self, prefix: str) -> Path:
        """A path that nothing has yet. Short, because socket paths are bounded to about 100 characters."""
        return self.path / f"{prefix}{next(self._numbers)}"

    def new_server(self, major: int) -> PostgresServer:
        server = PostgresServer(
            self.new_directory("c"), binaries=self.binaries(major), certificate=self.authority.issue()
        )
        with self._lock:
            self._servers.append(server)
        return server

    def close(self) -> None:
        """End what still changes, then every server that was ever made and is still there."""
        self.jobs.close()
        with self._lock:
            servers, self._servers = self._servers, []
        for server in servers:
            server.delete()

    def binaries(self, major: int) -> Binaries:
        with self._binaries_lock:
            if major not in self._binaries:
                self._binaries[major] = local_postgresql(major)
            return self._binaries[major]


def majors_here() -> list[int]:
    """The major versions of PostgreSQL that this machine can run, the preferred one first."""
    preferred = find_binaries().major
    others = []
    for major in range(18, 12, -1):
        try:
            find_binaries(major)
        except RuntimeError:
            continue
        others.append(major)
    return [preferred, *(major for major in others if major != preferred)]
