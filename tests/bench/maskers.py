"""What each masker costs per value: a scan that masks a column, less the same scan that only reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from contracts.errors import RefreshError
from masking.catalogue import Catalogue
from masking.maskers import MASKERS
from masking.maskers.masker import Masker, Use
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.masking_session import hand_over_keys, masking_session
from tasks.postgres.rewrite import rewrite
from tests.bench.ours import KEYS
from tests.bench.server import BenchServer

#: More rows than this make no figure better.
ROWS_MAX = 200_000
#: What a masker is given, in terms of the fixed table.
_SAMPLES: dict[str, LiteralString] = {
    "username": "pg_catalog.split_part(email, '@', 1)",
    "phone": "phone",
    "ssn": "ssn",
    "first_name": "first_name",
    "last_name": "last_name",
    "full_name": "first_name || ' ' || last_name",
    "street": "street",
    "city": "last_name",
    "postcode": "pg_catalog.lpad((id % 100000)::text, 5, '0')",
    "ip": "'10.' || id % 256 || '.' || id / 256 % 256 || '.' || id / 65536 % 256",
    "free_text": "notes",
}
#: What any other is given, by the first of these types that it takes.
_SAMPLES_BY_TYPE: dict[str, LiteralString] = {
    "date": "date '1940-01-01' + (id % 25000)::int",
    "text": "email",
    "numeric": "(id % 1000000) / 100.0",
    "int8": "id",
    "inet": "'10.0.0.0'::inet + id",
    "uuid": "pg_catalog.md5(id::text)::uuid",
    "jsonb": "preferences",
    "timestamptz": "created_at",
    "bytea": "pg_catalog.convert_to(email, 'UTF8')",
}
#: Under a unique index, as in the fixed table: distinctness is part of the cost.
_UNIQUE: dict[str, LiteralString] = {"email": "pg_catalog.lower(value)", "ssn": "value"}
_SCANS = 2


def per_masker_us(server: BenchServer, database: str) -> dict[str, float]:
    """Microseconds per value of every keyed masker that takes a column without being told more.

    ``database`` is a fresh copy with the fixed table. Each masker's sample is masked by the product first, as it
    would be in a run; then its statement's expression is timed on the raw values, of which a copy was kept.
    """
    candidates = [masker for masker in MASKERS.values() if masker.keyed and masker.distinct != "author"]
    with server.user(database) as connection:
        made = [masker for masker in candidates if _make_sample(connection, masker)]
        connection.execute("DROP TABLE public.people")
    catalogue = read_catalogue(server.login, database)
    planned = [masker for masker in made if _plan(catalogue, made, [masker]) is not None]
    plan = _plan(catalogue, made, planned)
    assert plan is not None
    rewrite(server.login, database, catalogue, plan, KEYS)
    with masking_session(server.login, database, doing="timing maskers") as connection:
        hand_over_keys(connection, plan, KEYS)
        connection.execute("SET max_parallel_workers_per_gather = 0")
        return {use.masker.name: _cost_us(connection, use) for _, use in plan.uses()}


def _make_sample(connection: psycopg.Connection[Any], masker: Masker) -> bool:
    """A table with its raw values twice: one column will be masked, the other is there to be timed."""
    by_type = (
        sample for type_, sample in _SAMPLES_BY_TYPE.items() if not masker.types or type_ in masker.types
    )
    sample = _SAMPLES.get(masker.name) or next(by_type, None)
    if sample is None:
        return False
    table = sql.Identifier("public", _table(masker))
    connection.execute(
        sql.SQL("CREATE TABLE {} AS SELECT {} AS value, {} AS raw FROM public.people LIMIT {}").format(
            table, sql.SQL(sample), sql.SQL(sample), sql.Literal(ROWS_MAX)
        )
    )
    if masker.name in _UNIQUE:
        connection.execute(
            sql.SQL("CREATE UNIQUE INDEX ON {} (({}))").format(table, sql.SQL(_UNIQUE[masker.name]))
        )
    connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) {}").format(table))
    return True


def _plan(catalogue: Catalogue, made: list[Masker], masked: list[Masker]) -> Plan | None:
    """A plan that masks the samples of ``masked``; None where one of them needs parameters."""
    lines = ["tables:"]
    for masker in made:
        rule = (
            f"{{columns: {{value: {masker.name}, raw: {{keep: to be timed}}}}}}"
            if masker in masked
            else "empty"
        )
        lines.append(f"  public.{_table(masker)}: {rule}")
    try:
        return make_plan(catalogue, parse_policy("\n".join(lines)))
    except RefreshError:
        return None


def _cost_us(connection: psycopg.Connection[Any], use: Use) -> float:
    raw = replace(use, column=replace(use.column, name="raw"))
    table = sql.Identifier("public", _table(use.masker))

    def scan(counted: sql.Composable) -> Callable[[], int]:
        query = sql.SQL("SELECT pg_catalog.count({}) FROM {}").format(counted, table)

        def run() -> int:
            found = connection.execute(query).fetchone()
            return int(found[0]) if found else 0

        return run

    read, values = _quickest(scan(sql.Identifier("raw")))
    masked, _ = _quickest(scan(raw.expression()))
    return max(masked - read, 0) / max(values, 1) * 1e6


def _quickest(run: Callable[[], int]) -> tuple[float, int]:
    best, found = float("inf"), 0
    for _ in range(_SCANS):
        began = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - began)
    return best, found


def _table(masker: Masker) -> str:
    return f"sample_{masker.name}"
