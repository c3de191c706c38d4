"""What the values of small ranges hash to, as SQL: sql/functions/slots.sql gives each a slot of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from masking.catalogue import Table
from masking.maskers.forms import hash_number
from masking.maskers.masker import Use
from masking.statements.passes import identifier, unnested


def hashed_values(sources: Sequence[tuple[Table, Use]]) -> Iterator[sql.Composed]:
    """Collects what the values of a domain hash to, and the slots that they themselves stand for."""
    yield sql.SQL("DROP TABLE IF EXISTS refresh_mask.hashed_values").format()
    # CREATE TABLE AS reads and hashes in parallel workers; INSERT doesn't.
    yield sql.SQL("CREATE UNLOGGED TABLE refresh_mask.hashed_values AS {}").format(
        sql.SQL(" UNION ALL ").join([_hashed(table, use) for table, use in sources])
    )
    yield sql.SQL("ANALYZE refresh_mask.hashed_values").format()


def _hashed(table: Table, use: Use) -> sql.Composed:
    values = sql.SQL("FROM ONLY {}, LATERAL {} AS texts (value) WHERE texts.value <> ''").format(
        identifier(table), unnested(use)
    )
    if not use.masker.common_capacity:
        return _of_any_format(use, values)
    # Two scans, either by parallel workers: these don't compute what stands above a sub-query with OFFSET.
    is_common, canonical = (
        sql.SQL("{}(texts.value)").format(sql.Identifier("refresh_mask", f"{use.masker.name}_{what}"))
        for what in ("is_common", "canonical")
    )
    return sql.SQL(
        "SELECT {capacity}::int8 AS capacity, {number} AS number, refresh_mask.mark({canonical}) AS mark,"
        " -1::int8 AS own {values} AND {is_common} UNION ALL {others}"
    ).format(
        capacity=sql.Literal(use.masker.common_capacity),
        number=hash_number(use, canonical),
        canonical=canonical,
        values=values,
        is_common=is_common,
        others=_of_any_format(use, sql.SQL("{} AND {} IS NOT TRUE").format(values, is_common)),
    )


def _of_any_format(use: Use, values: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "SELECT space.capacity, {number} AS number, refresh_mask.mark(space.canonical) AS mark, space.own"
        " FROM (SELECT texts.value {values}) AS raw, LATERAL {space} AS space"
        " WHERE space.digits <> ''"
    ).format(
        number=hash_number(use, sql.SQL("space.canonical")),
        values=values,
        space=space_of(use, sql.Identifier("raw", "value")),
    )


def space_of(use: Use, value: sql.Composable) -> sql.Composable:
    """What says of a value which range it has a slot of, and which slot it stands for itself."""
    if use.masker.space is not None:
        return use.masker.space(use, value)
    return sql.SQL("{}({})").format(sql.Identifier("refresh_mask", f"{use.masker.name}_space"), value)
