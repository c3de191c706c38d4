"""The plan as SQL: what prepares, carries out and undoes a pass. Composed here, run by ``tasks.postgres``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from masking.catalogue import Catalogue, ForeignKey, Table, TableName
from masking.fusing.fuser import Pass
from masking.maskers.masker import Use, as_written, text_of
from masking.planning.plan import Plan, TablePlan

_FIRES_UNDER_REPLICA = {"A": sql.SQL("ENABLE ALWAYS"), "R": sql.SQL("ENABLE REPLICA")}


def identifier(table: Table | TableName) -> sql.Identifier:
    """A table's qualified, quoted name."""
    return sql.Identifier(table.schema, table.name)


def rows_of(table: Table) -> sql.Composed:
    """A table's own rows, to stand behind ``FROM``, and those of no table that inherits from it.

    Without ``ONLY`` where the database has no such table: one that was written anew has its rows in children of ours.
    """
    return sql.SQL("ONLY {}" if table.has_heirs and table.kind != "p" else "{}").format(identifier(table))


def disarm(table: Table) -> Iterator[sql.Composed]:
    """What keeps a table's own machinery from seeing the pass: triggers and rules that fire even for replicas, and
    row security that holds for the owner.
    """
    for kind, name, _ in _fires_anyway(table):
        yield sql.SQL("ALTER TABLE ONLY {} DISABLE {} {}").format(
            identifier(table), kind, sql.Identifier(name)
        )
    if table.row_security_forced:
        yield sql.SQL("ALTER TABLE ONLY {} NO FORCE ROW LEVEL SECURITY").format(identifier(table))


def rearm(table: Table) -> Iterator[sql.Composed]:
    """The way back from :func:`disarm`."""
    for kind, name, enabled in _fires_anyway(table):
        yield sql.SQL("ALTER TABLE ONLY {} {} {} {}").format(
            identifier(table), _FIRES_UNDER_REPLICA[enabled], kind, sql.Identifier(name)
        )
    if table.row_security_forced:
        yield sql.SQL("ALTER TABLE ONLY {} FORCE ROW LEVEL SECURITY").format(identifier(table))


def held_to_policies(plan: Plan) -> list[Table]:
    """The tables and partitioned tables, ours to read, whose row security holds for their owner too."""
    return [
        found.table
        for found in plan.tables
        if found.table.row_security_forced
        and found.table.kind in ("r", "p")
        and found.derived_kind in (None, "partition")
    ]


def _fires_anyway(table: Table) -> Iterator[tuple[sql.SQL, str, str]]:
    for trigger in table.triggers:
        if trigger.enabled in _FIRES_UNDER_REPLICA:
            yield sql.SQL("TRIGGER"), trigger.name, trigger.enabled
    for name, enabled in table.rules:
        if enabled in _FIRES_UNDER_REPLICA:
            yield sql.SQL("RULE"), name, enabled


def truncate(tables: Sequence[TableName]) -> sql.Composed:
    """Empty tables that nothing else refers to, together."""
    return sql.SQL("TRUNCATE TABLE {} CONTINUE IDENTITY RESTRICT").format(
        sql.SQL(", ").join([sql.SQL("ONLY {}").format(identifier(table)) for table in tables])
    )


def delete_all(table: TableName) -> sql.Composed:
    """Empty a table that others refer to by a column that is masked as null."""
    return sql.SQL("DELETE FROM ONLY {}").format(identifier(table))


def delete_others(table: TableName, where: str) -> sql.Composed:
    """Delete the rows for which a predicate isn't true."""
    return sql.SQL("DELETE FROM ONLY {} WHERE ({}\n) IS NOT TRUE").format(
        identifier(table), as_written(where)
    )


