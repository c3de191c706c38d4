"""What the verification needs to know of a table as it was: rows, hashes of raw values, NULLs that may be filled."""

from __future__ import annotations

from collections.abc import Sequence

from masking.catalogue import Table
from masking.maskers.masker import Use
from masking.statements.capture import capture_totals, capture_values
from masking.statements.nulls import remember_nulls
from tasks.postgres.masking_session import Connection


def remember_table(
    connection: Connection, table: Table, uses: Sequence[tuple[int, Use]], users_own: Sequence[str]
) -> None:
    """``uses`` come with the numbers of their places; ``users_own`` are columns that the user's SQL assigns."""
    values = capture_values(table, uses)
    if values is not None:
        connection.execute(values)
    numbers, query = capture_totals(table, uses)
    # INSERT … SELECT would read in one process.
    found = connection.execute(query).fetchone()
    assert found is not None
    for place, total, must_change in zip(numbers, found[1::2], found[2::2], strict=True):
        connection.execute(
            "INSERT INTO refresh_mask.raw_totals VALUES (%s, %s, %s)", (place, total, must_change)
        )
    connection.execute("INSERT INTO refresh_mask.row_counts VALUES (%s, %s)", (str(table), found[0]))
    if users_own:
        connection.execute(remember_nulls(table, users_own))
