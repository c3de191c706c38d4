"""Databases to make suggestions for, loaded as a superuser and owned by the master user, as on Aurora."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

HERE = Path(__file__).parent
LOOK_ALIKE = Path(__file__).parents[3] / "deployments" / "demo" / "lookalike"

Load = Callable[[str], None]


@pytest.fixture
def load(database: str, superuser_conninfo: Callable[[str], str]) -> Load:
    """Run statements in ``database`` as the master user would, but past the privileges that it lacks."""

    def run(statements: str) -> None:
        with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
            # Extensions need a superuser here; what they don't own is the master user's.
            loader = sql.Identifier(f"loader_{database}")
            connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER").format(loader))
            connection.execute(sql.SQL("SET ROLE {}").format(loader))
            connection.execute(statements)
            connection.execute("RESET ROLE")
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO master").format(loader))
            connection.execute(sql.SQL("DROP ROLE {}").format(loader))
            connection.execute("ANALYZE")

    return run


@pytest.fixture
def awkward(load: Load, database: str) -> str:
    """A database with one of everything that stands in a masker's way."""
    load((HERE / "awkward.sql").read_text(encoding="utf-8"))
    return database


@pytest.fixture
def look_alike(database: str, superuser_conninfo: Callable[[str], str]) -> str:
    """The shop of the demo."""
    with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
        for file in ("schema.sql", "data.sql"):
            connection.execute((LOOK_ALIKE / file).read_text(encoding="utf-8"))
    return database
