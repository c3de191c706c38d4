"""Physical backups of a cluster's data directory: what snapshots, clones and point-in-time restores are made of.

A running server is copied as ``pg_basebackup`` does it: between ``pg_backup_start`` and ``pg_backup_stop``, a
replication slot keeping the WAL, and then only the WAL that recovery needs. A bare CHECKPOINT and copy would mix
states of different moments. https://www.postgresql.org/docs/current/continuous-archiving.html
"""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from deployments.localaws.account import postgresql_account
from deployments.localaws.cache import copy_tree
from deployments.localaws.postgresql import PostgresServer
from deployments.localaws.run_directory import delete_tree

#: Not copied, because it belongs to one running server. https://www.postgresql.org/docs/current/protocol-replication.html
_LEFT_OUT = ("postmaster.pid", "postmaster.opts", "localaws.conf", "server.crt", "server.key")
_LEFT_OUT_WHILE_RUNNING = (*_LEFT_OUT, "pg_wal", "backup_label", "tablespace_map")
_EMPTIED = (
    "pg_dynshmem",
    "pg_notify",
    "pg_replslot",
    "pg_serial",
    "pg_snapshots",
    "pg_stat_tmp",
    "pg_subtrans",
)


class Backup:
    """An immutable copy of a data directory. Several snapshots may share one; the last to let go deletes it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.taken_at = datetime.now(UTC)
        self._lock = threading.Lock()
        self._holders = 1

    def share(self) -> Backup:
        with self._lock:
            if self._holders == 0:
                raise RuntimeError(f"{self.directory} was deleted")
            self._holders += 1
        return self

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            is_unused = self._holders == 0
        if is_unused:
            delete_tree(self.directory)

    def restore(self, server: PostgresServer) -> None:
        """Give a server that has no data yet a copy of this one's."""
        copy = server.directory.with_name(server.directory.name + "r")
        copy_tree(self.directory, copy)
        server.adopt(copy)

    @property
    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.directory.rglob("*") if file.is_file())


def take_backup(server: PostgresServer, directory: Path) -> Backup:
    """Copy a server's data, running or not, as it is at one moment during the call."""
    directory.mkdir(mode=0o700)
    if server.is_running:
        _copy_running(server, directory)
    else:
        _copy_files(server.data_directory, directory, _LEFT_OUT)
    postgresql_account().own(directory)
    return Backup(directory)


def _copy_running(server: PostgresServer, directory: Path) -> None:
    slot = f"localaws_{directory.name}"
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true, true)", [slot])
        begun = connection.execute("SELECT pg_walfile_name(pg_backup_start('localaws', true))").fetchone()
        _copy_files(server.data_directory, directory, _LEFT_OUT_WHILE_RUNNING)
        ended = connection.execute(
            "SELECT labelfile, pg_walfile_name(lsn) FROM pg_backup_stop(wait_for_archive => false)"
        ).fetchone()
        if begun is None or ended is None:
            raise RuntimeError("pg_backup_start and pg_backup_stop returned nothing")
        (directory / "backup_label").write_text(ended[0])
        wal = directory / "pg_wal"
        wal.mkdir(mode=0o700)
        for segment in sorted((server.data_directory / "pg_wal").iterdir()):
            if segment.suffix == ".history" or begun[0] <= segment.name <= ended[1]:
                _copy(segment, wal)


def _copy_files(data: Path, directory: Path, left_out: tuple[str, ...]) -> None:
    for entry in sorted(data.iterdir()):
        if entry.name in left_out:
            continue
        if entry.name in _EMPTIED:
            (directory / entry.name).mkdir(mode=0o700)
        else:
            _copy(entry, directory)


def _copy(source: Path, into: Path) -> None:
    """Copy a file or a directory; a file that the server deletes meanwhile needn't be there: WAL deletes it again."""
    clone = ["--reflink=auto"] if sys.platform == "linux" else []
    done = subprocess.run(
        ["cp", "-R", "-p", "-P", *clone, "--", str(source), str(into)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    problems = [line for line in done.stderr.splitlines() if "No such file or directory" not in line]
    if done.returncode and problems:
        raise RuntimeError(f"Copying {source} failed: {problems[0]}")
