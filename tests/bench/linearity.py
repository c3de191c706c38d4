"""How our time grows with rows and with columns, and that memory doesn't grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from psycopg import sql
from rich.console import Console
from rich.table import Table

from contracts.login import Login
from tests.bench import ours
from tests.bench.fixed_table import make_fixed_table
from tests.bench.own_process import in_a_process
from tests.bench.server import BenchServer

ROW_FACTORS = (1, 2, 4)
COLUMNS = (5, 20, 80)
#: The wide table has this part of the fixed table's rows: with 80 columns it is as large.
WIDE_PART = 8
_TEMPLATE, _COPY = "linear_template", "linear_copy"
_MASKERS = ("first_name", "last_name", "street", "username", "pseudonym")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run in a process of its own. ``units`` are what its seconds are divided by to be compared with another's;
    ``memory_mib`` is the most that the process had.
    """

    what: str
    size: int
    units: int
    seconds: float
    memory_mib: float


def run(server: BenchServer, console: Console, *, rows: int, directory: Path) -> list[Point]:
    """Every point, one after another; written to ``linearity.json``."""
    points: list[Point] = []
    for factor in ROW_FACTORS:
        make_fixed_table(server, _TEMPLATE, rows=rows * factor)
        points.append(_point(server, "rows", rows * factor, rows * factor, ours.POLICY))
    for columns in COLUMNS:
        wide_rows = rows // WIDE_PART
        policy = _make_wide_table(server, rows=wide_rows, columns=columns)
        points.append(_point(server, "columns", columns, wide_rows * columns, policy))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "linearity.json").write_text(
        json.dumps({"rows": rows, "points": [asdict(point) for point in points]}, indent=2) + "\n",
        encoding="utf-8",
    )
    console.print(_table(points))
    return points


def markdown(points: list[Point], measured: Mapping[str, str]) -> list[str]:
    lines = [f"- {name}: {value}" for name, value in measured.items()]
    lines += [
        "",
        "| what | size | seconds | µs per row or value | memory of our process |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(point))} |" for point in points]
    return lines


def _cells(point: Point) -> tuple[str, ...]:
    return (
        point.what,
        f"{point.size:,}",
        f"{point.seconds:.2f}",
        f"{point.seconds / point.units * 1e6:,.2f}",
        f"{point.memory_mib:.0f} MiB",
    )


def _table(points: list[Point]) -> Table:
    shown = Table(title="how time and memory grow")
    for heading in ("what", "size", "seconds", "µs per row or value", "memory"):
        shown.add_column(heading)
    for point in points:
        shown.add_row(*_cells(point))
    return shown


def _point(server: BenchServer, what: str, size: int, units: int, policy: str) -> Point:
    with server.fresh_copy(_TEMPLATE, _COPY) as database:
        seconds, memory_mib = in_a_process(_mask, server.login, database, policy)
    return Point(what=what, size=size, units=units, seconds=seconds, memory_mib=memory_mib)


def _make_wide_table(server: BenchServer, *, rows: int, columns: int) -> str:
    """A table with a key and texts; result: the policy that masks them all."""
    server.drop(_TEMPLATE)
    server.create(_TEMPLATE)
    names = [f"c{number}" for number in range(columns)]
    texts = [
        sql.SQL("pg_catalog.left(pg_catalog.md5(({} + series.id)::text), 16) AS {}").format(
            sql.Literal(number * rows), sql.Identifier(name)
        )
        for number, name in enumerate(names)
    ]
    with server.user(_TEMPLATE) as connection:
        connection.execute(
            sql.SQL(
                "CREATE TABLE public.wide AS SELECT series.id, {} FROM pg_catalog.generate_series(1, {}) AS series (id)"
            ).format(sql.SQL(", ").join(texts), sql.Literal(rows))
        )
        connection.execute("ALTER TABLE public.wide ADD PRIMARY KEY (id)")
        connection.execute("VACUUM (FREEZE, ANALYZE) public.wide")
    rules = [f"      {name}: {_MASKERS[number % len(_MASKERS)]}\n" for number, name in enumerate(names)]
    return "tables:\n  public.wide:\n    columns:\n      id: keep\n" + "".join(rules)


def _mask(login: Login, database: str, policy: str) -> float:
    return ours.mask(login, database, policy=policy)
