"""What is tried out before a clone is masked: the pass itself, on a few rows of each table where it could fail.

A CHECK, a domain, a precision, a generated column or the user's own SQL: only PostgreSQL can say whether masks agree
with them. So the statements of the pass run on a table like the real one, in our own schema, with rows from pages that
lie evenly over it. Whole tables aren't read; what only a rare row refuses is still found in the pass itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from psycopg import sql

from masking.catalogue import Catalogue, Index, Table, TableName
from masking.fusing.fuser import Pass
from masking.maskers.masker import as_written
from masking.planning.plan import Plan, TablePlan
from masking.statements.passes import identifier
from masking.syntax.scripts import ScriptStatement

STAGE: Final = TableName(schema="refresh_mask", name="rehearsal")
_PAGES, _ROWS_PER_PAGE = 16, 4
#: Partitions whose rows are tried where the pass goes over a whole partitioned table.
_LEAVES = 8
#: Maskers whose results are whatever their author wrote.
_AUTHORED = frozenset({"sql", "script", "constant", "json", "composite", "bytes"})


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """The passes over one table, and whose rows they are tried on."""

    table: Table
    passes: tuple[Pass, ...]
    sources: tuple[TablePlan, ...]

    @property
    def size_bytes(self) -> int:
        """How much the pass would have to rewrite, of the sources at least."""
        return sum(source.table.size_bytes for source in self.sources)

    @property
    def masked(self) -> frozenset[str]:
        """The columns that the passes change, with those that are computed from them."""
        changed = {update.column for one in self.passes for update in one.updates}
        return frozenset(
            changed | {column.name for column in self.table.columns if changed & {*column.generated_from}}
        )


def rehearsals(catalogue: Catalogue, plan: Plan) -> Iterator[Rehearsal]:
    """What is worth trying. What stands behind a statement that runs as it is written, on its table, isn't tried."""
    for name, passes in _passes(catalogue, plan).items():
        table = catalogue.tables_by_id[name]
        leaves = sorted(catalogue.leaves(table), key=lambda leaf: leaf.size_bytes, reverse=True)[:_LEAVES]
        found = Rehearsal(
            table=table, passes=tuple(passes), sources=tuple(plan.tables_by_id[leaf.id] for leaf in leaves)
        )
        if table.kind == "p" or _can_fail(found, plan.tables_by_id[name]):
            yield found


def largest_first(found: Iterable[Rehearsal], catalogue: Catalogue) -> list[Rehearsal]:
    """In order of size, and of each partitioned table no more than a few partitions: their columns are alike."""
    chosen: list[Rehearsal] = []
    partitions: dict[TableName, int] = {}
    for one in sorted(found, key=lambda one: one.size_bytes, reverse=True):
        root = catalogue.root(one.table).id
        partitions[root] = partitions.get(root, 0) + 1
        if partitions[root] <= _LEAVES:
            chosen.append(one)
    return chosen


def _passes(catalogue: Catalogue, plan: Plan) -> dict[TableName, list[Pass]]:
    found: dict[TableName, list[Pass]] = {}
    written: set[TableName] = set()
    for stage in plan.stages:
        for passes in stage.passes:
            root = catalogue.root(catalogue.tables_by_id[passes[0].table])
            if root.id not in written:
                found.setdefault(passes[0].table, []).extend(passes)
        if stage.barrier is not None:
            heirs = catalogue.heirs(catalogue.tables_by_id[stage.barrier.table])
            written |= {catalogue.root(heir).id for heir in heirs}
    return found


def _can_fail(found: Rehearsal, plan: TablePlan) -> bool:
    table, masked = found.table, found.masked
    if any(column.masker in _AUTHORED for column in plan.masked):
        return True
    if any(masked & {*check.columns} for check in table.checks):
        return True
    if any((index.expression or index.predicate) and masked & {*index.columns} for index in table.indexes):
        return True
    if any(
        column.domain or column.element_base_type or column.generated or column.numeric_precision
        for column in table.columns
        if column.name in masked
    ):
        return True
    # Maskers that give letters have been fitted to the width; the others' results are about as long as the value.
    return any(
        found.column.max_length and found.use is not None and found.use.masker.distinct != "letters"
        for found in plan.masked
    )


