"""Many statements, one pass per table: what is fused, and what needs a pass or a place of its own.

The result is exactly what running the statements one after another gives, with no trigger firing. Statements that
only read what an earlier one in the pass didn't assign see the same values in one ``UPDATE`` as they would in
turn; one that reads or assigns such a column begins the table's next pass. A statement that can't be fused is a
barrier: what stood before it is done first.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from psycopg import sql

from masking.catalogue import Column, Table, TableName
from masking.masker import as_written
from masking.scripts import ScriptStatement


@dataclass(frozen=True, kw_only=True)
class ColumnUpdate:
    """``column = value`` in a pass."""

    column: str
    value: sql.Composable


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One ``UPDATE`` of every row of a table; of its partitions, where ``table`` is partitioned."""

    table: TableName
    updates: tuple[ColumnUpdate, ...]


@dataclass(frozen=True, kw_only=True)
class Barrier:
    """A statement that runs as it is written."""

    statement: ScriptStatement
    table: TableName


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Tables in any order or at once, the passes of one table in turn; then the barrier."""

    passes: tuple[tuple[Pass, ...], ...]
    barrier: Barrier | None = None


@dataclass
class _OpenPass:
    updates: list[ColumnUpdate] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)


class Fuser:
    """Takes statements in order; :meth:`stages` gives what to run."""

    def __init__(self) -> None:
        self._done: list[Stage] = []
        self._open: dict[TableName, list[_OpenPass]] = {}

    def add_statement(self, statement: ScriptStatement, table: Table) -> None:
        """A statement that can be fused, on a table that it was checked against."""
        reads = {name for assignment in statement.assignments for name in assignment.expression.reads}
        reads |= statement.condition.reads if statement.condition else set()
        updates = []
        for assignment in statement.assignments:
            value: sql.Composable = as_written(assignment.expression.text)
            if statement.condition is not None:
                value = _where(
                    as_written(statement.condition.text), value, table.columns_by_name[assignment.column]
                )
            updates.append(ColumnUpdate(column=assignment.column, value=value))
        self.add_updates(table.id, updates, reads=table.with_sources(reads))

    def add_updates(
        self, table: TableName, updates: Sequence[ColumnUpdate], *, reads: AbstractSet[str]
    ) -> None:
        """Updates that happen at once. ``reads``: all columns, with what generated ones are computed from."""
        passes = self._open.setdefault(table, [_OpenPass()])
        names = {update.column for update in updates}
        if passes[-1].assigned & (reads | names):
            passes.append(_OpenPass())
        passes[-1].updates.extend(updates)
        passes[-1].assigned |= names

    def add_barrier(self, statement: ScriptStatement, table: TableName) -> None:
        """A statement that runs after all before it and before all behind it."""
        self._close(Barrier(statement=statement, table=table))

    def stages(self) -> tuple[Stage, ...]:
        """What to run, in order."""
        if self._open:
            self._close(None)
        return tuple(self._done)

    def _close(self, barrier: Barrier | None) -> None:
        passes = tuple(
            tuple(Pass(table=table, updates=tuple(one.updates)) for one in found)
            for table, found in self._open.items()
        )
        self._done.append(Stage(passes=passes, barrier=barrier))
        self._open = {}


def _where(condition: sql.Composable, value: sql.Composable, column: Column) -> sql.Composable:
    """The value where the condition holds. Cast as an assignment would, the length is still checked there."""
    return sql.SQL("CASE WHEN {} THEN CAST({} AS {}) ELSE {} END").format(
        condition,
        value,
        sql.Identifier(column.base_type_schema, column.base_type),
        sql.Identifier(column.name),
    )
