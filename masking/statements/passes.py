"""The plan as SQL: what prepares, carries out and undoes a pass. Composed here, run by ``tasks.postgres``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from psycopg import sql

from masking.catalogue import Catalogue, ForeignKey, Table, TableName
from masking.fusing.fuser import ColumnUpdate, Pass
from masking.maskers.masker import Use, as_written, text_of
from masking.planning.plan import Plan, TablePlan
from masking.syntax.assignment import assigned
from masking.syntax.expressions import qualified

#: What a captured row is called, where its columns stand beside others.
_ROW = "refresh_mask_row"
_FIRES_UNDER_REPLICA = {"A": sql.SQL("ENABLE ALWAYS"), "R": sql.SQL("ENABLE REPLICA")}


def identifier(table: Table | TableName) -> sql.Identifier:
    """A table's qualified, quoted name."""
    return sql.Identifier(table.schema, table.name)


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


def copy(passes: Sequence[Pass], table: Table, name: sql.Identifier) -> sql.Composed:
    """The one statement of a table's passes where it is written anew, as table ``name``: without keys or indexes.

    Each pass reads what the one before made, and generated columns are computed anew after each.
    """
    source = sql.SQL("ONLY {}").format(identifier(table))
    for one in passes:
        values = {found.column: _held(found, table) for found in one.updates}
        source = _level(source, table, values)
        generated = {
            column.name: sql.SQL("CAST({} AS {})").format(as_written(column.default), as_written(column.type))
            for column in table.columns
            if column.generated and column.default is not None
        }
        if generated:
            source = _level(source, table, generated)
    return sql.SQL("CREATE UNLOGGED TABLE {} AS SELECT * FROM {}").format(name, source)


def _level(source: sql.Composable, table: Table, values: Mapping[str, sql.Composable]) -> sql.Composed:
    """``source``'s rows with some columns replaced. OFFSET 0 keeps the planner from computing a value twice."""
    columns = [
        sql.SQL("{} AS {}").format(
            values.get(column.name, sql.Identifier(column.name)), sql.Identifier(column.name)
        )
        for column in table.columns
    ]
    return sql.SQL("(SELECT {} FROM {} OFFSET 0) AS {}").format(
        sql.SQL(", ").join(columns), source, sql.Identifier(table.name)
    )


def _held(found: ColumnUpdate, table: Table) -> sql.Composable:
    held = assigned(found.value, table.columns_by_name[found.column])
    if held is None:  # masking.planning.ways leaves such a table where it is
        raise AssertionError(table, found.column)
    return held


def replace_by_copy(table: Table, name: sql.Identifier) -> Iterator[sql.Composed]:
    """Put the copy in the old table's place. What depended on that goes with it; the saved schema has it."""
    yield sql.SQL("DROP TABLE {} CASCADE").format(identifier(table))
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(name, sql.Identifier(table.name))


def truncatable(catalogue: Catalogue, plan: Plan) -> tuple[list[TableName], list[TableName]]:
    """The tables with rows to be emptied: those that ``TRUNCATE`` takes, and those that need ``DELETE``."""
    emptied = {
        catalogue.root(found.table).id for found in plan.tables if found.action == "empty" and _is_ours(found)
    }
    together = set(emptied)
    changed = True
    while changed:
        referenced = {
            catalogue.root(catalogue.tables_by_id[key.referenced]).id
            for table in catalogue.tables
            if catalogue.root(table).id not in together
            for key in table.foreign_keys
            if key.referenced in catalogue.tables_by_id
        }
        changed = bool(together & referenced)
        together -= referenced
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
        from_=_whole(table),
        ours=ours,
        present=sql.SQL(" AND ").join(present),
        to=_whole(referenced),
        theirs=theirs,
        joined=sql.SQL(" AND ").join(joined),
    )


def _whole(table: Table) -> sql.Composed:
    return sql.SQL("{}" if table.kind == "p" else "ONLY {}").format(identifier(table))


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


def capture(table: Table, places: Sequence[tuple[int, Use]]) -> sql.Composed:
    """Keyed hashes of the raw values of columns, with how often each occurs, for the verification.

    Values of rows that a condition keeps are at the negative of the column's place.
    """
    parts = [
        sql.SQL("SELECT {place}, value FROM {texts} AS texts (value){unless}").format(
            place=_place(place, use), texts=unnested(use), unless=_unless_unchanged(use)
        )
        for place, use in places
    ]
    return sql.SQL(
        "INSERT INTO refresh_mask.raw_values (place, fingerprint, occurrences)"
        " SELECT raw.place, refresh_mask.fingerprint(raw.value), pg_catalog.count(*)"
        " FROM ONLY {table} AS {row}, LATERAL ({parts}) AS raw (place, value)"
        " WHERE pg_catalog.btrim(raw.value) <> '' GROUP BY 1, 2"
    ).format(table=identifier(table), row=sql.Identifier(_ROW), parts=sql.SQL(" UNION ALL ").join(parts))


def _kept(use: Use) -> sql.Composable | None:
    """SQL that is true of a row that a condition keeps; None where it keeps none."""
    if use.condition is None or not use.keeps_rows:
        return None
    return sql.SQL("({}) IS NOT TRUE").format(as_written(qualified(use.condition.when, _ROW)))


def _place(place: int, use: Use) -> sql.Composable:
    kept = _kept(use)
    if kept is None:
        return sql.Literal(place)
    return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(kept, sql.Literal(-place), sql.Literal(place))


def _unless_unchanged(use: Use) -> sql.Composable:
    value, kept = sql.Identifier("texts", "value"), _kept(use)
    unchanged = [part.masker.unchanged(part, value) for part in use.parts if part.masker.unchanged]
    if not unchanged:
        return sql.SQL("")
    return sql.SQL(" WHERE ({}) IS NOT TRUE{}").format(
        sql.SQL(" OR ").join(unchanged), sql.SQL(" OR {}").format(kept) if kept else sql.SQL("")
    )


def slots(table: Table, use: Use) -> Iterator[sql.Composed]:
    """Collects a column's values for the map of a small range, and the slots that they themselves stand for."""
    source = sql.SQL(
        " FROM ONLY {table}, LATERAL {texts} AS texts (value),"
        " LATERAL {space} AS space WHERE texts.value <> '' AND space.digits <> ''"
    ).format(
        table=identifier(table),
        texts=unnested(use),
        space=_space(use, sql.Identifier("texts", "value")),
    )
    domain = sql.Literal(use.domain)
    yield sql.SQL(
        "INSERT INTO refresh_mask.slots (domain, capacity, mac, slot) SELECT DISTINCT {domain}, raw.capacity, raw.mac,"
        " refresh_mask.number_at(raw.mac, 0) % raw.capacity FROM (SELECT space.capacity,"
        " refresh_mask.mac(space.canonical, {domain}) AS mac{source}) AS raw ON CONFLICT DO NOTHING"
    ).format(domain=domain, source=source)
    yield sql.SQL(
        "INSERT INTO refresh_mask.taken_slots (domain, capacity, slot)"
        " SELECT DISTINCT {domain}, space.capacity, space.own{source} AND space.own >= 0 ON CONFLICT DO NOTHING"
    ).format(domain=domain, source=source)


def _space(use: Use, value: sql.Composable) -> sql.Composable:
    if use.masker.space is not None:
        return use.masker.space(use, value)
    return sql.SQL("{}({})").format(sql.Identifier("refresh_mask", f"{use.masker.name}_space"), value)
