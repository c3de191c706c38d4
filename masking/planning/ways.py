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
from masking.fusing.fuser import Pass, Stage
from masking.planning.copies import DEFAULT_SCHEMA
from masking.syntax.assignment import assigned

#: Below this, dropping a table costs more than its copy saves.
COPY_FROM_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Way:
    """The way, and why not the quicker one."""

    name: Literal["copy", "update"]
    reason: str = ""


def way_of(
    catalogue: Catalogue,
    stages: Sequence[Stage],
    number: int,
    passes: Sequence[Pass],
    *,
    copy_from_bytes: int = COPY_FROM_BYTES,
) -> Way:
    """How the passes of one table in stage ``number`` are carried out."""
    table = catalogue.tables_by_id[passes[0].table]
    defeat = (
        _defeat_by_table(catalogue, table)
        or _defeat_by_later_use(catalogue, stages, number, table)
        or _defeat_by_type(table, passes)
        or _defeat_by_constraint(table, passes)
        or (f"it is smaller than {copy_from_bytes} bytes" if table.size_bytes < copy_from_bytes else None)
    )
    return Way(name="update", reason=defeat) if defeat else Way(name="copy")


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


def _defeat_by_later_use(
    catalogue: Catalogue, stages: Sequence[Stage], number: int, table: Table
) -> str | None:
    """A statement that runs as it is written may need keys, defaults and indexes; another pass, the same rows."""
    for stage in stages[number:]:
        if stage.barrier is not None and table.id in _touched(catalogue, stage):
            return f"{stage.barrier.statement.position} runs on it afterwards"
    if any(found[0].table == table.id for stage in stages[number + 1 :] for found in stage.passes):
        return "another pass follows"
    return None


def _touched(catalogue: Catalogue, stage: Stage) -> set[TableName]:
    assert stage.barrier is not None
    named = {stage.barrier.table} | {
        TableName(schema=relation.schema or DEFAULT_SCHEMA, name=relation.name)
        for relation in stage.barrier.statement.reach.relations
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
