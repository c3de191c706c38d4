"""Who is measured, on what each depends, and how one run of it goes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from contracts.errors import RefreshError
from tests.bench import ours, plain_sql
from tests.bench.fixed_table import NotMasked, check_masked
from tests.bench.peers.course import Course, Peer, PeerFailed
from tests.bench.peers.environment import NotInstalled, installed
from tests.bench.peers.roster import PEERS
from tests.bench.server import BenchServer
from tests.bench.state import CHECKOUT, digest_of_files

#: For all runs of one peer together.
PEER_BUDGET_S = 30 * 60.0
HERE = Path(__file__).parent
#: The code whose speed ``ours`` is.
PRODUCT = tuple(CHECKOUT / room for room in ("masking", "sql/functions", "tasks/postgres"))
_COPY = "bench_copy"


@dataclass(frozen=True, kw_only=True)
class Contender:
    """``name`` is its place in the result, such as ``peers.bauta``; ``files`` are what its speed depends on."""

    name: str
    files: tuple[Path, ...]
    #: Masks the named database, and gives back seconds; with a clock reading at which it must have stopped.
    run: Callable[[BenchServer, str, float], float]
    budget_s: float = float("inf")
    #: The database to look at afterwards, from the name of the one that was masked; None for the floor.
    result_database: Callable[[str], str] | None = str

    @property
    def inputs(self) -> str:
        return digest_of_files(self.files)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Seconds of each run; ``error`` is why there are none. One that isn't final is tried again by the next bench."""

    seconds: tuple[float, ...] = ()
    error: str = ""
    is_final: bool = True


def contenders(peers: Iterable[str], peers_dir: Path) -> Iterator[Contender]:
    """In the order in which they run: what is quick and what is ours first."""
    for name in ("floor", "combined_update"):
        yield _plain(name)
    yield _ours("ours", ours.CHOSEN)
    yield Contender(
        name="remembering",
        files=(*PRODUCT, HERE / "policy.yaml", HERE / "ours.py"),
        run=lambda server, database, deadline: ours.remembering(server.login, database),
    )
    for name, way in ours.WAYS.items():
        if way is not ours.CHOSEN:
            yield _ours(f"ours_ways.{name}", way)
    yield _plain("scripts")
    for name in peers:
        yield _peer(PEERS[name], peers_dir)


def _plain(name: str) -> Contender:
    return Contender(
        name=name,
        files=(HERE / plain_sql.FILES[name],),
        run=lambda server, database, deadline: plain_sql.run_file(server, database, name),
        result_database=None if name == "floor" else str,
    )


def _ours(name: str, way: ours.Way) -> Contender:
    return Contender(
        name=name,
        files=(*PRODUCT, HERE / "policy.yaml", HERE / "ours.py"),
        run=lambda server, database, deadline: ours.mask(server.login, database, way=way),
    )


def _peer(peer: Peer, peers_dir: Path) -> Contender:
    def run(server: BenchServer, database: str, deadline: float) -> float:
        bin_dir = installed(peer, peers_dir)
        with tempfile.TemporaryDirectory(prefix="bench-peer-") as directory:
            course = Course(
                server=server,
                database=database,
                directory=Path(directory),
                bin_dir=bin_dir,
                deadline=deadline,
            )
            return peer.mask(course)

    return Contender(
        name=f"peers.{peer.name}",
        files=(HERE / "peers" / f"{peer.name.replace('-', '_')}.py",),
        run=run,
        budget_s=PEER_BUDGET_S,
        result_database=peer.result_database,
    )


def measure(contender: Contender, server: BenchServer, template: str, *, rows: int, repeats: int) -> Outcome:
    """Run a contender ``repeats`` times, each on a fresh copy. One that runs out of time after a run that counts
    keeps that; any other failure counts for all.
    """
    seconds: list[float] = []
    deadline = time.monotonic() + contender.budget_s
    for _ in range(repeats):
        if seconds and time.monotonic() + max(seconds) > deadline:
            break
        with server.fresh_copy(template, _COPY) as database:
            try:
                took = contender.run(server, database, deadline)
                if contender.result_database is not None:
                    check_masked(server, contender.result_database(database), rows=rows)
            except (NotMasked, PeerFailed, RefreshError, psycopg.Error, ours.NotDistinct) as error:
                return Outcome(error=str(error), is_final=not isinstance(error, NotInstalled))
            finally:
                if contender.result_database is not None:
                    server.drop(contender.result_database(database))
        seconds.append(took)
    return Outcome(seconds=tuple(seconds))
