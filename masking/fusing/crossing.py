"""What statements touch, and which may therefore change places with one that runs as it is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from masking.catalogue import Catalogue, Table, TableName
from masking.syntax.expressions import Call
from masking.syntax.scripts import ScriptStatement
from masking.syntax.volatility import is_ordered

#: Where names without a schema are looked up.
_DEFAULT_SCHEMA = "public"
#: What stands for a row as a whole, or for where it lies.
_WHOLE_ROW = frozenset({"*", "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})

Place = tuple[TableName, str]


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Columns that a statement may read and write. One that changes which rows there are writes all columns."""

    reads: frozenset[Place] = frozenset()
    writes: frozenset[Place] = frozenset()
    #: Nobody can tell.
    everything: bool = False
    #: Whether it calls what sees the order of calls.
    ordered: bool = False

    def commutes(self, other: Footprint) -> bool:
        """Whether either order of the two leaves the same, and fails alike."""
        return not (
            self.everything
            or other.everything
            or (self.ordered and other.ordered)
            or self.writes & (other.reads | other.writes)
            or other.writes & self.reads
        )


UNKNOWN = Footprint(everything=True)


def of_a_pass(
    catalogue: Catalogue, table: Table, *, reads: Iterable[str], writes: Iterable[str], calls: Iterable[Call]
) -> Footprint:
    """Of what assigns columns of a table, or of a partitioned one with all below it, row by row.

    What a constraint or an index holds together with a column that is written counts as read: a state in between
    might break it.
    """
    found = [table] if table.kind != "p" else list(catalogue.heirs(table))
    held = {name for one in found for name in _held_together(one, set(writes))}
    return Footprint(
        reads=_places(found, {*reads, *held}),
        writes=_written(found, writes),
        ordered=is_ordered(calls),
    )


def of_a_barrier(catalogue: Catalogue, statement: ScriptStatement, target: Table) -> Footprint:
    """Of a statement as it is written: rather too much than too little."""
    reach = statement.reach
    tables: dict[str, list[Table]] = {}
    derived = set(reach.derived)
    for relation in reach.relations:
        name = TableName(schema=relation.schema or _DEFAULT_SCHEMA, name=relation.name)
        found = catalogue.tables_by_id.get(name)
        if relation.schema is None and relation.name in reach.queries:
            derived.add(relation.alias)
        elif found is None or found.kind not in ("r", "p"):
            return UNKNOWN
        else:
            tables.setdefault(relation.alias, []).extend(catalogue.heirs(found))
    if reach.nested:
        return UNKNOWN
    everything = [table for found in tables.values() for table in found]
    reads: set[Place] = set()
    if reach.renames or reach.joins_by_name:
        reads |= _whole(everything)
    for reference in reach.references:
        if reference.qualifier is None:  # a whole row goes by the name of its table
            reads |= _whole(tables.get(reference.name, []))
        if reference.qualifier not in derived - set(tables):
            found_in = tables.get(reference.qualifier or "", everything)
            whole = reference.name in _WHOLE_ROW
            reads |= _whole(found_in) if whole else _places(found_in, {reference.name})
    reached = [target] if statement.only else list(catalogue.heirs(target))
    changes_rows = statement.changes_row_count or "*" in reach.written
    held = {name for one in reached for name in _held_together(one, set(reach.written))}
    return Footprint(
        reads=frozenset(reads) | _places(reached, held),
        writes=_whole(reached) if changes_rows else _written(reached, reach.written),
        ordered=is_ordered(reach.calls),
    )


def _whole(tables: Iterable[Table]) -> frozenset[Place]:
    return frozenset((table.id, column.name) for table in tables for column in table.columns)


def _places(tables: Iterable[Table], names: Iterable[str]) -> frozenset[Place]:
    """Columns with what generated ones are computed from."""
    named = set(names)
    return frozenset((table.id, name) for table in tables for name in table.with_sources(named))


def _written(tables: Iterable[Table], names: Iterable[str]) -> frozenset[Place]:
    """Columns with what is computed from them."""
    named = set(names)
    return frozenset(
        (table.id, column.name)
        for table in tables
        for column in table.columns
        if column.name in named or named & set(column.generated_from)
    )


def _held_together(table: Table, written: set[str]) -> set[str]:
    together = [check.columns for check in table.checks] + [index.columns for index in table.indexes]
    return {name for names in together if written & set(names) for name in names}
