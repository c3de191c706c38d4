"""An archive's ``toc.dat`` without its data: made by pg_dump, read by pg_restore.

pg_dump's directory format writes and closes ``toc.dat`` before the first data file
(https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_directory.c, ``_CloseArchive``). So a real
pg_dump is started, and killed when its first data file appears. ``pg_dump --schema-only`` wouldn't do: it leaves out
the entries of tables' rows, of sequences' values and of materialized views.
"""

from __future__ import annotations

import contextlib
import resource as limits
import secrets
import sys
import time
from pathlib import Path

from contracts.errors import ClientToolFailed
from contracts.login import Login
from contracts.manifest import TOC_NAME
from tasks.archive.layout import MIB, Compression
from tasks.archive.toc import CopyStatement, TocEntry, parse_copy_statements, parse_list, use_list
from tasks.client_tools import ClientTools, Running, conninfo
from tasks.rotated_password import past_rotation

OUR_SCHEMAS = ("refresh_mask", "refresh_archive")

_POLL_S = 0.002
_LOCK_TIMEOUT_MS = 60_000
# pg_dump is killed within milliseconds of its first data file. Should we be stopped before that, it ends itself here.
_FILE_MAX_BYTES = 512 * MIB


def write_skeleton(
    tools: ClientTools,
    directory: Path,
    *,
    login: Login,
    database: str,
    without_rows: tuple[tuple[str, str], ...],
    without_extensions: tuple[str, ...] = (),
    compression: Compression | None = None,
    timeout_s: float = 1800.0,
) -> Compression:
    """Write ``directory/toc.dat`` and return the compression that it names.

    ``without_rows`` are (schema, name) of tables and sequences whose rows stay out. ``without_extensions`` needs
    pg_dump 17.
    ``directory`` must be empty.
    Our own schemas aren't in it, and no large object.
    """
    arguments = [
        f"--dbname={conninfo(database)}", "--format=directory", f"--file={directory}", "--encoding=UTF8",
        "--no-password", f"--lock-wait-timeout={_LOCK_TIMEOUT_MS}", "--no-subscriptions",
        # A label needs its provider loaded where the archive is restored, and says how data was masked.
        "--no-security-labels",
        # Its short name is the only one that every version knows.
        "-B",
        *(f"--exclude-schema={schema}" for schema in OUR_SCHEMAS),
        # To name those that stay, by --extension, would leave out event triggers, servers and publications too.
        *(f"--exclude-extension={_pattern(name)}" for name in without_extensions),
        *(f"--exclude-table-data={_pattern(schema)}.{_pattern(name)}" for schema, name in without_rows),
    ]  # fmt: skip
    if tools.major >= 18:
        arguments.append("--no-statistics")
    possible: tuple[Compression, ...] = ("zstd", "gzip") if tools.major >= 16 else ("gzip",)
    for tried in (compression,) if compression else possible:
        level = f"--compress={tried}:1" if tools.major >= 16 else "--compress=1"

        def is_written(tried: Compression = tried, level: str = level) -> bool:
            running = tools.start("pg_dump", [*arguments, level], login=login, database=database)
            try:
                if _ran_until_data(running, directory, time.monotonic() + timeout_s):
                    return True
                if not compression and tried == "zstd" and "does not support compression" in running.stderr():
                    return False
                raise running.failure(resource=f"database {database!r}")
            finally:
                running.close()
                _delete_all_but_toc(directory)

        if past_rotation(is_written):
            return tried
    raise AssertionError("pg_dump always supports gzip")


def _ran_until_data(running: Running, directory: Path, deadline: float) -> bool:
    """Whether pg_dump wrote a whole toc.dat: it began a data file, or ended well without one."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            limits.prlimit(running.process.pid, limits.RLIMIT_FSIZE, (_FILE_MAX_BYTES, _FILE_MAX_BYTES))
    while True:
        exit_code = running.process.poll()
        if directory.exists() and any(entry.name != TOC_NAME for entry in directory.iterdir()):
            running.kill()
            return True
        if exit_code is not None:
            return exit_code == 0 and (directory / TOC_NAME).exists()
        if time.monotonic() > deadline:
            running.kill()
            raise ClientToolFailed(
                "pg_dump didn't finish reading the schema in the time allowed and was killed",
                resource=f"{running.tool} {running.version}",
                remedy="Look for locks on the clone's tables; masking must have ended before the dump.",
            )
        time.sleep(_POLL_S)


def _delete_all_but_toc(directory: Path) -> None:
    if directory.exists():
        for entry in directory.iterdir():
            if entry.name != TOC_NAME:
                entry.unlink()


def _pattern(name: str) -> str:
    """``name`` as a pattern that matches only it. https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS"""
    return '"' + name.replace('"', '""') + '"'


def read_list(tools: ClientTools, directory: Path) -> tuple[TocEntry, ...]:
    """The entries of ``directory/toc.dat``."""
    finished = tools.run("pg_restore", ["--list", str(directory)], resource=TOC_NAME)
    return parse_list(finished.stdout.decode())


def read_copy_statements(
    tools: ClientTools, directory: Path, entries: tuple[TocEntry, ...]
) -> dict[int, CopyStatement]:
    """Each table's COPY statement by dump id, as pg_restore would send it.

    pg_restore prints a script with a marker in the place of each table's rows, from small files that are put where the
    data would be.
    """
    tables = [entry for entry in entries if entry.kind == "TABLE DATA"]
    if not tables:
        return {}
    token = f"rows-{secrets.token_hex(16)}"
    wanted = directory / "tables.list"
    files = [(directory / f"{entry.dump_id}.dat", entry.dump_id) for entry in tables]
    try:
        wanted.write_text(use_list(tables), encoding="utf-8")
        for path, dump_id in files:
            path.write_text(f"{token} {dump_id}\n\\.\n\n\n", encoding="utf-8")
        finished = tools.run(
            "pg_restore", ["--file=-", f"--use-list={wanted}", str(directory)], resource=TOC_NAME
        )
    finally:
        _delete_all_but_toc(directory)
    return parse_copy_statements(finished.stdout.decode(), token)
