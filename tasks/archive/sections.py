"""What pg_restore brings into a shadow: everything but rows, as a master user who is no superuser.

pg_restore is called once per :class:`~tasks.archive.toc.Pass`, with a list of that pass's entries: who creates an
entry, and what may stand in its way, differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from contracts.login import Login
from contracts.manifest import TOC_NAME
from tasks.archive.toc import Pass, TocEntry, parse_list, pass_of_post_data, pass_of_pre_data, use_list
from tasks.client_messages import Complaint
from tasks.client_tools import ClientTools, Finished, conninfo
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

# Workers within one index build gain more than a second build beside it, and more than maintenance_work_mem.
_OPTIONS = "-c max_parallel_maintenance_workers=2"
_TIMEOUT_S = 24 * 3600.0
# pg_restore 17 sets it, and servers before 17 don't know it. It is about pg_restore's own session only.
_HARMLESS = 'unrecognized configuration parameter "transaction_timeout"'


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An entry of the archive that the database doesn't have now, and why."""

    entry: str
    reason: str

    def __str__(self) -> str:
        return f"{self.entry} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class Sections:
    """``directory`` holds ``toc.dat`` only. ``jobs`` is how many indexes and constraints are built at once."""

    tools: ClientTools
    directory: Path
    login: Login
    database: str
    owner_role: str
    jobs: int

    def restore_before_rows(self) -> None:
        entries = self._section("pre-data")
        passes = [(pass_of_pre_data(entry), entry) for entry in entries]
        for which in (Pass.SCHEMAS, Pass.EXTENSIONS, Pass.PRE_DATA):
            if which is Pass.PRE_DATA:
                self._let_owner_use_foreign_data_wrappers()
            self._restore(which, [entry for of, entry in passes if of is which])

    def restore_after_rows(self) -> tuple[Skipped, ...]:
        """Sequences' values, post-data, statistics, materialized views. Returns what only a superuser may create."""
        self._restore(
            Pass.SEQUENCES, [entry for entry in self._section("data") if entry.kind == "SEQUENCE SET"]
        )
        passes = [(pass_of_post_data(entry), entry) for entry in self._section("post-data")]
        self._restore(Pass.POST_DATA, [entry for of, entry in passes if of is Pass.POST_DATA], jobs=self.jobs)
        self._analyze(everything=True)
        views = [entry for of, entry in passes if of is Pass.MATERIALIZED_VIEWS]
        self._restore(Pass.MATERIALIZED_VIEWS, views)
        if views:
            self._analyze(everything=False)
        return self._restore_privileged([entry for of, entry in passes if of is Pass.PRIVILEGED])

    def _section(self, section: str) -> tuple[TocEntry, ...]:
        arguments = ["--list", f"--section={section}", str(self.directory)]
        return parse_list(self.tools.run("pg_restore", arguments, resource=TOC_NAME).stdout.decode())

    def _restore(self, which: Pass, entries: list[TocEntry], *, jobs: int = 1) -> None:
        """Restore ``entries``. Raises :class:`ClientToolFailed` for any error."""
        if entries:
            finished = self._pg_restore(which, entries, as_owner=which is not Pass.EXTENSIONS, jobs=jobs)
            if _complaints(finished):
                raise finished.failure(resource=self._resource(which))

    def _restore_privileged(self, entries: list[TocEntry]) -> tuple[Skipped, ...]:
        """Restore ``entries`` one by one, as the owner role or else as the login; what neither may create is skipped.

        Aurora lets rds_superuser create them all, plain PostgreSQL keeps some for superusers.
        """
        skipped: list[Skipped] = []
        for entry in entries:
            described = entry.name.removeprefix("COMMENT - ")
            if any(described == item.entry.replace(" - ", " ", 1) for item in skipped):
                skipped.append(Skipped(entry=entry.name, reason="what it describes was skipped"))
                continue
            denied = self._denied(entry, as_owner=True) and self._denied(entry, as_owner=False)
            skipped += [Skipped(entry=entry.name, reason=complaint.message) for complaint in denied]
        return tuple(skipped)

    def _denied(self, entry: TocEntry, *, as_owner: bool) -> tuple[Complaint, ...]:
        """Restore one entry, and return which privileges it lacked."""
        finished = self._pg_restore(Pass.PRIVILEGED, [entry], as_owner=as_owner)
        complaints = _complaints(finished)
        if not all(complaint.is_privilege for complaint in complaints):
            raise finished.failure(resource=self._resource(Pass.PRIVILEGED))
        return complaints

    def _pg_restore(self, which: Pass, entries: list[TocEntry], *, as_owner: bool, jobs: int = 1) -> Finished:
        """Restore ``entries``, all of them.

        ``--verbose`` makes it say which entry an error belongs to. Without ``--exit-on-error``, all that is broken is
        known after one refresh, not one thing per refresh.
        """
        wanted = self.directory / f"{which.name.lower()}.list"
        wanted.write_text(use_list(entries), encoding="utf-8")
        arguments = [
            f"--dbname={conninfo(self.database)}", "--no-password", "--verbose", f"--jobs={jobs}",
            "--no-owner", "--no-privileges", "--no-tablespaces", "--no-security-labels", "--no-subscriptions",
            f"--use-list={wanted}", *([f"--role={self.owner_role}"] if as_owner else []), str(self.directory),
        ]  # fmt: skip
        finished = self.tools.run(
            "pg_restore",
            arguments,
            resource=self._resource(which),
            login=self.login,
            database=self.database,
            options=_OPTIONS,
            allowed_exit_codes=(0, 1),
            timeout_s=_TIMEOUT_S,
        )
        if finished.exit_code and not finished.complaints:
            raise finished.failure(resource=self._resource(which))
        return finished

    def _resource(self, which: Pass) -> str:
        return f"database {self.database!r}, {which.value}"

    def _let_owner_use_foreign_data_wrappers(self) -> None:
        """An extension's wrapper belongs to who created it; foreign servers are made by the owner role."""
        if self.login.username == self.owner_role:
            return
        with (
            connect(self.login, self.database, autocommit=True) as connection,
            safe_errors(
                f"database {self.database!r}", doing="granting foreign-data wrappers to the owner role"
            ),
        ):
            for (name,) in connection.execute(statement("archive/foreign_data_wrappers.sql")).fetchall():
                connection.execute(
                    sql.SQL("GRANT USAGE ON FOREIGN DATA WRAPPER {} TO {}").format(
                        sql.Identifier(name), sql.Identifier(self.owner_role)
                    )
                )

    def _analyze(self, *, everything: bool) -> None:
        """Statistics for the planner: of all tables, or of the materialized views."""
        with (
            connect(self.login, self.database, autocommit=True) as connection,
            safe_errors(f"database {self.database!r}", doing="analyzing it"),
        ):
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.owner_role)))
            connection.execute("SET statement_timeout = 0")
            if everything:
                connection.execute("ANALYZE")
                return
            for schema, name in connection.execute(statement("archive/materialized_views.sql")).fetchall():
                connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, name)))


def _complaints(finished: Finished) -> tuple[Complaint, ...]:
    return tuple(complaint for complaint in finished.complaints if complaint.message != _HARMLESS)