def update(found: Pass, table: Table) -> sql.Composed:
    """The one statement of a pass."""
    only = sql.SQL("") if table.kind == "p" else sql.SQL("ONLY ")
    settings = [sql.SQL("{} = {}").format(sql.Identifier(one.column), one.value) for one in found.updates]
    return sql.SQL("UPDATE {}{} SET {}").format(only, identifier(table), sql.SQL(", ").join(settings))


def truncatable(catalogue: Catalogue, plan: Plan) -> tuple[list[TableName], list[TableName]]:
    """The tables with rows to be emptied: those that ``TRUNCATE`` takes, and those that need ``DELETE``."""
    emptied = {
        catalogue.root(found.table).id for found in plan.tables if found.action == "empty" and _is_ours(found)
    }
    together = set(emptied)
    refers_to: dict[TableName, set[TableName]] = {}
    for table in catalogue.tables:
        refers_to.setdefault(catalogue.root(table).id, set()).update(
            catalogue.root(catalogue.tables_by_id[key.referenced]).id
            for key in table.foreign_keys
            if key.referenced in catalogue.tables_by_id
        )
    standing = refers_to.keys() - together
    while standing:
        standing = together & set[TableName]().union(*(refers_to[table] for table in standing))
        together -= standing
    leaves = [
        table for table in catalogue.tables if table.kind == "r" and catalogue.root(table).id in emptied
    ]
    return (
        [table.id for table in leaves if catalogue.root(table).id in together],
        [table.id for table in leaves if catalogue.root(table).id not in together],
    )


def _is_ours(found: TablePlan) -> bool:
    return found.table.kind in ("r", "p") and found.derived is None


def dangling(table: Table, key: ForeignKey, referenced: Table) -> sql.Composed:
    """How many rows refer to no row."""
    ours, theirs = sql.Identifier("referring"), sql.Identifier("referenced")
    joined = [
        sql.SQL("{}.{} = {}.{}").format(theirs, sql.Identifier(other), ours, sql.Identifier(column))
        for column, other in zip(key.columns, key.referenced_columns, strict=True)
    ]
    present = [sql.SQL("{}.{} IS NOT NULL").format(ours, sql.Identifier(column)) for column in key.columns]
    return sql.SQL(
        "SELECT pg_catalog.count(*) FROM {from_} AS {ours} WHERE {present}"
        " AND NOT EXISTS (SELECT FROM {to} AS {theirs} WHERE {joined})"
    ).format(
        from_=rows_of(table),
        ours=ours,
        present=sql.SQL(" AND ").join(present),
        to=rows_of(referenced),
        theirs=theirs,
        joined=sql.SQL(" AND ").join(joined),
    )


def foreign_keys(catalogue: Catalogue) -> Iterator[tuple[Table, ForeignKey, Table]]:
    """Every valid foreign key once: a partition's only where its parents have none like it."""
    seen: set[tuple[TableName, tuple[str, ...], TableName]] = set()
    for table in sorted(catalogue.tables, key=lambda table: table.partition_of is not None):
        for key in table.foreign_keys:
            referenced = catalogue.tables_by_id.get(key.referenced)
            if referenced is None or not key.validated or table.kind not in ("r", "p"):
                continue
            target = catalogue.root(referenced).id
            if (catalogue.root(table).id, key.columns, target) in seen:
                continue
            if catalogue.root(table) is table:
                seen.add((table.id, key.columns, target))
            yield table, key, referenced


def unnested(use: Use) -> sql.Composed:
    """The texts that a column's value holds: itself, an array's elements, or what lies inside of it."""
    if use.values is not None:
        return sql.SQL("(SELECT {} FROM ({}) AS found (value))").format(
            text_of(sql.Identifier("found", "value")), use.values
        )
    name = sql.Identifier(use.column.name)
    if use.column.is_array:
        return sql.SQL("(SELECT {} FROM pg_catalog.unnest({}) AS element (value))").format(
            text_of(sql.Identifier("element", "value")), name
        )
    return sql.SQL("(SELECT {})").format(text_of(name))
