"""A checksum of every table's rows: of the clone as it was verified, and of the database that came of its archive."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from contracts.login import Login
from masking.catalogue import Column
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

# What PostgreSQL hashes by its bytes alone, so that whatever differs in text differs in hash, on every server alike: an
# enum isn't, which is hashed by its object's id, nor a numeric, of which 1.0 and 1.00 have one hash, nor what is
# as long as an int8, whose halves are put together first.
_TEXTS = frozenset({"text", "varchar"})
_HASHED = frozenset({"int2", "int4", "uuid", "bytea", "bool", "date"})


def checksums_of(login: Login, database: str, plan: Plan) -> Mapping[str, str]:
    """By ``schema.name``: how many rows, and the sum of their hashes, as hex. Order doesn't matter."""
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
                    # A record's hash is a sum of its columns', so a sum of those wouldn't tell which row a value is in.
                    "SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum(pg_catalog.hashtextextended("
                    'pg_catalog.hash_record_extended(ROW({values}), 0)::pg_catalog.text COLLATE pg_catalog."C", 0)), 0)'
                    " FROM {table}"
                ).format(
                    table=rows_of(table.table),
                    values=sql.SQL(", ").join([_hashed(column) for column in table.table.columns]),
                )
            ).fetchone()
            if table.table.row_security_forced:
                connection.execute(_row_security("FORCE", table))
        assert row is not None
        with lock:
            found[str(table.table)] = f"{row[0]}:{int(row[1]) % 2**64:016x}"

    in_parallel([table for table in plan.tables if table.holds_rows], work)
    return found


def _hashed(column: Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.base_type_schema == "pg_catalog" and column.base_type in _HASHED:
        return sql.SQL("{}").format(name)
    if column.base_type_schema == "pg_catalog" and column.base_type in _TEXTS:
        return sql.SQL('{} COLLATE pg_catalog."C"').format(name)
    return sql.SQL('CAST({} AS pg_catalog.text) COLLATE pg_catalog."C"').format(name)


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
