"""``python -m tests.bench.planning``: what a database of many tables costs, part by part, with next to no rows in it;
and that no step needs more memory for more rows.

Every part runs in one process, as in a refresh, and in its order; the process holds nothing else, so the most memory
that it had is ours.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from contracts.login import Login
from masking.explanation.explanation import explain
from masking.explanation.policy_warnings import warnings_of
from masking.explanation.text import explanation_text
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.statements.checks import checks_of
from tasks.archive.saved_schema import save_schema
from tasks.cycle_collection import held_off
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.rehearsal import rehearse
from tasks.postgres.rewrite import join_owners, rewrite
from tasks.postgres.verification import finish, verify
from tests.bench import document, many_tables, memory
from tests.bench.ours import KEYS
from tests.bench.own_process import children_cpu_seconds, in_a_process, memory_mib
from tests.bench.server import SETTINGS, BenchServer, bench_server
from tests.bench.state import CHECKOUT

TABLES = 10_000
ROWS = 250_000
#: What must be done before the first statement, and how long it may take for so many tables.
PLANNING = ("parse the policy", "read the catalogue", "plan")
_DATABASE = "many_tables"

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the mask step. ``cpu_seconds`` are our process's own, ``server_cpu_seconds`` PostgreSQL's, which say
    more than ``seconds`` where the machine has other work; ``memory_mib`` is the most that the process had by its end.
    """

    name: str
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    memory_mib: float


class _Clock:
    def __init__(self, server_pid: int) -> None:
        self.server_pid = server_pid
        self.parts: list[Part] = []

    def time(self, name: str, work: Callable[[], Made]) -> Made:
        began, cpu, server_cpu = self._now()
        result = work()
        ended, cpu_by_then, server_cpu_by_then = self._now()
        self.parts.append(
            Part(
                name=name,
                seconds=ended - began,
                cpu_seconds=cpu_by_then - cpu,
                server_cpu_seconds=server_cpu_by_then - server_cpu,
                memory_mib=memory_mib(),
            )
        )
        return result

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), children_cpu_seconds(self.server_pid)


def measure(
    server_pid: int, login: Login, database: str, policy_text: str, scripts: Mapping[str, str], *, whole: bool
) -> list[Part]:
    """Every part in turn; without ``whole``, nothing of the database is changed."""
    clock = _Clock(server_pid)
    with held_off():
        policy = clock.time(PLANNING[0], lambda: parse_policy(policy_text, scripts))
        catalogue = clock.time(PLANNING[1], lambda: read_catalogue(login, database))
        plan = clock.time(PLANNING[2], lambda: make_plan(catalogue, policy))
    clock.time("warn", lambda: warnings_of(catalogue, policy, plan))
    clock.time("explain", lambda: explanation_text(explain(catalogue, policy, plan), with_order=True))
    clock.time(
        "write the checks", lambda: [check.query.as_string(None) for check in checks_of(plan, catalogue)]
    )
    if whole:
        clock.time("rehearse", lambda: rehearse(login, database, catalogue, plan, KEYS))
        clock.time("save the schema", lambda: _save(login, database, plan))
        clock.time("mask", lambda: rewrite(login, database, catalogue, plan, KEYS))
        clock.time("verify", lambda: verify(login, database, catalogue, plan, KEYS))
        clock.time("finish", lambda: finish(login, database))
    return clock.parts


def _save(login: Login, database: str, plan: Any) -> None:
    join_owners(login, database, plan)
    save_schema(login, database)