def stage_like(table: Table) -> Iterator[sql.Composed]:
    """A table with the columns, types, CHECKs, NOT NULLs and generated columns of ``table``, and no index.

    A logged one: an unlogged one costs several fsyncs, and this is rolled back soon.
    """
    stage = identifier(STAGE)
    yield sql.SQL("DROP TABLE IF EXISTS {}").format(stage)
    yield sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING CONSTRAINTS INCLUDING GENERATED)").format(
        stage, identifier(table)
    )


def at_once(found: Rehearsal) -> sql.Composed:
    """The statements of a whole rehearsal."""
    statements = [*stage_like(found.table), *fill_stage(found), *(try_updates(one) for one in found.passes)]
    statements += [query for _, query in try_indexes(found)]
    # The user's SQL may end in a comment.
    return sql.SQL("\n;\n").join(statements)


def fill_stage(found: Rehearsal) -> Iterator[sql.Composed]:
    """Rows of a few pages of every source; those that a ``where`` leaves out stay out."""
    names = _written_columns(found.table)
    for source in found.sources:
        where = sql.SQL(" AND ({}\n) IS TRUE").format(as_written(source.where or "true"))
        yield sql.SQL(
            "INSERT INTO {stage} ({names}) SELECT {names} FROM ONLY {source} WHERE {rows}{where}"
        ).format(
            stage=identifier(STAGE),
            names=names,
            source=identifier(source.table),
            rows=_on_sampled_pages(source.table),
            where=where,
        )


def _on_sampled_pages(table: Table) -> sql.Composed:
    """The first rows of pages that lie evenly over a table: found by their place, so nothing else is read."""
    return sql.SQL(
        "ctid = ANY (ARRAY(SELECT pg_catalog.format('(%s,%s)', page.number, line.number)::pg_catalog.tid"
        " FROM (SELECT DISTINCT step.number * (heap.pages - 1) / {last} AS number"
        " FROM pg_catalog.generate_series(0, {last}) AS step (number),"
        " (SELECT pg_catalog.pg_relation_size({table}::pg_catalog.regclass)"
        " / pg_catalog.current_setting('block_size')::pg_catalog.int8 AS pages) AS heap WHERE heap.pages > 0) AS page,"
        " pg_catalog.generate_series(1, {rows}) AS line (number)))"
    ).format(
        last=sql.Literal(_PAGES - 1),
        table=sql.Literal(identifier(table).as_string(None)),
        rows=sql.Literal(_ROWS_PER_PAGE),
    )


def _written_columns(table: Table) -> sql.Composed:
    names = [sql.Identifier(column.name) for column in table.columns if not column.generated]
    return sql.SQL(", ").join(names)


def try_updates(one: Pass, *columns: str) -> sql.Composed:
    """The pass on the stage; only its assignments to ``columns`` where some are named."""
    settings = [
        sql.SQL("{} = {}").format(sql.Identifier(update.column), update.value)
        for update in one.updates
        if not columns or update.column in columns
    ]
    return sql.SQL("UPDATE {} SET {}").format(identifier(STAGE), sql.SQL(", ").join(settings))


def try_indexes(found: Rehearsal) -> Iterator[tuple[str, sql.Composed]]:
    """What indexes compute of the masks: by the index's name, a query that fails where the index would."""
    for index in found.table.indexes:
        if not found.masked & {*index.columns} or not (index.expression or index.predicate):
            continue
        computed = [*(key for key, name in zip(index.keys, index.key_columns, strict=True) if name is None)]
        computed += [index.predicate] if index.predicate else []
        yield (
            index.name,
            sql.SQL("SELECT pg_catalog.count(ROW({})) FROM {}").format(
                sql.SQL(", ").join([sql.SQL("({})").format(as_written(one)) for one in computed]),
                identifier(STAGE),
            ),
        )


