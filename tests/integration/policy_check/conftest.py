"""Databases whose schema is dumped, and the catalogue that the server itself gives of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import psycopg
import pytest

from deployments.localaws.binaries import find_binaries

Load = Callable[[str], None]


@pytest.fixture
def load(database: str, superuser_conninfo: Callable[[str], str]) -> Load:
    """Run statements in ``database`` as a superuser."""

    def run(statements: str) -> None:
        with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
            connection.execute(statements)

    return run


@pytest.fixture
def dump(database: str, superuser_conninfo: Callable[[str], str]) -> Callable[..., str]:
    """``dump()``: what ``pg_dump -s`` writes about ``database``."""

    def run(*options: str) -> str:
        tool = find_binaries().bin_dir / "pg_dump"
        command = [str(tool), "--schema-only", *options, "--dbname", superuser_conninfo(database)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run
