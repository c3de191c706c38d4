"""Tables while the file is read: later statements add to what earlier ones made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from postgast import walk

from masking.catalogue import Column, ForeignKey, Kind, TableName, Trigger
from masking.schema_file.types import ColumnType


@dataclass(kw_only=True)
class DraftColumn:
    """A column so far."""

    name: str
    type: ColumnType
    #: Schema and name of its collation; None for the database's.
    collation: str | None = None
    not_null: bool = False
    identity: bool = False
    default: str | None = None
    #: Names that the generation expression mentions; None for a column that isn't generated.
    generated_from: tuple[str, ...] | None = None
    comment: str | None = None

    def copy(self) -> DraftColumn:
        """What a table that inherits it gets."""
        return replace(self, identity=False, comment=None)


@dataclass(frozen=True, kw_only=True)
class DraftCheck:
    """A table's CHECK; ``columns`` in the order in which the expression names them."""

    name: str
    columns: tuple[str, ...]
    expression: str
    validated: bool = True
    is_inherited: bool = True


@dataclass(frozen=True, kw_only=True)
class DraftIndex:
    """An index; an expression key has no column."""

    name: str
    keys: tuple[str, ...]
    key_columns: tuple[str | None, ...]
    columns: frozenset[str]
    unique: bool = False
    primary: bool = False
    exclusion: bool = False
    predicate: str | None = None
    nulls_not_distinct: bool = False
    #: Made ``ON ONLY`` a partitioned table, which leaves its partitions' to be attached.
    only: bool = False


@dataclass(frozen=True, kw_only=True)
class DraftTrigger:
    """A trigger; partitions get a copy of one that fires per row."""

    name: str
    columns: frozenset[str]
    function: str
    per_row: bool


@dataclass(kw_only=True)
class DraftTable:
    """A table so far."""

    schema: str
    name: str
    kind: Kind
    owner: str = ""
    comment: str | None = None
    partition_of: TableName | None = None
    inherits: list[TableName] = field(default_factory=list)
    columns: dict[str, DraftColumn] = field(default_factory=dict)
    partition_key: frozenset[str] = frozenset()
    indexes: dict[str, DraftIndex] = field(default_factory=dict)
    foreign_keys: dict[str, ForeignKey] = field(default_factory=dict)
    checks: dict[str, DraftCheck] = field(default_factory=dict)
    triggers: dict[str, DraftTrigger] = field(default_factory=dict)
    #: ``tgenabled`` where it isn't O, also of triggers that are still to be copied here.
    trigger_states: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    row_security: bool = False
    row_security_forced: bool = False

    @property
    def id(self) -> TableName:
        """Its schema and name."""
        return TableName(schema=self.schema, name=self.name)

    def mentioned(self, node: Any) -> tuple[str, ...]:
        """The columns of this table that a parsed expression names, in its order."""
        return tuple(dict.fromkeys(name for name in column_references(node) if name in self.columns))

    @property
    def constraint_names(self) -> set[str]:
        """Names that a further constraint or index of its own can't have."""
        return {*self.checks, *self.foreign_keys, *self.indexes}


def column_references(node: Any) -> Iterable[str]:
    """The last words of an expression's column references."""
    for _, found in walk(node):
        if type(found).__name__ == "ColumnRef" and found.fields[-1].HasField("string"):
            yield found.fields[-1].string.sval


def trigger(table: DraftTable, draft: DraftTrigger) -> Trigger:
    """A trigger as the catalogue has it."""
    return Trigger(
        name=draft.name,
        enabled=table.trigger_states.get(draft.name, "O"),
        columns=tuple(name for name in table.columns if name in draft.columns),
        function=draft.function,
    )


def column(
    draft: DraftColumn, position: int, *, partition_key: bool, attributes: tuple[Column, ...]
) -> Column:
    """A column, or an attribute of a composite type, as the catalogue has it."""
    found = draft.type
    return Column(
        name=draft.name,
        type=found.type,
        base_type=found.base_type,
        base_type_schema=found.base_type_schema,
        max_length=found.max_length,
        numeric_precision=found.numeric_precision,
        not_null=draft.not_null or found.not_null,
        generated=draft.generated_from is not None,
        identity=draft.identity,
        default=draft.default,
        comment=draft.comment,
        position=position,
        partition_key=partition_key,
        domain=f"{found.domain.schema}.{found.domain.name}" if found.domain is not None else None,
        collation=draft.collation,
        element_base_type=found.element_base_type,
        element_base_type_schema=found.element_base_type_schema,
        attributes=attributes,
        enum_labels=found.enum_labels,
        generated_from=draft.generated_from or (),
    )
