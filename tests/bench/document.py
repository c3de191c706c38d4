"""Puts the last result, and where it was measured, into docs/benchmarks.md."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.bench.peers.roster import PEERS
from tests.bench.report import Result
from tests.bench.server import DURABLE, SETTINGS, BenchServer
from tests.bench.state import CHECKOUT

PAGE = CHECKOUT / "docs" / "benchmarks.md"


def circumstances(server: BenchServer, *, load: float) -> dict[str, str]:
    """What decides the seconds beside the code; ``load`` is what else the machine did when the bench began."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB; load {load:.1f} before",
        "PostgreSQL": f"{server.server.binaries.version}; "
        + ", ".join(f"{name}={value}" for name, value in {**DURABLE, **SETTINGS}.items()),
    }


def with_section(page: str, name: str, lines: Iterable[str]) -> str:
    """``page`` with the part between ``<!-- name -->`` and ``<!-- /name -->`` written anew."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the page has no part between {begin} and {end}")
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + after


def write_section(name: str, lines: Iterable[str], path: Path = PAGE) -> None:
    path.write_text(with_section(path.read_text(encoding="utf-8"), name, lines), encoding="utf-8")


def markdown(result: Result, measured: Mapping[str, str]) -> list[str]:
    """The result as two tables, below the circumstances."""
    lines = [f"- {name}: {value}" for name, value in measured.items()]
    lines += [
        f"- rows: {result.rows:,}",
        "",
        "| contender | median | from–to (runs) | of the floor | faster than the scripts | counted |",
        "|---|---|---|---|---|---|",
    ]
    for name, seconds, spread, of_floor, faster in result.lines():
        peer = PEERS.get(name.removeprefix("peers."))
        shown = name if peer is None else f"{peer.requirement}"
        counted = "" if peer is None else peer.counted
        lines.append(f"| {_cell(shown)} | {seconds} | {_cell(spread)} | {of_floor} | {faster} | {counted} |")
    if result.per_masker_us:
        lines += ["", "| masker | µs per value |", "|---|---|"]
        lines += [
            f"| {masker} | {cost:.2f} |"
            for masker, cost in sorted(result.per_masker_us.items(), key=lambda item: -item[1])
        ]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (
        " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
