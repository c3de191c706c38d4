"""The contenders that need no product: the user's scripts, the same in one statement, and the floor."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.server import BenchServer

HERE = Path(__file__).parent
#: By their names in the result, with the file that each runs.
FILES = {"scripts": "scripts.sql", "combined_update": "combined_update.sql", "floor": "floor.sql"}


def run_file(server: BenchServer, database: str, name: str) -> float:
    """Run a contender's statements, each in a transaction of its own as psql would. Result: seconds."""
    text = (HERE / FILES[name]).read_text(encoding="utf-8")
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = [statement for statement in uncommented.split(";") if statement.strip()]
    with server.user(database) as connection:
        began = time.perf_counter()
        for statement in statements:
            connection.execute(statement.encode())
        return time.perf_counter() - began
