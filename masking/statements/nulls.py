"""NULLs that the user's own SQL fills, as ``CONCAT`` does: counted for the report, and no failure.

What is counted is by how many a column's NULLs became fewer. Where a script adds or deletes rows, that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg import sql

from masking.catalogue import Catalogue, Table, TableName
from masking.planning.plan import Plan
from masking.planning.scripted import target_of
from masking.statements.passes import rows_of


def columns_of_users_sql(catalogue: Catalogue, plan: Plan) -> dict[TableName, tuple[str, ...]]:
    """The columns that scripts or ``sql`` rules assign, by the table whose rule holds for them."""
    found: dict[TableName, dict[str, None]] = {}
    for statement in plan.statements:
        root = catalogue.root(catalogue.tables_by_id[target_of(statement)]).id
        found.setdefault(root, {}).update(dict.fromkeys(statement.assigned))
    for table in plan.tables:
        for column in table.masked:
            if column.masker == "sql":
                found.setdefault(catalogue.root(table.table).id, {})[column.column.name] = None
    return {table: tuple(columns) for table, columns in found.items() if columns}


def filled(
    catalogue: Catalogue,
    plan: Plan,
    before: Mapping[tuple[TableName, str], int],
    after: Mapping[tuple[TableName, str], int],
) -> dict[tuple[TableName, str], int | None]:
    """By how many the NULLs of a column became fewer; None where rows were added or deleted by a script."""
    changed = {
        catalogue.root(catalogue.tables_by_id[target_of(statement)]).id
        for statement in plan.statements
        if statement.changes_row_count
    }
    return {
        place: None if place[0] in changed else max(count - after.get(place, 0), 0)
        for place, count in before.items()
    }


def null_counts(table: Table, columns: Sequence[str]) -> sql.Composed:
    """Names of columns, and how many rows have NULL there."""
    return sql.SQL(
        "SELECT found.name, found.nulls FROM (SELECT ARRAY[{counts}] AS counts FROM {table}) AS counted,"
        " LATERAL ROWS FROM (pg_catalog.unnest(ARRAY[{names}]), pg_catalog.unnest(counted.counts))"
        " AS found (name, nulls)"
    ).format(
        counts=sql.SQL(", ").join(
            [
                sql.SQL("pg_catalog.count(*) - pg_catalog.count({})").format(sql.Identifier(name))
                for name in columns
            ]
        ),
        names=sql.SQL(", ").join([sql.Literal(name) for name in columns]),
        table=rows_of(table),
    )


def remember_nulls(table: Table, columns: Sequence[str]) -> sql.Composed:
    """Keep the counts for the report."""
    return sql.SQL(
        "INSERT INTO refresh_mask.null_counts (table_name, column_name, nulls)"
        " SELECT {}, now.name, now.nulls FROM ({}) AS now"
    ).format(sql.Literal(str(table)), null_counts(table, columns))