@dataclass(frozen=True, kw_only=True)
class Result:
    """``memory`` is empty where it wasn't asked for."""

    tables: int
    parts: Sequence[Part]
    memory: Sequence[memory.Memory]

    @property
    def planning_seconds(self) -> float:
        """From the policy's text and the database's name to the plan."""
        return sum(part.seconds for part in self.parts if part.name in PLANNING)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = {
            "tables": self.tables,
            "planning_seconds": round(self.planning_seconds, 3),
            "parts": [asdict(part) for part in self.parts],
            "memory_mib": [asdict(found) for found in self.memory],
        }
        path.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")

    def markdown(self, measured: Mapping[str, str]) -> Iterator[str]:
        """As two tables, below the circumstances."""
        ours = sum(part.cpu_seconds for part in self.parts if part.name in PLANNING)
        servers = sum(part.server_cpu_seconds for part in self.parts if part.name in PLANNING)
        yield from (f"- {name}: {value}" for name, value in measured.items())
        yield f"- tables: {self.tables:,}"
        yield ""
        yield "| part | seconds | processor time of our process | of PostgreSQL | memory by then |"
        yield "|---|---|---|---|---|"
        yield f"| **planned**: the first three | {self.planning_seconds:.1f} | {ours:.1f} | {servers:.1f} | |"
        for part in self.parts:
            yield f"| {' | '.join(_cells(part))} |"
        if self.memory:
            yield ""
            yield "| rows of one table | memory to mask and verify | to dump | to restore |"
            yield "|---|---|---|---|"
            for found in self.memory:
                yield f"| {' | '.join(_memory_cells(found))} |"

    def shown(self) -> Iterator[Table]:
        """The same for a terminal."""
        parts = Table(title=f"{self.tables:,} tables: planned in {self.planning_seconds:.1f} s")
        for heading in ("part", "seconds", "our processor time", "PostgreSQL's", "memory by then"):
            parts.add_column(heading)
        for part in self.parts:
            parts.add_row(*_cells(part))
        yield parts
        if self.memory:
            memories = Table(title="memory of each step")
            for heading in ("rows", "mask and verify", "dump", "restore"):
                memories.add_column(heading)
            for found in self.memory:
                memories.add_row(*_memory_cells(found))
            yield memories


def _cells(part: Part) -> tuple[str, ...]:
    seconds = (part.seconds, part.cpu_seconds, part.server_cpu_seconds)
    return part.name, *(f"{each:.1f}" for each in seconds), f"{part.memory_mib:.0f} MiB"


def _memory_cells(found: memory.Memory) -> tuple[str, ...]:
    return f"{found.rows:,}", *(f"{each:.0f} MiB" for each in (found.mask, found.dump, found.restore))


def bench(server: BenchServer, *, tables: int, rows: int = 0, whole: bool = True) -> Result:
    """Measure ``tables`` tables, and the memory of each step with ``rows`` rows of one and more."""
    many_tables.make_many_tables(server, _DATABASE, tables=tables)
    policy, scripts = many_tables.policy(tables), many_tables.scripts(tables)
    parts, _ = in_a_process(measure, server.pid, server.login, _DATABASE, policy, scripts, whole=whole)
    server.drop(_DATABASE)
    return Result(tables=tables, parts=parts, memory=list(memory.run(server, rows=rows)) if rows else [])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planning", description=__doc__)
    parser.add_argument("--tables", type=int, default=TABLES, help="how many (default %(default)s)")
    parser.add_argument("--plan-only", action="store_true", help="mask nothing")
    parser.add_argument(
        "--rows",
        type=int,
        default=ROWS,
        help="of one table, and two and four times as many, for the memory of each step (default %(default)s)",
    )
    parser.add_argument("--document", action="store_true", help="write the result into docs/benchmarks.md")
    parser.add_argument("--directory", type=Path, default=CHECKOUT / ".bench", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    # On disk: what /dev/shm would show is not what a server does.
    os.environ.setdefault("LOCALAWS_TMPDIR", "/var/tmp")
    # As Ctrl-C does: else a bench that is killed leaves its server running until the next one sweeps it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    load = os.getloadavg()[0]
    with bench_server({**SETTINGS, **many_tables.SETTINGS}) as server:
        result = bench(
            server,
            tables=options.tables,
            rows=0 if options.plan_only else options.rows,
            whole=not options.plan_only,
        )
        measured = document.circumstances(server, load=load)
    result.write(options.directory / "planning.json")
    console = Console()
    for table in result.shown():
        console.print(table)
    if options.document:
        document.write_section("planning", result.markdown(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