def keys_that_may_meet(found: Rehearsal) -> Iterator[tuple[str, sql.Composed]]:
    """Unique indexes of what is computed of masks: by the index's name, a query whether two rows of the stage have one
    key, which says yes only where the index would.

    Left out is whatever the pass may give otherwise than the rehearsal: slots, what a script or SQL makes of several
    columns, and tables of which it isn't known yet which rows stay.
    """
    if not all(source.is_whole for source in found.sources):
        return
    masked = found.masked
    for index in found.table.indexes:
        read = found.table.with_sources(index.columns) & masked
        computes = index.expression or any(
            name and found.table.columns_by_name[name].generated for name in index.key_columns
        )
        if index.unique and computes and read and all(_is_settled(found, name) for name in read):
            yield index.name, _have_one_key(index)


def _is_settled(found: Rehearsal, name: str) -> bool:
    """Whether a column's masks come of nothing but its row's raw values, now and in the pass."""
    if found.table.columns_by_name[name].generated:
        return True  # its sources are asked
    columns = [column for source in found.sources for column in source.masked if column.column.name == name]
    return bool(columns) and all(
        column.use is not None
        and not column.scripted
        and all(part.masker.distinct in ("letters", "always") for part in column.use.parts)
        for column in columns
    )


def _have_one_key(index: Index) -> sql.Composed:
    """Keys are compared byte by byte: such are equal in every collation and operator class."""
    keys = sql.SQL(", ").join([sql.SQL("({})").format(as_written(key)) for key in index.keys])
    conditions: list[sql.Composable] = [as_written(f"({index.predicate})")] if index.predicate else []
    if not index.nulls_not_distinct:
        conditions.append(sql.SQL("pg_catalog.num_nulls({}) = 0").format(keys))
    return sql.SQL(
        "WITH keys AS (SELECT ctid AS place, ROW({keys}) AS key FROM {stage} WHERE {conditions}) SELECT EXISTS ("
        "SELECT FROM keys AS one JOIN keys AS other"
        " ON one.place < other.place AND one.key OPERATOR(pg_catalog.*=) other.key)"
    ).format(
        keys=keys,
        stage=identifier(STAGE),
        conditions=sql.SQL(" AND ").join([*conditions, sql.SQL("true")]),
    )


def staged_rows() -> sql.Composed:
    """Where each row of the stage lies."""
    return sql.SQL("SELECT ctid::pg_catalog.text FROM {}").format(identifier(STAGE))


def route(table: Table, place: str) -> sql.Composed:
    """Put one masked row into the real partitioned table, which finds its partition."""
    names = _written_columns(table)
    return sql.SQL(
        "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {stage} WHERE ctid = {place}"
    ).format(table=identifier(table), names=names, stage=identifier(STAGE), place=sql.Literal(place))


def explain_where(plan: TablePlan) -> sql.Composed:
    """Plans, and doesn't run, the deletion of the rows that a ``where`` leaves out."""
    return sql.SQL("EXPLAIN DELETE FROM ONLY {} WHERE ({}\n) IS NOT TRUE").format(
        identifier(plan.table), as_written(plan.where or "true")
    )


def explain_statement(statement: ScriptStatement) -> sql.Composed:
    """Plans, and doesn't run, a script's statement as it is written."""
    return sql.SQL("EXPLAIN {}").format(as_written(statement.text))


def one_leaf_of_each(plans: Sequence[TablePlan], catalogue: Catalogue) -> list[TablePlan]:
    """Of partitions, which have their root's ``where``, the first."""
    return list({catalogue.root(plan.table).id: plan for plan in reversed(plans)}.values())[::-1]


def as_root(found: Rehearsal, catalogue: Catalogue) -> Rehearsal:
    """A partition's rehearsal in its root's name, as the policy has it."""
    return replace(found, table=catalogue.root(found.table))
