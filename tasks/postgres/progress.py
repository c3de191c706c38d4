"""Marks in the clone of what is done, each committed together with its work: a step that runs again skips them."""

from __future__ import annotations

from tasks.postgres.masking_session import Connection


def is_done(connection: Connection, step: str) -> bool:
    """Whether a step was carried out."""
    return connection.execute("SELECT FROM refresh_mask.progress WHERE step = %s", (step,)).rowcount == 1


def mark(connection: Connection, step: str) -> None:
    """Say that a step was carried out."""
    connection.execute("INSERT INTO refresh_mask.progress VALUES (%s)", (step,))
