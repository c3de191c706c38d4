"""A checksum of every table's rows: of the clone as it was verified, and of the database that came of its archive."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from contracts.login import Login
from masking.planning.plan import Plan, TablePlan
from masking.statements.passes import identifier, rows_of
from tasks.postgres.masking_session import in_parallel, masking_session

# What a row's text depends on besides the row.
_SETTINGS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "search_path": "",
    "lc_monetary": "C",
    "xmloption": "content",
}

#: No column is called so.
_ROW = "refresh_mask_row"


def checksums_of(login: Login, database: str, plan: Plan) -> Mapping[str, str]:
    """By ``schema.name``: how many rows, and the sum of their texts' hashes, as hex. Order doesn't matter."""
    found: dict[str, str] = {}
    lock = threading.Lock()

    def work(table: TablePlan) -> None:
        with (
            masking_session(login, database, doing=f"computing the checksum of {table.table}") as connection,
            connection.transaction(),
        ):
            connection.execute(_settings())
            if table.table.row_security_forced:
                connection.execute(_row_security("NO FORCE", table))
            row = connection.execute(
                sql.SQL(
                    "SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum("
                    "pg_catalog.hashtextextended(CAST({row} AS pg_catalog.text), 0)), 0) FROM {table} AS {row}"
                ).format(table=rows_of(table.table), row=sql.Identifier(_ROW))
            ).fetchone()
            if table.table.row_security_forced:
                connection.execute(_row_security("FORCE", table))
        assert row is not None
        with lock:
            found[str(table.table)] = f"{row[0]}:{int(row[1]) % 2**64:016x}"

    in_parallel([table for table in plan.tables if table.holds_rows], work)
    return found


def _row_security(how: LiteralString, table: TablePlan) -> sql.Composed:
    """Row security that holds for the owner too, lifted or brought back: triggers may be gone with a rewrite."""
    return sql.SQL("ALTER TABLE ONLY {} {} ROW LEVEL SECURITY").format(identifier(table.table), sql.SQL(how))


def _settings() -> sql.Composed:
    return sql.SQL("SELECT {}").format(
        sql.SQL(", ").join(
            [
                sql.SQL("pg_catalog.set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value))
                for name, value in _SETTINGS.items()
            ]
        )
    )
