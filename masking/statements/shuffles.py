"""The map of a shuffled column: which row gets the value of which, found before the pass."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from masking.catalogue import Table
from masking.maskers.masker import Use, text_of
from masking.maskers.parameters import Shuffle
from masking.statements.passes import identifier


def rare_values(tables: Sequence[Table], use: Use, rows: int) -> sql.Composed:
    """How many of a column's values stand in fewer than ``rows`` rows."""
    return sql.SQL(
        "WITH {source} SELECT pg_catalog.count(*) FROM (SELECT FROM source GROUP BY value"
        " HAVING pg_catalog.count(*) < {rows}) AS rare"
    ).format(source=_source(tables, use), rows=sql.Literal(rows))


def map_shuffle(tables: Sequence[Table], use: Use) -> sql.Composed:
    """Gives the row at each rank of one keyed order the value at the same rank of another."""
    return sql.SQL(
        "WITH {source} INSERT INTO refresh_mask.shuffled (place, mac, value)"
        " SELECT {place}, taking.mac, giving.value"
        " FROM (SELECT mac, pg_catalog.row_number() OVER (ORDER BY mac) AS rank FROM source) AS taking"
        " JOIN (SELECT value, pg_catalog.row_number() OVER (ORDER BY"
        " pg_catalog.sha256(mac || pg_catalog.convert_to({place}, 'UTF8'))) AS rank FROM source) AS giving USING (rank)"
    ).format(source=_source(tables, use), place=sql.Literal(use.origin))


def _source(tables: Sequence[Table], use: Use) -> sql.Composed:
    if not isinstance(use.parameters, Shuffle):
        raise TypeError(use.parameters)
    value = text_of(sql.Identifier(use.column.name))
    rows = [
        sql.SQL(
            "SELECT refresh_mask.mac({subject}, {domain}) AS mac, {value} AS value FROM ONLY {table}"
            " WHERE {value} <> ''"
        ).format(
            subject=text_of(sql.Identifier(use.parameters.by)),
            domain=sql.Literal(use.domain),
            value=value,
            table=identifier(table),
        )
        for table in tables
    ]
    return sql.SQL("source AS MATERIALIZED ({})").format(sql.SQL(" UNION ALL ").join(rows))
