"""A table written anew as SQL: its passes in one statement, or in one for each range of its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from masking.catalogue import Table
from masking.fusing.fuser import ColumnUpdate, Pass
from masking.maskers.masker import as_written
from masking.planning.plan import TablePlan
from masking.planning.repetition import repeating_columns
from masking.statements.passes import identifier, rows_of
from masking.syntax.assignment import assigned

_SCHEMA: Final = "refresh_mask"


@dataclass(frozen=True, kw_only=True)
class Masks:
    """A table of a column's distinct values, each with its mask."""

    update: ColumnUpdate
    name: sql.Identifier
    number: int

    @property
    def raw(self) -> sql.Identifier:
        return sql.Identifier(f"refresh_mask_raw_{self.number}")

    @property
    def mask(self) -> sql.Identifier:
        return sql.Identifier(f"refresh_mask_mask_{self.number}")


def name_of_copy(table: Table, number: int) -> sql.Identifier:
    """What a table's copy is called until it takes the table's place; ``number`` tells it from every other."""
    return sql.Identifier(table.schema, f"refresh_mask_{number}")


def masks_of(plan: TablePlan, first: Pass, number: int) -> tuple[Masks, ...]:
    """The tables of masks that the copy of a table with that first pass needs."""
    uses = [column.use for column in plan.masked if column.use is not None]
    updates = {update.column: update for update in first.updates}
    return tuple(
        Masks(update=updates[column], name=sql.Identifier(_SCHEMA, f"masks_{number}_{place}"), number=place)
        for place, column in enumerate(repeating_columns(plan.table, first, uses))
    )


def written_anew(plan: TablePlan, passes: Sequence[Pass], number: int) -> Iterator[sql.Composed]:
    """All statements that write a table anew, as one session runs them."""
    table, masks = plan.table, masks_of(plan, passes[0], number)
    name = name_of_copy(table, number)
    for one in masks:
        yield from mask_distinct(one, table)
    yield copy(passes, table, name, masks)
    yield from replace_by_copy(table, name, masks)


def mask_distinct(masks: Masks, table: Table) -> Iterator[sql.Composed]:
    """Makes the table ``masks``."""
    column = sql.Identifier(masks.update.column)
    yield sql.SQL(
        "CREATE UNLOGGED TABLE {name} AS SELECT {column} AS {raw}, {held} AS {mask}"
        " FROM (SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL OFFSET 0) AS {alias}"
    ).format(
        name=masks.name,
        column=column,
        raw=masks.raw,
        held=_held(masks.update, table),
        mask=masks.mask,
        table=rows_of(table),
        alias=sql.Identifier(table.name),
    )
    yield sql.SQL("ANALYZE {}").format(masks.name)


def copy(
    passes: Sequence[Pass], table: Table, name: sql.Identifier, masks: Sequence[Masks] = ()
) -> sql.Composed:
    """The one statement of a table's passes where it is written anew, as table ``name``: without keys or indexes.

    Each pass reads what the one before made, and generated columns are computed anew after each. Columns that
    :func:`mask_distinct` has masked already are joined.
    """
    return sql.SQL("CREATE UNLOGGED TABLE {} AS {}").format(name, _masked_rows(passes, table, masks))


def copy_nothing(
    passes: Sequence[Pass], table: Table, name: sql.Identifier, masks: Sequence[Masks] = ()
) -> sql.Composed:
    """The same table, empty: children that :func:`copy_pages` makes hold its rows."""
    return sql.SQL("{} WITH NO DATA").format(copy(passes, table, name, masks))


def copy_pages(
    passes: Sequence[Pass],
    table: Table,
    name: sql.Identifier,
    masks: Sequence[Masks],
    pages: range,
    child: sql.Identifier,
) -> Iterator[sql.Composed]:
    """What :func:`copy` does, for the rows of some pages only: several sessions at once write the whole table.

    Each range becomes an inheritance child of the copy: sessions that insert into one table make it longer page by
    page, and wait for each other. https://www.postgresql.org/docs/current/ddl-inherit.html
    """
    rows = _masked_rows(passes, table, masks, pages)
    yield sql.SQL("CREATE UNLOGGED TABLE {} AS {}").format(child, rows)
    yield sql.SQL("ALTER TABLE {} INHERIT {}").format(child, name)


def _masked_rows(
    passes: Sequence[Pass], table: Table, masks: Sequence[Masks], pages: range | None = None
) -> sql.Composed:
    source: sql.Composable = sql.SQL("{} AS {}").format(rows_of(table), sql.Identifier(table.name))
    joined: dict[str, sql.Composable] = {}
    for found in masks:
        joined[found.update.column] = found.mask
        source = sql.SQL("{} LEFT JOIN {} ON {} = {}").format(
            source, found.name, found.raw, sql.Identifier(found.update.column)
        )
    if pages is not None:
        source = sql.SQL("{source} WHERE {ctid} >= {first} AND {ctid} < {behind}").format(
            source=source,
            ctid=sql.Identifier(table.name, "ctid"),
            first=sql.Literal(f"({pages.start},0)"),
            behind=sql.Literal(f"({pages.stop},0)"),
        )
    levels: list[Mapping[str, sql.Composable]] = []
    for number, one in enumerate(passes):
        values = {update.column: _held(update, table) for update in one.updates}
        levels.append(values | joined if number == 0 else values)
        generated = {
            column.name: sql.SQL("CAST({} AS {})").format(as_written(column.default), as_written(column.type))
            for column in table.columns
            if column.generated and column.default is not None
        }
        if generated:
            levels.append(generated)
    *inner, outermost = levels
    for level in inner:
        # OFFSET 0 keeps the planner from computing a value twice.
        source = sql.SQL("({} OFFSET 0) AS {}").format(
            _level(source, table, level), sql.Identifier(table.name)
        )
    return _level(source, table, outermost)


def _level(source: sql.Composable, table: Table, values: Mapping[str, sql.Composable]) -> sql.Composed:
    """``source``'s rows with some columns replaced."""
    columns = [
        sql.SQL("{} AS {}").format(
            values.get(column.name, sql.Identifier(column.name)), sql.Identifier(column.name)
        )
        for column in table.columns
    ]
    return sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(columns), source)


def _held(found: ColumnUpdate, table: Table) -> sql.Composable:
    held = assigned(found.value, table.columns_by_name[found.column])
    if held is None:  # masking.planning.ways leaves such a table where it is
        raise AssertionError(table, found.column)
    collation = table.columns_by_name[found.column].collation
    if collation is None:
        return held
    # A column of the copy takes its collation from here, and what a unique index holds for equal depends on it.
    return sql.SQL("{} COLLATE {}").format(held, sql.Identifier(*collation.split(".", 1)))


def replace_by_copy(
    table: Table, name: sql.Identifier, masks: Sequence[Masks] = ()
) -> Iterator[sql.Composed]:
    """Put the copy in the old table's place. What depended on that goes with it; the saved schema has it."""
    yield sql.SQL("DROP TABLE {} CASCADE").format(identifier(table))
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(name, sql.Identifier(table.name))
    for one in masks:
        yield sql.SQL("DROP TABLE IF EXISTS {}").format(one.name)
