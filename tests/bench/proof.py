"""``make bench-proof``: what the proof costs beside masking, and what it finds of planted copies.

Result: ``.bench/proof.json``. Seconds are wall time; ``parts`` has each part's, and processor time,
which says more where the machine has other work. They are one run's: of several, the one whose ratio of masking and
verification to the combined ``UPDATE`` is the median. ``runs`` has the sums of all.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deployments.demo.world import load_sample
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.statements.checks import Check, checks_of
from tasks.archive.saved_schema import save_schema
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.masking_session import hand_over_keys, masking_session
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import finish, verify
from tasks.proof.checksums import checksums_of
from tasks.proof.gathering import gather_and_remember
from tasks.proof.proving import prove, prove_schema
from tasks.proof.searching import Searched, search_clone
from tests.bench import planted
from tests.bench.fixed_table import make_fixed_table
from tests.bench.ours import KEYS, POLICY
from tests.bench.plain_sql import run_file
from tests.bench.server import BenchServer, bench_server
from tests.bench.suggesting import figures, from_schema
from tests.fix_samples import DEFAULT, TESTS

CHECKOUT = Path(__file__).parents[2]
ROWS = 1_000_000
RUNS = 3
_TEMPLATE, _DATABASE = "proof_template", "proof"
_NOT_VERIFICATION = ("mask", "saved schema")
_SAMPLES = ("pagila", "chinook")


class _Clock:
    """Wall time of named parts, and processor time: this process's, its clients', the server's sessions'."""

    def __init__(self, server: BenchServer) -> None:
        self.parts: dict[str, dict[str, float]] = {}
        self._server = server

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began, cpu = time.perf_counter(), self._cpu_seconds()
        yield
        seconds = time.perf_counter() - began
        used = {kind: now - cpu[kind] for kind, now in self._cpu_seconds().items()}
        self.parts[name] = {kind: round(value, 3) for kind, value in ({"seconds": seconds} | used).items()}

    def _cpu_seconds(self) -> Mapping[str, float]:
        clients = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = {
            "cpu_seconds": time.process_time(),
            "clients_cpu_seconds": clients.ru_utime + clients.ru_stime,
        }
        with suppress(FileNotFoundError):  # only Linux has it
            ended = (
                Path(f"/proc/{self._server.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            # Of sessions that are over, and so in full: proc(5), cutime and cstime.
            found["server_cpu_seconds"] = sum(map(int, ended[13:15])) / os.sysconf("SC_CLK_TCK")
        return found

    def seconds(self, *names: str) -> float:
        return round(sum(self.parts[name]["seconds"] for name in names), 3)


def bench(
    server: BenchServer, *, rows: int, copies: int = planted.COPIES, runs: int = RUNS
) -> dict[str, Any]:
    """Mask and prove the fixed table of so many rows, so often, and look for so many planted copies."""
    make_fixed_table(server, _TEMPLATE, rows=rows)
    found = [_run(server, combined_first=number % 2 == 0) for number in range(runs)]
    server.drop(_TEMPLATE)
    found_by_kind, false_alarms = _planted(server, copies)
    samples = _of_samples(server)
    median = sorted(found, key=lambda run: run.ratio)[len(found) // 2]
    return {
        **median.seconds(),
        "runs": [run.seconds() for run in found],
        "planted": copies,
        "planted_found": found_by_kind.total(),
        "planted_by_kind": {
            kind: [count, found_by_kind[kind]] for kind, count in planted.planted_by_kind(copies).items()
        },
        "false_alarms": false_alarms + median.findings + sum(samples.values()),
        "rows": rows,
        "searched_bytes": median.searched_bytes,
        "parts": median.parts,
        "proof_one_by_one": median.alone,
        "samples": samples,
        "suggestions": {
            name: figures((from_schema(path),)) for name, path in _samples_here() if _is_labelled(path)
        },
    }


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Seconds of both contenders on copies of the same table, one after the other."""

    masking: float
    verification: float
    combined_update: float
    parts: Mapping[str, Mapping[str, float]]
    alone: Mapping[str, Mapping[str, float]]
    findings: int
    searched_bytes: int

    def seconds(self) -> dict[str, float]:
        return {
            "masking_s": self.masking,
            "verification_s": self.verification,
            "combined_update_s": self.combined_update,
            "ratio": round(self.ratio, 3),
        }

    @property
    def ratio(self) -> float:
        return (self.masking + self.verification) / self.combined_update


def _run(server: BenchServer, *, combined_first: bool) -> _Run:
    clock, alone = _Clock(server), _Clock(server)

    def combined() -> float:
        with server.fresh_copy(_TEMPLATE, _DATABASE) as database:
            return run_file(server, database, "combined_update")

    before = combined() if combined_first else None
    with server.fresh_copy(_TEMPLATE, _DATABASE) as database:
        searched = _mask_and_prove(server, database, POLICY, clock, alone)
    return _Run(
        masking=clock.seconds("mask"),
        verification=clock.seconds(*(name for name in clock.parts if name not in _NOT_VERIFICATION)),
        combined_update=round(combined() if before is None else before, 3),
        parts=clock.parts,
        alone=alone.parts,
        findings=len(searched.found.findings),
        searched_bytes=searched.size_bytes,
    )


