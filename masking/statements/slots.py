"""What the values of small ranges hash to, as SQL: sql/functions/slots.sql gives each a slot of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from masking.catalogue import Table
from masking.maskers.forms import hash_number
from masking.maskers.masker import Use
from masking.statements.passes import rows_of, unnested


def hashed_values(sources: Sequence[tuple[Table, Use]]) -> Iterator[sql.Composed]:
    """Collects what the values of a domain hash to, and the slots that they themselves stand for.

    A value of no common format is left without a capacity: :func:`hashed_others` is for those.
    """
    yield sql.SQL("DROP TABLE IF EXISTS refresh_mask.hashed_values").format()
    # CREATE TABLE AS reads and hashes in parallel workers; INSERT doesn't.
    yield sql.SQL("CREATE UNLOGGED TABLE refresh_mask.hashed_values AS {}").format(
        sql.SQL(" UNION ALL ").join(
            [
                _of_common_formats(table, use)
                if use.masker.common_capacity
                else _of_any_format(use, _values(table, use))
                for table, use in sources
            ]
        )
    )


def hashed_others(sources: Sequence[tuple[Table, Use]]) -> Iterator[sql.Composed]:
    """Puts what the values of other formats hash to in the place of what is there without a capacity."""
    yield sql.SQL("CREATE UNLOGGED TABLE refresh_mask.hashed_others AS {}").format(
        sql.SQL(" UNION ALL ").join(
            [
                _of_any_format(
                    use,
                    sql.SQL("{} AND {} IS NOT TRUE").format(_values(table, use), _common(use, "is_common")),
                )
                for table, use in sources
                if use.masker.common_capacity
            ]
        )
    )
    yield sql.SQL("DELETE FROM refresh_mask.hashed_values WHERE capacity IS NULL").format()
    yield sql.SQL("INSERT INTO refresh_mask.hashed_values TABLE refresh_mask.hashed_others").format()
    yield sql.SQL("DROP TABLE refresh_mask.hashed_others").format()


def _values(table: Table, use: Use) -> sql.Composed:
    return sql.SQL("FROM {}, LATERAL {} AS texts (value) WHERE texts.value <> ''").format(
        rows_of(table), unnested(use)
    )


def _common(use: Use, what: str) -> sql.Composed:
    """What a masker with common formats has a function for, of a value."""
    return sql.SQL("{}(texts.value)").format(sql.Identifier("refresh_mask", f"{use.masker.name}_{what}"))


def _of_common_formats(table: Table, use: Use) -> sql.Composed:
    canonical = _common(use, "canonical")
    return sql.SQL(
        "SELECT CASE WHEN {is_common} THEN {capacity}::int8 END AS capacity, {number} AS number,"
        " refresh_mask.mark({canonical}) AS mark, -1::int8 AS own {values}"
    ).format(
        is_common=_common(use, "is_common"),
        capacity=sql.Literal(use.masker.common_capacity),
        number=hash_number(use, canonical),
        canonical=canonical,
        values=_values(table, use),
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
