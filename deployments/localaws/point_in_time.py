"""Point-in-time restore: a backup taken before that time, and the archived WAL replayed up to it.

https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-PITR-RECOVERY
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import psycopg

from deployments.localaws.account import postgresql_account
from deployments.localaws.backups import Backup
from deployments.localaws.postgresql import PostgresServer


def archive_directory(server: PostgresServer) -> Path:
    return server.directory / "wal"


def archive_settings(server: PostgresServer) -> dict[str, str]:
    """Settings that keep all WAL of a server from now on."""
    directory = archive_directory(server)
    directory.mkdir(mode=0o700, exist_ok=True)
    postgresql_account().own(directory)
    return {"archive_mode": "on", "archive_command": f'cp "%p" "{directory}/%f"'}


def restore_to_time(
    target: PostgresServer,
    *,
    archive: Path,
    backups: Sequence[Backup],
    at: datetime,
    wait: Callable[[float], None],
) -> None:
    """Give ``target`` what the archive's server held at that time. The archive must reach beyond it."""
    base = max((backup for backup in backups if backup.taken_at <= at), key=lambda backup: backup.taken_at)
    base.restore(target)
    (target.data_directory / "recovery.signal").touch()
    postgresql_account().own(target.data_directory / "recovery.signal")
    target.settings = {
        "restore_command": f'cp "{archive}/%f" "%p"',
        "recovery_target_time": at.isoformat(),
        "recovery_target_action": "promote",
    }
    target.start(tcp=False)
    try:
        with psycopg.connect(target.superuser_conninfo(), autocommit=True) as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
                wait(0.05)
    finally:
        target.stop()
        target.settings = {}


def push_archive(server: PostgresServer, *, timeout_s: float = 30) -> None:
    """Write a commit and close the WAL segment, so that the archive reaches beyond this moment."""
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        closed = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            archived = connection.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()
            if archived and archived[0] and closed and archived[0] >= closed[0]:
                return
            time.sleep(0.05)
    raise RuntimeError(f"WAL of {server.directory} wasn't archived within {timeout_s} s")
