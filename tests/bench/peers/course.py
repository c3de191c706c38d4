"""What a peer is given to run on, and how its commands are run within its time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.server import BenchServer

_MESSAGE_LINES = 4
_MESSAGE_CHARACTERS = 500


class PeerFailed(Exception):
    """A peer crashed or took too long; the message is the end of what it printed."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One run of a peer. ``database`` is a fresh copy with raw data, ``directory`` is the peer's to write to."""

    server: BenchServer
    database: str
    directory: Path
    bin_dir: Path
    deadline: float

    @property
    def password(self) -> str:
        return self.server.peer_login.password().get_secret_value()

    def write(self, name: str, text: str) -> Path:
        """A file of its configuration."""
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def run(self, program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> float:
        """Run one of the peer's programs to its end. Result: seconds.

        Raises:
            PeerFailed: it ended with an error, or the peer's time was over.
        """
        began = time.perf_counter()
        with subprocess.Popen(
            [str(self.bin_dir / program), *arguments],
            cwd=self.directory,
            env=self._environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that its own children end with it
        ) as process:
            try:
                printed, _ = process.communicate(timeout=max(self.deadline - time.monotonic(), 0.1))
            except BaseException as error:
                os.killpg(process.pid, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    took = time.perf_counter() - began
                    raise PeerFailed(f"{program}: still running after {took:.0f} s") from None
                raise
        if process.returncode:
            raise PeerFailed(f"{program} ended with {process.returncode}: {self._end_of(printed)}")
        return time.perf_counter() - began

    def _environment(self) -> dict[str, str]:
        """libpq's variables for the fresh copy, and PostgreSQL's client programs on PATH; nothing of the caller's
        own set-up of PostgreSQL or Python.
        """
        login = self.server.peer_login
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "PYTHON", "VIRTUAL_ENV"))
        }
        path = os.pathsep.join(
            [str(self.bin_dir), str(self.server.server.binaries.bin_dir), kept.get("PATH", os.defpath)]
        )
        return kept | {
            "PATH": path,
            "PGHOST": login.host,
            "PGPORT": str(login.port),
            "PGUSER": login.username,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    def _end_of(self, printed: str) -> str:
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        message = " | ".join(lines[-_MESSAGE_LINES:])
        for secret, instead in (
            (self.password, "…"),
            (str(self.directory), "."),
            (str(self.bin_dir.parent), "."),
        ):
            message = message.replace(secret, instead)
        return message[-_MESSAGE_CHARACTERS:]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool that masks PostgreSQL and that pip can install.

    ``mask`` gets a fresh copy, sets up what the tool needs, and gives back the seconds that its masking took.
    """

    name: str
    #: For pip: pinned, so that two runs of the bench compare.
    requirement: str
    #: What its seconds stand for, for the report.
    counted: str
    mask: Callable[[Course], float]
    #: The database with its result, from the name of the copy; the copy itself where it masks in place.
    result_database: Callable[[str], str] = str
