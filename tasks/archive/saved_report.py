"""The masking report, kept in the clone beside the schema that the archive will have.

A mask run in another process hands it over so: it reaches nothing else that the refresh reaches too.
"""

from __future__ import annotations

import psycopg

from contracts.errors import PreconditionFailed
from contracts.login import Login
from contracts.report import MaskingReport
from tasks.postgres.connection import connect, safe_errors


def save_report(login: Login, database: str, report: MaskingReport) -> None:
    """Keep ``report`` in the clone, in place of one that is kept already."""
    with (
        safe_errors(f"database {database!r}", doing="saving its masking report"),
        connect(login, database, autocommit=True) as connection,
        connection.transaction(),
    ):
        connection.execute("DROP TABLE IF EXISTS refresh_archive.masking_report")
        connection.execute("CREATE UNLOGGED TABLE refresh_archive.masking_report (report text NOT NULL)")
        connection.execute(
            "INSERT INTO refresh_archive.masking_report VALUES (%s)", (report.model_dump_json(),)
        )


def read_report(login: Login, database: str) -> MaskingReport:
    """What :func:`save_report` kept.

    Raises :class:`PreconditionFailed` where there is nothing.
    """
    with (
        safe_errors(f"database {database!r}", doing="reading its masking report"),
        connect(login, database, autocommit=True) as connection,
    ):
        try:
            found = connection.execute("SELECT report FROM refresh_archive.masking_report").fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            found = None
    if found is None:
        raise PreconditionFailed(
            "it holds no masking report: it wasn't masked, or it crashed after that",
            resource=f"database {database!r} of the clone",
            remedy="Start a new refresh: it takes a new clone.",
        )
    return MaskingReport.model_validate_json(found[0])
