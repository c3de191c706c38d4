"""What the verification needs to know of a table as it was: rows, hashes of raw values, NULLs that may be filled."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from masking.catalogue import Table
from masking.maskers.masker import Use
from masking.statements.capture import capture_totals, capture_values
from masking.statements.nulls import remember_nulls
from masking.statements.passes import identifier
from tasks.postgres.masking_session import Connection


def remember_table(
    connection: Connection, table: Table, uses: Sequence[tuple[int, Use]], users_own: Sequence[str]
) -> None:
    """``uses`` come with the numbers of their places; ``users_own`` are columns that the user's SQL assigns."""
    values, totals = capture_values(table, uses), capture_totals(table, uses)
    if values is not None:
        connection.execute(values)
    if totals is not None:
        numbers, query = totals
        # INSERT … SELECT would read in one process.
        found = connection.execute(query).fetchone()
        assert found is not None
        for place, total, must_change in zip(numbers, found[::2], found[1::2], strict=True):
            connection.execute(
                "INSERT INTO refresh_mask.raw_totals VALUES (%s, %s, %s)", (place, total, must_change)
            )
    if users_own:
        connection.execute(remember_nulls(table, users_own))
    connection.execute(
        sql.SQL("INSERT INTO refresh_mask.row_counts SELECT {}, pg_catalog.count(*) FROM ONLY {}").format(
            sql.Literal(str(table)), identifier(table)
        )
    )
