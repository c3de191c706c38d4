"""Our SQL, read from ``sql/``: one statement per file there, named by its path."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from psycopg import sql

SQL_DIRECTORY = Path(__file__).resolve().parents[2] / "sql"


@cache
def statement(path: str) -> sql.SQL:
    """The text of ``sql/{path}``; it takes its values by ``$1`` … with a raw cursor, or none."""
    return sql.SQL((SQL_DIRECTORY / path).read_text(encoding="utf-8"))