def _mask_and_prove(
    server: BenchServer, database: str, policy: str, clock: _Clock, alone: _Clock
) -> Searched:
    """The mask step's parts in their order, without quarantine and rehearsal; then those that go on at once in the
    proof, each ``alone``.
    """
    login = server.login
    catalogue = read_catalogue(login, database)
    plan = make_plan(catalogue, parse_policy(policy))
    with clock.part("saved schema"):
        save_schema(login, database)
    with clock.part("gather raw values, and remember"):
        raw = gather_and_remember(login, database, catalogue, plan, KEYS)
    with clock.part("mask"):
        rewrite(login, database, catalogue, plan, KEYS)
    with clock.part("prove"):
        report = prove(login, database, catalogue, plan, raw, KEYS)
    with clock.part("search of the schema"):
        prove_schema(login, database, plan, raw, report)
    with alone.part("columns' own checks"):
        verify(login, database, catalogue, plan, KEYS)
    for name, checks in _by_name(checks_of(plan, catalogue)):
        with (
            alone.part(f"of these: {name}"),
            masking_session(login, database, doing="asking one question after the other") as connection,
        ):
            hand_over_keys(connection, plan, KEYS)
            for check in checks:
                connection.execute(check.query)
    with alone.part("search of what is kept"):
        searched = search_clone(login, database, catalogue, plan, raw)
    with alone.part("checksums"):
        checksums_of(login, database, plan)
    finish(login, database)
    return searched


def _by_name(checks: Iterable[Check]) -> Iterator[tuple[str, list[Check]]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.name, []).append(check)
    yield from found.items()


def _planted(server: BenchServer, copies: int) -> tuple[Counter[str], int]:
    """How many planted copies are found of each kind of place, and how many values are that hold none."""
    server.create(_DATABASE)
    with server.user(_DATABASE) as connection:
        planted.plant(connection, copies=copies)
    login = server.login
    catalogue = read_catalogue(login, _DATABASE)
    plan = make_plan(catalogue, parse_policy(planted.POLICY))
    raw = gather_and_remember(login, _DATABASE, catalogue, plan, KEYS)
    rewrite(login, _DATABASE, catalogue, plan, KEYS)
    with server.user(_DATABASE) as connection:
        found = Counter(planted.found(connection, catalogue, plan, raw))
        connection.execute("DELETE FROM public.elsewhere WHERE is_planted")
    harmless = search_clone(login, _DATABASE, catalogue, plan, raw)
    server.drop(_DATABASE)
    return found, sum(finding.count for finding in harmless.found.findings)


def _samples_here() -> Iterator[tuple[str, Path]]:
    directory = Path(os.environ.get("REFRESH_SAMPLES") or DEFAULT)
    for name in _SAMPLES:
        if (directory / name / "schema.sql").is_file():
            yield name, directory / name


def _is_labelled(sample: Path) -> bool:
    return (sample / "truth.tsv").is_file()


def _of_samples(server: BenchServer) -> Mapping[str, int]:
    """Findings in the real databases that are on this machine, with their policies: all would be false."""
    found: dict[str, int] = {}
    for name, path in _samples_here():
        server.create(_DATABASE)
        load_sample(server.server.superuser_conninfo(_DATABASE), path)
        policy = (TESTS / "samples" / name / "policy.yaml").read_text(encoding="utf-8")
        found[name] = len(
            _mask_and_prove(server, _DATABASE, policy, _Clock(server), _Clock(server)).found.findings
        )
        server.drop(_DATABASE)
    return found


def _shown(result: Mapping[str, Any]) -> Iterator[Table]:
    parts = Table(title=f"{result['rows']:,} rows")
    for heading in ("part", "seconds", "processor time: ours", "our clients'", "the server's"):
        parts.add_column(heading)
    for name, part in result["parts"].items():
        parts.add_row(name, *(f"{seconds:.2f}" for seconds in part.values()))
    for name, part in result["proof_one_by_one"].items():
        parts.add_row(f"by itself: {name}", *(f"{seconds:.2f}" for seconds in part.values()))
    parts.add_row("one combined UPDATE, unproved", f"{result['combined_update_s']:.2f}")
    yield parts
    runs = Table(title="every run")
    for heading in ("masking", "verification", "combined UPDATE", "both of ours, as its part"):
        runs.add_column(heading)
    for run in result["runs"]:
        runs.add_row(*(f"{figure:.2f}" for figure in run.values()))
    yield runs
    copies = Table(title="copies")
    for heading in ("kind of place", "planted", "found", "false alarms"):
        copies.add_column(heading)
    for kind, counts in result["planted_by_kind"].items():
        copies.add_row(kind, *map(str, counts))
    copies.add_row("all", *(str(result[name]) for name in ("planted", "planted_found", "false_alarms")))
    yield copies
    suggestions = Table(title="suggestions, by the schema alone")
    for heading in ("database", "recall", "precision"):
        suggestions.add_column(heading)
    for name, found in result["suggestions"].items():
        suggestions.add_row(name, *(f"{found[figure]:.2f}" for figure in ("mask_recall", "mask_precision")))
    yield suggestions


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.proof", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the fixed table (default %(default)s)")
    parser.add_argument("--runs", type=int, default=RUNS, help="of both contenders (default %(default)s)")
    parser.add_argument("--directory", type=Path, default=CHECKOUT / ".bench", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    # On disk: what /dev/shm would show is not what a server does.
    os.environ.setdefault("LOCALAWS_TMPDIR", "/var/tmp")
    # As Ctrl-C does: else a bench that is killed leaves its server running until the next one sweeps it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with bench_server() as server:
        result = bench(server, rows=options.rows, runs=options.runs)
    options.directory.mkdir(exist_ok=True)
    (options.directory / "proof.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    console = Console()
    for table in _shown(result):
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
