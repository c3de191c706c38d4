"""Which way a pass goes over a table: written anew, or updated in place.

``copy``: ``CREATE TABLE AS SELECT`` with the masks, then the old table is dropped. It writes each row once, without
indexes, keys or old row versions, and its reading and masking run in parallel workers. The new table is a heap of
rows: the schema must be saved before. ``update``: one ``UPDATE`` in place, which takes every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from masking.catalogue import Catalogue, Table, TableName
from masking.fusing.fuser import Barrier, Pass, Stage
from masking.planning.copies import DEFAULT_SCHEMA
from masking.syntax.assignment import assigned
from masking.syntax.position import Position

#: Below this, dropping a table costs more than its copy saves.
COPY_FROM_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Way:
    """The way, and why not the quicker one."""

    name: Literal["copy", "update"]
    reason: str = ""


class Ways:
    """The ways of all passes of a plan's stages."""

    def __init__(
        self, catalogue: Catalogue, stages: Sequence[Stage], *, copy_from_bytes: int = COPY_FROM_BYTES
    ) -> None:
        self._catalogue, self._copy_from_bytes = catalogue, copy_from_bytes
        self._last_pass: dict[TableName, int] = {}
        #: Statements that run as they are written and touch a table, with their stages.
        self._statements: dict[TableName, list[tuple[int, Position]]] = {}
        for number, stage in enumerate(stages):
            for passes in stage.passes:
                self._last_pass[passes[0].table] = number
            if stage.barrier is not None:
                for touched in _touched(catalogue, stage.barrier):
                    self._statements.setdefault(touched, []).append(
                        (number, stage.barrier.statement.position)
                    )

    def of(self, number: int, passes: Sequence[Pass]) -> Way:
        """How the passes of one table in stage ``number`` are carried out."""
        table, least = self._catalogue.tables_by_id[passes[0].table], self._copy_from_bytes
        defeat = (
            _defeat_by_table(self._catalogue, table)
            or self._defeat_by_later_use(number, table)
            or _defeat_by_type(table, passes)
            or _defeat_by_constraint(table, passes)
            or (f"it is smaller than {least} bytes" if table.size_bytes < least else None)
        )
        return Way(name="update", reason=defeat) if defeat else Way(name="copy")

    def _defeat_by_later_use(self, number: int, table: Table) -> str | None:
        """A statement that runs as it is written may need keys, defaults and indexes; another pass, the same rows."""
        for stage, position in self._statements.get(table.id, ()):
            if stage >= number:
                return f"{position} runs on it afterwards"
        return "another pass follows" if self._last_pass[table.id] > number else None


def _defeat_by_table(catalogue: Catalogue, table: Table) -> str | None:
    if table.kind != "r" or table.partition_of is not None:
        return "it is partitioned"
    if table.inherits or catalogue.children.get(table.id):
        return "it inherits or is inherited from"
    if table.extension is not None:
        return f"extension {table.extension} owns it"
    if table.row_security_forced:
        return "row security holds for its owner"
    return None


def _touched(catalogue: Catalogue, barrier: Barrier) -> set[TableName]:
    named = {barrier.table} | {
        TableName(schema=relation.schema or DEFAULT_SCHEMA, name=relation.name)
        for relation in barrier.statement.reach.relations
    }
    return {
        heir.id
        for name in named
        if name in catalogue.tables_by_id
        for heir in catalogue.heirs(catalogue.tables_by_id[name])
    }


def _defeat_by_type(table: Table, passes: Sequence[Pass]) -> str | None:
    for one in passes:
        for update in one.updates:
            if assigned(update.value, table.columns_by_name[update.column]) is None:
                return f"{update.column} is an array of a type with a length, which a cast would cut"
    return None


def _defeat_by_constraint(table: Table, passes: Sequence[Pass]) -> str | None:
    """Only PostgreSQL knows whether an exclusion constraint holds, and a copy has none until it is restored."""
    written = {update.column for one in passes for update in one.updates}
    for index in table.indexes:
        if index.exclusion and written & table.with_sources(index.columns):
            return f"exclusion constraint {index.name} has to hold of the masks"
    return None
