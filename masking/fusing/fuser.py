"""Many statements, one pass per table: what is fused, and what needs a pass or a place of its own.

The result is exactly what running the statements one after another gives, with no trigger firing. A statement that
reads or assigns what an earlier one of the pass assigned is composed with it (:mod:`masking.fusing.open_pass`), or
begins the table's next pass where no expression gives the same. A statement that can't be fused is a barrier, and
runs as it is written, in its place. Later statements join a pass before it where they touch nothing that it
reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from psycopg import sql

from masking.catalogue import Catalogue, Table, TableName
from masking.fusing.crossing import UNKNOWN, Footprint, of_a_barrier, of_a_pass
from masking.fusing.open_pass import OpenPass, Step
from masking.maskers.masker import as_written
from masking.syntax.expressions import Call
from masking.syntax.scripts import ScriptStatement


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
class _OpenStage:
    passes: dict[TableName, list[OpenPass]] = field(default_factory=dict)
    barrier: Barrier | None = None
    footprint: Footprint = UNKNOWN


class Fuser:
    """Takes statements in order; :meth:`stages` gives what to run."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._stages = [_OpenStage()]
        #: By table, the last stage in which it has a pass.
        self._latest: dict[TableName, int] = {}

    def add_statement(self, statement: ScriptStatement, table: Table) -> None:
        """A statement that can be fused, on a table that it was checked against."""
        expressions = [assignment.expression for assignment in statement.assignments]
        if statement.condition is not None:
            expressions.append(statement.condition)
        self._add(
            table,
            Step(
                values={one.column: as_written(one.expression.text) for one in statement.assignments},
                condition=as_written(statement.condition.text) if statement.condition else None,
                reads=frozenset().union(*(one.reads for one in expressions)),
                calls=frozenset().union(*(one.calls for one in expressions)),
                may_be_total=True,
            ),
        )

    def add_updates(
        self,
        table: Table,
        updates: Sequence[ColumnUpdate],
        *,
        reads: AbstractSet[str],
        calls: Iterable[Call] = (),
    ) -> None:
        """Updates that happen at once. ``reads``: all columns that their values name."""
        values = {update.column: update.value for update in updates}
        self._add(table, Step(values=values, reads=frozenset(reads), calls=frozenset(calls)))

    def add_barrier(self, statement: ScriptStatement, table: Table) -> None:
        """A statement that runs after all before it, and before what touches the same behind it."""
        self._stages[-1].barrier = Barrier(statement=statement, table=table.id)
        self._stages[-1].footprint = of_a_barrier(self._catalogue, statement, table)
        self._stages.append(_OpenStage())

    def stages(self) -> tuple[Stage, ...]:
        """What to run, in order."""
        return tuple(
            Stage(
                passes=tuple(tuple(_closed(one) for one in found) for found in stage.passes.values()),
                barrier=stage.barrier,
            )
            for stage in self._stages
            if stage.passes or stage.barrier
        )

    def _add(self, table: Table, step: Step) -> None:
        latest = self._latest.get(table.id)
        if (
            latest is not None
            and self._may_precede(self._stages[latest:-1], table, step)
            and self._stages[latest].passes[table.id][-1].take(step)
        ):
            return
        found = OpenPass(table)
        if not found.take(step):  # nothing precedes it
            raise AssertionError(table)
        self._stages[-1].passes.setdefault(table.id, []).append(found)
        self._latest[table.id] = len(self._stages) - 1

    def _may_precede(self, stages: Sequence[_OpenStage], table: Table, step: Step) -> bool:
        """Whether it may happen before the barriers of these stages, though it stands behind them."""
        if not stages:
            return True
        ours = of_a_pass(self._catalogue, table, reads=step.reads, writes=step.values, calls=step.calls)
        return all(ours.commutes(stage.footprint) for stage in stages)


def _closed(found: OpenPass) -> Pass:
    return Pass(
        table=found.table.id,
        updates=tuple(ColumnUpdate(column=name, value=value) for name, value in found.values()),
    )
