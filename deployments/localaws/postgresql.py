"""One PostgreSQL server as Aurora would run it: TLS only, a master user who is no superuser, statuses left to others.

A server is a directory: ``data/`` is PostgreSQL's own, ``s/`` holds the Unix socket by which the emulator's
superuser ``rdsadmin`` (and nobody from outside) gets in, ``postgresql.log`` is the log. Data directories are copied
from a template in the cache, so a new server is up in well under a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import locale
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deployments.localaws import login_gate
from deployments.localaws.account import postgresql_account, run_as_account, tool_environment
from deployments.localaws.binaries import Binaries, find_binaries, prepare_binaries
from deployments.localaws.cache import cached, copy_tree
from deployments.localaws.certificates import ServerCertificate
from deployments.localaws.login_gate import LoginGate
from deployments.localaws.run_directory import delete_tree

SUPERUSER = "rdsadmin"
_AURORA_SQL = Path(__file__).with_name("aurora.sql")
_TEMPLATE = "3"  # part of the cache's key: change it whenever _build_template or _HBA change

_HBA = """\
local    all  rdsadmin            trust
local    all  all                 reject
hostssl  all  rdsadmin  all       reject
hostssl  all  all       samehost  scram-sha-256
"""

#: Nothing here outlives its emulator, so nothing is worth an fsync.
_SETTINGS_OF_OURS = {
    "unix_socket_permissions": "0700",
    "ssl": "on",
    "ssl_cert_file": "server.crt",
    "ssl_key_file": "server.key",
    "password_encryption": "scram-sha-256",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "mmap",  # files in the data directory, gone with it however the server ends
    "max_wal_senders": "20",
    "max_replication_slots": "20",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class ServerDidNotStart(RuntimeError):
    """The end of the server's log is the message."""


