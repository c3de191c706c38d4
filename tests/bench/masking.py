"""``python -m tests.bench.masking``: ours beside plain SQL and other tools, on one table and one server.

A contender that is done is kept in ``.bench/masking.state.json``, so that an interrupted bench goes on where it was;
``--fresh`` begins anew. What our own code's figures rest on is part of what is kept, so a change of it is measured.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench import document, linearity, ours
from tests.bench.contenders import PRODUCT, Contender, Outcome, contenders, measure
from tests.bench.fixed_table import make_fixed_table
from tests.bench.maskers import per_masker_us
from tests.bench.peers.roster import PEERS
from tests.bench.report import Result
from tests.bench.server import DURABLE, SETTINGS, BenchServer, bench_server
from tests.bench.state import CHECKOUT, State, digest, digest_of_files
from tests.bench.statement_log import statement_log

ROWS = 1_000_000
REPEATS = 3
_TEMPLATE = "bench_template"
_MASKERS = "per_masker_us"
HERE = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    # On disk: what /dev/shm would show is not what a server does.
    os.environ.setdefault("LOCALAWS_TMPDIR", "/var/tmp")
    # As Ctrl-C does: else a bench that is killed leaves its server running until the next one sweeps it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console, load = Console(), os.getloadavg()[0]
    with bench_server() as server:
        if options.profile:
            profile(server, console, rows=options.rows)
            return 0
        if options.linearity:
            found = linearity.run(server, console, rows=options.rows, directory=options.directory)
            if options.document:
                measured = document.circumstances(server, load=load)
                document.write_section("linearity", linearity.markdown(found, measured))
            return 0
        result = bench(
            server,
            console,
            rows=options.rows,
            repeats=options.repeats,
            peers=options.peers,
            directory=options.directory,
            fresh=options.fresh,
        )
        console.print(result.table())
        if options.document:
            document.write_section(
                "result", document.markdown(result, document.circumstances(server, load=load))
            )
    failed = [
        name for name, found in result.outcomes.items() if found.error and not name.startswith("peers.")
    ]
    return 1 if failed else 0


def bench(
    server: BenchServer,
    console: Console,
    *,
    rows: int = ROWS,
    repeats: int = REPEATS,
    peers: Sequence[str] = (),
    directory: Path,
    fresh: bool = False,
) -> Result:
    """Measure what isn't measured yet, and write ``masking.json``."""
    state = State(directory / "masking.state.json", fresh=fresh)
    settings = (server.server.binaries.version, *DURABLE.items(), *SETTINGS.items())
    table = digest(rows, repeats, settings, digest_of_files([HERE / "people.sql"]))
    have_table = False

    def ready_table() -> None:
        nonlocal have_table
        if not have_table:
            console.print(f"making the fixed table with {rows:,} rows")
            make_fixed_table(server, _TEMPLATE, rows=rows)
            have_table = True

    def outcome(contender: Contender) -> Outcome:
        inputs = digest(table, contender.inputs)
        kept = state.get(contender.name, inputs)
        if kept is not None:
            console.print(f"{contender.name}: kept from before")
            return Outcome(seconds=tuple(kept["seconds"]), error=kept["error"])
        ready_table()
        found = measure(contender, server, _TEMPLATE, rows=rows, repeats=repeats)
        console.print(
            f"{contender.name}: {found.error or ', '.join(f'{seconds:.2f} s' for seconds in found.seconds)}",
            markup=False,
        )
        if found.is_final:
            state.put(contender.name, inputs, {"seconds": found.seconds, "error": found.error})
        return found

    outcomes = {contender.name: outcome(contender) for contender in contenders(peers, directory / "peers")}
    inputs = digest(table, digest_of_files([*PRODUCT, HERE / "maskers.py"]))
    costs = state.get(_MASKERS, inputs)
    if costs is None:
        ready_table()
        with server.fresh_copy(_TEMPLATE, "bench_maskers") as database:
            costs = per_masker_us(server, database)
        state.put(_MASKERS, inputs, costs)
    result = Result(rows=rows, outcomes=outcomes, per_masker_us=costs)
    result.write(directory / "masking.json")
    return result


def profile(server: BenchServer, console: Console, *, rows: int) -> None:
    """One run of each of our ways, by its longer statements."""
    make_fixed_table(server, _TEMPLATE, rows=rows)
    for name, way in ours.WAYS.items():
        with server.fresh_copy(_TEMPLATE, "bench_profile") as database:
            with statement_log(server, database) as log:
                seconds = ours.mask(server.login, database, way=way)
            console.print(f"{name}: {seconds:.2f} s for {rows:,} rows")
            for line in log.lines():
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.masking", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=ROWS, help="rows of the fixed table (default %(default)s)"
    )
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help="runs per contender (default %(default)s)"
    )
    parser.add_argument(
        "--peers",
        type=_peers,
        default="all",
        help=f"all, none, or some of {', '.join(PEERS)}, by commas (default %(default)s)",
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what is kept from before")
    parser.add_argument("--profile", action="store_true", help="only show where our time goes")
    parser.add_argument(
        "--linearity", action="store_true", help="only measure how time and memory grow with rows and columns"
    )
    parser.add_argument("--document", action="store_true", help="write the result into docs/benchmarks.md")
    parser.add_argument("--directory", type=Path, default=CHECKOUT / ".bench", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(PEERS) if text == "all" else () if text == "none" else tuple(text.split(","))
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(unknown)}. There are {', '.join(PEERS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
