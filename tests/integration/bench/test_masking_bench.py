"""The bench of ``make bench-masking``, on a table so small that its figures mean nothing: none decides a test."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import ours
from tests.bench.fixed_table import NotMasked, check_masked
from tests.bench.masking import bench
from tests.bench.peers.course import Course, PeerFailed
from tests.bench.server import BenchServer, bench_server

ROWS = 2_000
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def server() -> Iterator[BenchServer]:
    with bench_server() as running:
        yield running


@pytest.fixture(scope="module")
def directory(server: BenchServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one bench without peers has left its result."""
    path = tmp_path_factory.mktemp("bench")
    bench(server, QUIET, rows=ROWS, repeats=1, directory=path)
    return path


def test_the_result_has_a_figure_for_every_contender_that_ran(directory: Path) -> None:
    result = json.loads((directory / "masking.json").read_text())
    assert result.keys() == {"rows", "seconds", "per_masker_us"}
    assert result["rows"] == ROWS
    seconds = result["seconds"]
    assert seconds.keys() == {
        "scripts",
        "combined_update",
        "floor",
        "ours",
        "remembering",
        "ours_ways",
        "peers",
    }
    figures = [seconds[name] for name in ("scripts", "combined_update", "floor", "ours", "remembering")]
    # A contender whose rows aren't masked, or whose SSNs or addresses meet, has a message in its figure's place.
    assert all(isinstance(figure, float) for figure in [*figures, *seconds["ours_ways"].values()]), seconds
    assert seconds["ours_ways"].keys() == ours.WAYS.keys()
    assert seconds["peers"] == {}
    assert {"email", "ssn", "phone", "first_name", "last_name", "street"} <= result["per_masker_us"].keys()
    assert all(cost >= 0 for cost in result["per_masker_us"].values())


def test_what_is_done_is_not_run_again(server: BenchServer, directory: Path) -> None:
    before = (directory / "masking.json").read_bytes()
    bench(server, QUIET, rows=ROWS, repeats=1, directory=directory)
    assert (directory / "masking.json").read_bytes() == before


def test_ours_leaves_every_row_with_a_mask_of_its_own(server: BenchServer, directory: Path) -> None:
    with server.fresh_copy("bench_template", "looked_at") as database:
        with pytest.raises(NotMasked, match="addresses are raw"):
            check_masked(server, database, rows=ROWS)
        ours.mask(server.login, database)
        check_masked(server, database, rows=ROWS)
        with server.superuser(database) as connection:
            connection.execute("DROP INDEX IF EXISTS people_email")
            connection.execute("UPDATE people SET email = 'one@example.com' WHERE id <= 2")
        with pytest.raises(NotMasked, match="1999 e-mail addresses"):
            check_masked(server, database, rows=ROWS)


def test_the_server_writes_as_a_server_that_may_lose_nothing(server: BenchServer) -> None:
    with server.user("postgres") as connection:
        found = connection.execute(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'wal_level')"
        ).fetchall()
    assert dict(found) == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_level": "replica",
    }


def _course(server: BenchServer, directory: Path, *, seconds: float) -> Course:
    return Course(
        server=server,
        database="postgres",
        directory=directory,
        bin_dir=Path("/bin"),
        deadline=time.monotonic() + seconds,
    )


def test_a_peer_that_takes_too_long_is_ended_together_with_its_children(
    server: BenchServer, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(PeerFailed, match="still running after 0 s"):
        # The child holds the output open: it must be gone for the command to have ended.
        _course(server, tmp_path, seconds=0.2).run("sh", "-c", "sleep 30 & sleep 30")
    assert time.monotonic() - began < 20


def test_a_peer_that_fails_is_quoted_without_its_password(server: BenchServer, tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match=r"sh ended with 3: first \| no entry for …$"):
        _course(server, tmp_path, seconds=30).run(
            "sh", "-c", 'echo first; echo "no entry for $PGPASSWORD"; exit 3'
        )