class PostgresServer:
    """``settings`` are PostgreSQL parameters by name; they are read at each start."""

    def __init__(
        self,
        directory: Path,
        *,
        binaries: Binaries,
        certificate: ServerCertificate,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.binaries = binaries
        self.settings = dict(settings or {})
        self.port = 0
        #: Made at each start; the server itself then listens on its Unix socket alone.
        self.make_gate: Callable[[], LoginGate] | None = None
        self._gate: LoginGate | None = None
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        self._reservation: socket.socket | None = None

    @property
    def data_directory(self) -> Path:
        return self.directory / "data"

    @property
    def log_path(self) -> Path:
        return self.directory / "postgresql.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_gated(self) -> bool:
        return self._gate is not None

    def initialize(self) -> None:
        """An empty cluster with Aurora's roles and no master user."""
        self.directory.mkdir(mode=0o711, exist_ok=True)
        copy_tree(template_data_directory(self.binaries), self.data_directory)

    def adopt(self, data_directory: Path) -> None:
        """Take over a data directory (a backup's copy), which is moved here."""
        self.directory.mkdir(mode=0o711, exist_ok=True)
        data_directory.rename(self.data_directory)

    def reserve_port(self) -> int:
        """A port that is this server's until it is deleted. While it isn't running, connections are refused there."""
        if self._reservation is None:
            self._reservation = socket.socket()
            self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._reservation.bind(("127.0.0.1", 0))
            self.port = int(self._reservation.getsockname()[1])
        return self.port

    def start(self, *, tcp: bool = True, timeout_s: float = 60) -> None:
        """Start and return when it accepts connections; without ``tcp``, only on its Unix socket."""
        self.reserve_port()
        if sys.platform != "linux" and self._reservation is not None:
            self._reservation.close()  # elsewhere, a port that is bound can't be bound by another process
        is_gated = tcp and self.make_gate is not None
        account = postgresql_account()
        sockets = self.directory / "s"
        sockets.mkdir(mode=0o700, exist_ok=True)
        account.own(sockets)
        for name, text in (
            ("server.crt", self._certificate.certificate),
            ("server.key", self._certificate.private_key),
            ("pg_hba.conf", login_gate.HBA if is_gated else _HBA),
            ("localaws.conf", self._configuration(sockets, tcp=tcp and not is_gated)),
        ):
            path = self.data_directory / name
            path.write_text(text)
            path.chmod(0o600)
            if account.is_dropped_to:
                os.chown(path, account.uid, account.gid)
        began_at = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries.tool("postgres"), "-D", str(self.data_directory)],
                cwd="/",
                env=tool_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # else Ctrl-C in a terminal would stop it before its emulator knows
                **account.popen_arguments,
            )
        deadline = time.monotonic() + timeout_s
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop(immediately=True)
                raise ServerDidNotStart(
                    f"PostgreSQL in {self.directory} did not start:\n{self.log_since(began_at)}"
                )
            time.sleep(0.01)
        if is_gated and self.make_gate is not None:
            self._gate = self.make_gate()
            self._gate.start()

    def _configuration(self, sockets: Path, *, tcp: bool) -> str:
        settings = {
            **self.settings,
            **_SETTINGS_OF_OURS,
            "listen_addresses": "127.0.0.1" if tcp else "",
            "port": str(self.port),
            "unix_socket_directories": str(sockets),
        }
        return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())

    def _is_ready(self) -> bool:
        """As pg_ctl decides it: by the eighth line of postmaster.pid."""
        try:
            lines = (self.data_directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            len(lines) >= 8
            and lines[7].strip() == "ready"
            and int(lines[0]) == (self._process and self._process.pid)
        )

    def stop(self, *, immediately: bool = False) -> None:
        """Stop it and wait for its end: sessions are ended and all is written out, unless ``immediately``."""
        process, self._process = self._process, None
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.stop()
        if process is None:
            return
        for kind in (signal.SIGQUIT,) if immediately else (signal.SIGINT, signal.SIGQUIT):
            if process.poll() is None:
                process.send_signal(kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
                return
        process.kill()
        process.wait()

    def log_since(self, offset: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")

    def superuser_conninfo(self, database: str = "postgres") -> str:
        """By the Unix socket as the emulator's own superuser: for loading and looking, never for the product."""
        return make_conninfo(
            host=str(self.directory / "s"),
            port=self.port,
            user=SUPERUSER,
            dbname=database,
            application_name="localaws",
            connect_timeout=10,
        )

    def create_master(self, username: str, password: str) -> None:
        """The master user as Aurora makes it: in rds_superuser, no superuser; owner of postgres and template1."""
        with psycopg.connect(self.superuser_conninfo(), autocommit=True) as connection:
            user = sql.Identifier(username)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE REPLICATION").format(user))
            connection.execute(sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(user))
            for database in ("postgres", "template1"):
                connection.execute(
                    sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), user)
                )
        self.set_password(username, password)

    def set_password(self, username: str, password: str) -> None:
        """Only the SCRAM verifier is sent, so that no statement log holds the password."""
        with psycopg.connect(self.superuser_conninfo(), autocommit=True) as connection:
            verifier = connection.pgconn.encrypt_password(
                password.encode(), username.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(username), verifier.decode())
            )

    def create_database(self, name: str, *, owner: str) -> None:
        with psycopg.connect(self.superuser_conninfo(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
            )

    def delete(self) -> None:
        self.stop(immediately=True)
        if self._reservation is not None:
            self._reservation.close()
            self._reservation = None
        delete_tree(self.directory)


def local_postgresql(major: int | None = None) -> Binaries:
    """The PostgreSQL of this machine, as local AWS runs it."""
    return prepare_binaries(find_binaries(major))


def template_data_directory(binaries: Binaries) -> Path:
    """A stopped cluster with Aurora's roles, made once by initdb and kept in the cache. To be copied, not run."""
    recipe = "\0".join([str(binaries.bin_dir), _TEMPLATE, _HBA, _AURORA_SQL.read_text()])
    name = f"template-{binaries.version}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    return cached(name, lambda target: _build_template(binaries, target)) / "data"


def _build_template(binaries: Binaries, directory: Path) -> None:
    account = postgresql_account()
    directory.mkdir(mode=0o711)
    data = directory / "data"
    data.mkdir(mode=0o700)
    account.own(data)
    run_as_account(
        [
            binaries.tool("initdb"), "--pgdata", str(data), "--username", SUPERUSER, "--encoding", "UTF8",
            "--locale", _utf8_locale(), "--auth-local", "trust", "--auth-host", "reject",
            "--wal-segsize", "4", "--no-sync", "--no-instructions",
        ],
        environment=tool_environment(),
    )  # fmt: skip
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'localaws.conf'\n")
    # Single-user mode needs no socket; with -j a semicolon and an empty line end a statement.
    run_as_account(
        [binaries.tool("postgres"), "--single", "-j", "-D", str(data), "-c", "exit_on_error=on", "postgres"],
        environment=tool_environment(),
        stdin=_AURORA_SQL.read_text(),
    )


def _utf8_locale() -> str:
    """What every glibc since 2.35 and macOS since 15 have; else C, whose order is the same."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
