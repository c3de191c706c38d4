"""Where a contender's time goes: its longer statements, by the server's own log."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import sql

from tests.bench.server import BenchServer

THRESHOLD_MS = 10
_LINE = re.compile(r"duration: (?P<ms>[0-9.]+) ms +(?:statement|execute [^:]*): (?P<text>.*)")
_SHOWN_CHARACTERS = 110


@dataclass(kw_only=True)
class StatementLog:
    """Filled when its ``with`` ends: seconds and calls by the beginning of a statement's text."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def lines(self, *, most: int = 12) -> Iterator[str]:
        """The dearest first. Statements of parallel sessions count in full, so the sum may exceed the wall clock."""
        for text, seconds in sorted(self.seconds.items(), key=lambda item: -item[1])[:most]:
            yield f"{seconds:9.2f} s  x{self.calls[text]:<3d} {text}"


@contextmanager
def statement_log(server: BenchServer, database: str) -> Iterator[StatementLog]:
    """Log the statements of new sessions of ``database`` that take longer than the threshold."""
    log = StatementLog()
    _set_threshold(server, database, THRESHOLD_MS)
    began_at = server.server.log_path.stat().st_size
    yield log
    _set_threshold(server, database, -1)
    for found in _LINE.finditer(server.server.log_since(began_at)):
        text = found["text"].strip()[:_SHOWN_CHARACTERS]
        log.seconds[text] += float(found["ms"]) / 1000
        log.calls[text] += 1


def _set_threshold(server: BenchServer, database: str, milliseconds: int) -> None:
    with server.superuser() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET log_min_duration_statement = {}").format(
                sql.Identifier(database), sql.Literal(milliseconds)
            )
        )
