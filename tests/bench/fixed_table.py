"""The fixed table that every contender masks, and what must hold of it afterwards."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from tests.bench.server import BenchServer

HERE = Path(__file__).parent
TABLE = "people"
#: Raw addresses end so; nobody's masks do.
_RAW_EMAIL = r"\.example$"


class NotMasked(Exception):
    """A contender said that it was done, and wasn't: its time counts for nothing."""


def make_fixed_table(server: BenchServer, database: str, *, rows: int) -> None:
    """A database with the fixed table, vacuumed and analysed: the template of every contender's copy."""
    server.drop(database)
    server.create(database)
    with server.user(database) as connection:
        connection.execute("SELECT pg_catalog.set_config('bench.rows', %s, false)", (str(rows),))
        connection.execute((HERE / "people.sql").read_bytes())
        connection.execute("VACUUM (FREEZE, ANALYZE) public.people")


def size_bytes(server: BenchServer, database: str, table: str = TABLE) -> int:
    """Heap, TOAST and indexes."""
    with server.user(database) as connection:
        found = connection.execute(
            "SELECT pg_catalog.pg_total_relation_size(%s::pg_catalog.regclass)", (table,)
        ).fetchone()
    return int(found[0]) if found else 0


def check_masked(server: BenchServer, database: str, *, rows: int, table: str = TABLE) -> None:
    """Every row is there, no raw address is left, and what was distinct is.

    Raises:
        NotMasked: saying which of it doesn't hold.
    """
    query = sql.SQL(
        "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE email ~ {raw}),"
        " pg_catalog.count(DISTINCT pg_catalog.lower(email)), pg_catalog.count(DISTINCT ssn)"
        " FROM public.{table}"
    ).format(raw=sql.Literal(_RAW_EMAIL), table=sql.Identifier(table))
    try:
        with server.superuser(database) as connection:
            found = connection.execute(query).fetchone()
    except psycopg.errors.UndefinedTable:
        raise NotMasked(f"table {table} is gone") from None
    assert found is not None
    present, raw, emails, ssns = found
    if present != rows:
        raise NotMasked(f"{present} of {rows} rows are left")
    if raw:
        raise NotMasked(f"{raw} e-mail addresses are raw")
    if (emails, ssns) != (rows, rows):
        raise NotMasked(f"{emails} e-mail addresses and {ssns} SSNs are distinct among {rows}")
