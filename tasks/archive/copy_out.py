"""Reading tables as COPY's text through psql.

Why psql and not psycopg: libpq hands over one message per row, and Python's work per row, under the GIL, is what limits
a dump then (110 MB/s per core; four threads 9.9 s where psql takes 5.9 s). Through a pipe, Python sees blocks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator

from contracts.errors import ClientToolFailed
from contracts.login import Login
from tasks.archive.layout import MIB
from tasks.archive.toc import CopyStatement
from tasks.client_tools import ClientTools, Running, conninfo
from tasks.rotated_password import past_rotation

# The session as pg_dump sets it up, so that values are written alike.
# https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_dump.c (setup_connection)
_SETUP = """\
SET client_min_messages = error;
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET extra_float_digits = 3;
SET bytea_output = hex;
SET synchronize_seqscans = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
{transaction_timeout}SET row_security = off;
SET search_path = {search_path};
BEGIN ISOLATION LEVEL REPEATABLE READ;
{snapshot}"""
# A line that COPY's text format can't contain (a backslash there is followed by another, or by one of bfnrtvN), written
# by COPY because psql flushes its output behind that only.
_MARK = b"\\end\n"
_WRITE_MARK = b"COPY (SELECT '\\end') TO STDOUT (FORMAT csv);\n"
_PIPE_BYTES = MIB


class CopySession:
    """One psql with a transaction on an exported snapshot, or on its own. Only ``kill`` is shared between threads.

    ``search_path`` is for SQL that the user wrote; pg_dump's and ours needs none.
    """

    def __init__(
        self,
        tools: ClientTools,
        *,
        login: Login,
        database: str,
        snapshot: str | None = None,
        search_path: str = "''",
    ) -> None:
        self._database = database
        # A snapshot's name is made by pg_export_snapshot(): hex digits and hyphens.
        timeout = "SET transaction_timeout = 0;\n" if tools.major >= 17 else ""
        shared = f"SET TRANSACTION SNAPSHOT '{snapshot}';\n" if snapshot is not None else ""
        setup = _SETUP.format(transaction_timeout=timeout, snapshot=shared, search_path=search_path).encode()

        def log_in() -> None:
            self._start(tools, login)
            try:
                self._send(setup + _WRITE_MARK)
                self._await_mark()
            except ClientToolFailed:
                self.close()
                raise

        past_rotation(log_in)

    def _start(self, tools: ClientTools, login: Login) -> None:
        # Of an error only the SQLSTATE is printed: its text could quote a row.
        arguments = [
            f"--dbname={conninfo(self._database)}",
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set=ON_ERROR_STOP=1",
            "--set=VERBOSITY=sqlstate",
        ]
        self._running: Running = tools.start(
            "psql", arguments, login=login, database=self._database, stdout=subprocess.PIPE
        )
        stdin, stdout = self._running.process.stdin, self._running.process.stdout
        assert stdin is not None
        assert stdout is not None
        self._stdin, self._stdout = stdin, stdout.fileno()
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):  # the user's pipes may hold no more in all
                fcntl.fcntl(self._stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def _await_mark(self) -> None:
        """Until the session is open and set up."""
        seen = b""
        while not seen.endswith(_MARK):
            block = os.read(self._stdout, _PIPE_BYTES)
            if not block:
                raise self._running.failure(resource=f"database {self._database!r}")
            seen += block

    def read(
        self, statement: CopyStatement, *, predicate: str | None, table: str, suspends_row_security: bool
    ) -> Iterator[bytes]:
        """The rows of a table as COPY's text, in blocks. Raises :class:`ClientToolFailed` with the SQLSTATE.

        ``suspends_row_security`` is for a table whose policies hold for its owner too (FORCE ROW LEVEL SECURITY): they
        are lifted within a savepoint, so that nothing of it lasts.
        """
        lifted = statement.table if suspends_row_security else None
        return self.copy(statement.to_stdout(predicate), table=table, lifts_row_security_of=lifted)

    def copy(
        self, statement: bytes, *, table: str, lifts_row_security_of: str | None = None
    ) -> Iterator[bytes]:
        """What a ``COPY … TO STDOUT`` writes, as :meth:`read`; for a table with such policies, its quoted name."""
        copy = statement + b";\n"
        if lifts_row_security_of is not None:
            lift = f"ALTER TABLE {lifts_row_security_of} NO FORCE ROW LEVEL SECURITY;\n".encode()
            copy = b"SAVEPOINT lifted;\n" + lift + copy + b"ROLLBACK TO SAVEPOINT lifted;\n"
        self._send(copy + _WRITE_MARK)
        held = b""
        while True:
            block = os.read(self._stdout, _PIPE_BYTES)
            if not block:
                raise self._running.failure(resource=f"table {table} of database {self._database!r}")
            block = held + block
            # The mark is the last that comes, and may come in pieces; the newline before it is the last row's.
            if block == _MARK or block.endswith(b"\n" + _MARK):
                if len(block) > len(_MARK):
                    yield block[: -len(_MARK)]
                return
            held = block[-len(_MARK) :]
            if len(block) > len(_MARK):
                yield block[: -len(_MARK)]

    def _send(self, script: bytes) -> None:
        try:
            self._stdin.write(script)
            self._stdin.flush()
        except BrokenPipeError:
            raise self._running.failure(resource=f"database {self._database!r}") from None

    def kill(self) -> None:
        """End it from another thread: whoever reads sees its end."""
        self._running.kill()

    def close(self) -> None:
        self._running.close()
