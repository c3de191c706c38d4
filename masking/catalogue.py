"""What a database holds, as plain values: the one input that policy, plan and suggester share.

``tasks.postgres.catalogue.read_catalogue`` reads it from a server; tests and ``--schema-file`` may build it by
hand. System schemas and our own are left out; everything else is in, extension-owned tables
and foreign tables too, because every table must be classified or derived by a stated rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

#: ``pg_class.relkind`` of what can hold rows: table, partitioned table, materialized view, foreign table.
Kind = Literal["r", "p", "m", "f"]


@dataclass(frozen=True, kw_only=True, order=True)
class TableName:
    """A table as PostgreSQL stores it: unquoted, in the case that it has."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. ``base_type`` has domains resolved and no modifier; arrays are ``_`` + element type."""

    name: str
    #: As ``format_type`` shows it: ``character varying(40)``, ``public.citext``, ``text[]``.
    type: str
    #: ``pg_type.typname`` below all domains: ``text``, ``varchar``, ``bpchar``, ``int4``, ``citext``, ``_text``.
    base_type: str
    #: Schema of the base type: ``pg_catalog`` for PostgreSQL's own.
    base_type_schema: str = "pg_catalog"
    #: ``n`` of ``varchar(n)``, ``char(n)``, ``bit(n)``, domains looked through; None without a limit.
    max_length: int | None = None
    #: Total digits and scale of ``numeric(p, s)``; None without a limit.
    numeric_precision: tuple[int, int] | None = None
    not_null: bool = False
    #: Computed by PostgreSQL from other columns of the row (``GENERATED ALWAYS AS (…) STORED``).
    generated: bool = False
    #: Filled from an identity sequence.
    identity: bool = False
    #: Source text of the default or of the generation expression.
    default: str | None = None
    comment: str | None = None
    #: ``attnum``: unique in its table, ascending in column order, with gaps where columns were dropped.
    position: int = 0
    #: Part of the table's partition key, or of the key of one of its partitions.
    partition_key: bool = False
    #: Schema and name of the domain that the column is declared with.
    domain: str | None = None
    #: Schema and name of its collation where that isn't the database's.
    collation: str | None = None
    #: Base type of an array's elements where they are of a domain, and its schema; None for every other type.
    element_base_type: str | None = None
    element_base_type_schema: str | None = None
    #: Attributes of the composite type, an array's elements' too, in order; empty for every other type.
    attributes: tuple[Column, ...] = ()
    #: Labels of the enum below, in order; empty for every other type.
    enum_labels: tuple[str, ...] = ()
    #: Names of the columns that a generated column is computed from.
    generated_from: tuple[str, ...] = ()
    #: Estimated share of NULLs, distinct values as ``pg_stats.n_distinct``; None without statistics.
    null_fraction: float | None = None
    n_distinct: float | None = None

    @property
    def is_array(self) -> bool:
        """Whether the column holds an array (of any depth)."""
        return self.base_type.startswith("_")

    @property
    def element_type(self) -> str:
        """``base_type`` of one element, or of the column itself when it is no array."""
        return self.element_base_type or self.base_type.removeprefix("_")

    @property
    def element_type_schema(self) -> str:
        """Schema of the element's base type."""
        return self.element_base_type_schema or self.base_type_schema


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index. ``columns`` are all columns that it reads: keys, included ones, expressions', the predicate's."""

    name: str
    unique: bool = False
    primary: bool = False
    #: Made by an exclusion constraint.
    exclusion: bool = False
    columns: tuple[str, ...] = ()
    #: Its plain key columns in order; an expression key is None.
    key_columns: tuple[str | None, ...] = ()
    #: Its keys as SQL in order, so ``lower(email)`` for an expression; without included columns.
    keys: tuple[str, ...] = ()
    #: The expressions among ``keys``, joined by a comma; None without one.
    expression: str | None = None
    #: ``WHERE`` of a partial index.
    predicate: str | None = None
    nulls_not_distinct: bool = False


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """``columns`` of the table that has it refer to ``referenced_columns`` of ``referenced``."""

    name: str
    columns: tuple[str, ...]
    referenced: TableName
    referenced_columns: tuple[str, ...]
    validated: bool = True


@dataclass(frozen=True, kw_only=True)
class Check:
    """A CHECK constraint of a table or of a column's domain; ``expression`` as ``pg_get_expr`` shows it."""

    name: str
    columns: tuple[str, ...]
    expression: str
    validated: bool = True
    #: The domain that it belongs to (``VALUE`` stands for the column); None for a table's own.
    domain: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A user's trigger. ``enabled`` is ``pg_trigger.tgenabled``: O(rigin), D(isabled), R(eplica), A(lways)."""

    name: str
    enabled: str
    #: Columns of ``UPDATE OF``.
    columns: tuple[str, ...] = ()
    function: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, partitioned table, materialized view or foreign table."""

    schema: str
    name: str
    kind: Kind = "r"
    owner: str = ""
    #: The parent that this is a partition of; None where an extension owns only the parent, whose rule isn't ours.
    partition_of: TableName | None = None
    #: Parents of plain inheritance.
    inherits: tuple[TableName, ...] = ()
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    #: Names of rewrite rules other than a view's, with ``pg_rewrite.ev_enabled``.
    rules: tuple[tuple[str, str], ...] = ()
    #: ``pg_class.reltuples``; -1 when it was never counted. A partitioned table's is the sum of its leaves.
    estimated_rows: int = -1
    #: Heap and TOAST, without indexes.
    size_bytes: int = 0
    #: The extension that owns the table.
    extension: str | None = None
    #: Whether pg_dump would dump its rows though an extension owns it (``pg_extension.extconfig``).
    extension_config: bool = False
    row_security: bool = False
    #: ``FORCE ROW LEVEL SECURITY``: the owner is held to the policies too.
    row_security_forced: bool = False
    comment: str | None = None
    #: Whether the database has partitions of it or tables that inherit from it. Its catalogue says so.
    has_heirs: bool = False

    @property
    def id(self) -> TableName:
        """Its schema and name."""
        return TableName(schema=self.schema, name=self.name)

    @property
    def parents(self) -> tuple[TableName, ...]:
        """What it is a partition of, or inherits from."""
        return self.inherits if self.partition_of is None else (self.partition_of, *self.inherits)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def columns_by_name(self) -> dict[str, Column]:
        """Its columns, by name."""
        return {column.name: column for column in self.columns}

    def with_sources(self, names: Iterable[str]) -> frozenset[str]:
        """``names`` with the columns that generated ones among them are computed from: reading one reads those."""
        found = set(names)
        for name in names:
            column = self.columns_by_name.get(name)
            found.update(column.generated_from if column is not None else ())
        return frozenset(found)


@dataclass(frozen=True, kw_only=True)
class Extension:
    """An installed extension."""

    name: str
    version: str = ""
    schema: str = ""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """A database: what the policy must classify, and what the plan must respect."""

    database: str
    #: ``server_version_num``, such as 170010.
    server_version_num: int = 0
    #: Name of the database's encoding, such as ``UTF8``.
    encoding: str = "UTF8"
    tables: tuple[Table, ...] = ()
    #: How many large objects there are.
    large_objects: int = 0
    extensions: tuple[Extension, ...] = field(default=())
    #: Schema and name of functions and operators that may read any table: all that neither PostgreSQL nor an
    #: extension vouches for.
    unvouched_functions: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        parents = {parent for table in self.tables for parent in table.parents}
        if parents:
            tables = (replace(table, has_heirs=table.id in parents) for table in self.tables)
            object.__setattr__(self, "tables", tuple(tables))

    @cached_property
    def tables_by_id(self) -> dict[TableName, Table]:
        """Its tables, by schema and name."""
        return {table.id: table for table in self.tables}

    @cached_property
    def children(self) -> dict[TableName, tuple[Table, ...]]:
        """Direct partitions and inheritance children, by parent."""
        found: dict[TableName, list[Table]] = {}
        for table in self.tables:
            for parent in table.parents:
                found.setdefault(parent, []).append(table)
        return {parent: tuple(tables) for parent, tables in found.items()}

    def leaves(self, table: Table) -> Iterator[Table]:
        """The tables below a partitioned one that hold rows; the table itself when it isn't partitioned."""
        if table.kind != "p":
            yield table
            return
        for child in self.children.get(table.id, ()):
            yield from self.leaves(child)

    def heirs(self, table: Table) -> Iterator[Table]:
        """A table and whatever is a partition of it or inherits from it: what it reaches without ``ONLY``."""
        yield table
        for child in self.children.get(table.id, ()):
            yield from self.heirs(child)

    def root(self, table: Table) -> Table:
        """The topmost partitioned parent, whose rule holds for all below it; the table itself without one."""
        while table.partition_of is not None and table.partition_of in self.tables_by_id:
            table = self.tables_by_id[table.partition_of]
        return table
