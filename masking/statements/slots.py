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
    is_common, canonical = (
        sql.Identifier("refresh_mask", f"{use.masker.name}_{what}") for what in ("is_common", "canonical")
    )
    space = _space(use, sql.Identifier("raw", "value"))
    values = sql.SQL("FROM ONLY {}, LATERAL {} AS texts (value) WHERE texts.value <> ''").format(
        identifier(table), unnested(use)
    )
    if not use.masker.common_capacity:
        return sql.SQL(
            "SELECT space.capacity, {number} AS number, refresh_mask.mark(space.canonical) AS mark, space.own"
            " FROM (SELECT texts.value {values}) AS raw, LATERAL {space} AS space"
            " WHERE space.digits <> ''"
        ).format(number=hash_number(use, sql.SQL("space.canonical")), values=values, space=space)
    # One scan for values of the common formats and for others: a function that returns columns would cost more.
    counting = sql.SQL(
        "CASE WHEN raw.is_common THEN {canonical}(raw.value) ELSE ({space}).canonical END"
    ).format(canonical=canonical, space=space)
    return sql.SQL(
        "SELECT CASE WHEN raw.is_common THEN {capacity} ELSE ({space}).capacity END AS capacity,"
        " {number} AS number, refresh_mask.mark({counting}) AS mark,"
        " CASE WHEN raw.is_common THEN -1 ELSE ({space}).own END AS own"
        " FROM (SELECT texts.value, {is_common}(texts.value) AS is_common {values} OFFSET 0) AS raw"
        " WHERE raw.is_common OR ({space}).digits <> ''"
    ).format(
        capacity=sql.Literal(use.masker.common_capacity),
        space=space,
        number=hash_number(use, counting),
        counting=counting,
        is_common=is_common,
        values=values,
    )


def _space(use: Use, value: sql.Composable) -> sql.Composable:
    """What says of a value which range it has a slot of, and which slot it stands for itself."""
    if use.masker.space is not None:
        return use.masker.space(use, value)
    return sql.SQL("{}({})").format(sql.Identifier("refresh_mask", f"{use.masker.name}_space"), value)
