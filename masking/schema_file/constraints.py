"""Constraints and indexes: of CREATE TABLE, of ALTER TABLE … ADD CONSTRAINT, and of CREATE INDEX."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import postgast

from masking.catalogue import ForeignKey, TableName
from masking.schema_file.drafts import DraftCheck, DraftIndex, DraftTable
from masking.schema_file.naming import made_name, quoted
from masking.schema_file.source import NotUnderstood, Statement, Token, matching, separated

Find = Callable[[Any], DraftTable]

_KINDS = postgast.pg_query_pb2.ConstrType


def kind_of(constraint: Any) -> str:
    """``CONSTR_CHECK`` and so on."""
    name: str = _KINDS.Name(constraint.contype)
    return name


def add_constraint(
    table: DraftTable,
    constraint: Any,
    statement: Statement,
    find: Find,
    *,
    column: str | None = None,
    is_new: bool = False,
) -> None:
    """Add what is no property of one column. ``column``: whose definition it stands in; ``is_new``: the table is
    made by the same statement, so that there is no row that could break it.
    """
    validated = is_new or constraint.initially_valid
    match kind_of(constraint):
        case "CONSTR_CHECK":
            columns = table.mentioned(constraint.raw_expr)
            label = f"{columns[0]}" if len(columns) == 1 else ""
            name = constraint.conname or made_name(table.name, label, "check", table.constraint_names)
            table.checks[name] = DraftCheck(
                name=name,
                columns=columns,
                expression=statement.inside(constraint.location),
                validated=validated,
                is_inherited=not constraint.is_no_inherit,
            )
        case "CONSTR_PRIMARY" | "CONSTR_UNIQUE" | "CONSTR_EXCLUSION":
            _add_index(table, constraint, statement, column)
        case "CONSTR_FOREIGN":
            _add_foreign_key(table, constraint, find, column, validated=validated)
        case "CONSTR_NOTNULL":
            for key in constraint.keys:
                table.columns[key.string.sval].not_null = True
        case kind:
            raise NotUnderstood(f"a constraint of kind {kind.removeprefix('CONSTR_')}")


def _add_index(table: DraftTable, constraint: Any, statement: Statement, column: str | None) -> None:
    if constraint.indexname:
        raise NotUnderstood("a constraint that takes over an index")
    kind = kind_of(constraint)
    primary, exclusion = kind == "CONSTR_PRIMARY", kind == "CONSTR_EXCLUSION"
    included = {key.string.sval for key in constraint.including}
    predicate: str | None = None
    if exclusion:
        elements = [element.list.items[0].index_elem for element in constraint.exclusions]
        enclosed = statement.enclosed(constraint.location)
        keys, key_columns, read = _keys(table, elements, separated(enclosed), statement)
        where = statement.after(b"where", constraint.location)
        if where is not None:
            predicate = statement.inside(where.end)
            read |= set(table.mentioned(constraint.where_clause))
    else:
        names = [key.string.sval for key in constraint.keys] or [column or ""]
        keys, key_columns, read = tuple(map(quoted, names)), tuple(names), set(names)
    label = {"CONSTR_PRIMARY": "pkey", "CONSTR_UNIQUE": "key", "CONSTR_EXCLUSION": "excl"}[kind]
    words = "" if primary else _words(key_columns, [*included])
    name = constraint.conname or made_name(table.name, words, label, table.constraint_names)
    _check_columns(table, read | included)
    table.indexes[name] = DraftIndex(
        name=name,
        keys=keys,
        key_columns=key_columns,
        columns=frozenset(read | included),
        unique=not exclusion,
        primary=primary,
        exclusion=exclusion,
        predicate=predicate,
        nulls_not_distinct=constraint.nulls_not_distinct,
        only=statement.kind == "alter_table_stmt" and not statement.node.relation.inh,
    )
    for key in key_columns if primary else ():
        table.columns[key or ""].not_null = True


def add_index(table: DraftTable, statement: Statement, taken: Collection[str]) -> str:
    """CREATE INDEX; returns the index's name."""
    node = statement.node
    elements = [param.index_elem for param in node.index_params]
    included = {param.index_elem.name for param in node.index_including_params}
    parts = separated(statement.enclosed(node.relation.location))
    keys, key_columns, read = _keys(table, elements, parts, statement)
    predicate: str | None = None
    if node.HasField("where_clause"):
        where = statement.after(b"where", node.relation.location)
        assert where is not None
        predicate = statement.expression_from(where.end)
        read |= set(table.mentioned(node.where_clause))
    words = _words(key_columns, [*included])
    name: str = node.idxname or made_name(table.name, words, "idx", {*taken, *table.constraint_names})
    _check_columns(table, read | included)
    table.indexes[name] = DraftIndex(
        name=name,
        keys=keys,
        key_columns=key_columns,
        columns=frozenset(read | included),
        unique=node.unique,
        predicate=predicate,
        nulls_not_distinct=node.nulls_not_distinct,
        only=not node.relation.inh,
    )
    return name


def _keys(
    table: DraftTable, elements: Sequence[Any], parts: Iterator[Sequence[Token]], statement: Statement
) -> tuple[tuple[str, ...], tuple[str | None, ...], set[str]]:
    """The keys as SQL, their plain columns, and all columns that they read."""
    keys: list[str] = []
    columns: list[str | None] = []
    read: set[str] = set()
    for element, tokens in zip(elements, parts, strict=True):
        if element.name:
            keys.append(quoted(element.name))
            columns.append(element.name)
            read.add(element.name)
        else:
            keys.append(_expression_key(tokens, statement))
            columns.append(None)
            read |= set(table.mentioned(element.expr))
    return tuple(keys), tuple(columns), read


def _expression_key(tokens: Sequence[Token], statement: Statement) -> str:
    """An expression key: in parentheses, or a function's call. What stands behind is its operator class or order."""
    opening = next((place for place, token in enumerate(tokens) if token.text == b"("), None)
    if opening is None:
        return statement.text(tokens[0], tokens[0])
    return statement.text(tokens[0], tokens[matching(tokens, opening)])


def _words(key_columns: Iterable[str | None], included: Iterable[str]) -> str:
    return "_".join([*(name or "expr" for name in key_columns), *included])


def _check_columns(table: DraftTable, names: Iterable[str]) -> None:
    for name in names:
        if name not in table.columns and table.kind != "m":
            raise NotUnderstood(f"table {table.id} has no column {name}")


def _add_foreign_key(
    table: DraftTable, constraint: Any, find: Find, column: str | None, *, validated: bool
) -> None:
    columns = tuple(key.string.sval for key in constraint.fk_attrs) or ((column,) if column else ())
    referenced = table if not constraint.pktable.relname else find(constraint.pktable)
    referenced_columns = tuple(key.string.sval for key in constraint.pk_attrs)
    if not referenced_columns:
        primary = next((index for index in referenced.indexes.values() if index.primary), None)
        if primary is None:
            raise NotUnderstood(f"a foreign key refers to {referenced.id}, which has no primary key")
        referenced_columns = tuple(name for name in primary.key_columns if name)
    name = constraint.conname or made_name(table.name, "_".join(columns), "fkey", table.constraint_names)
    table.foreign_keys[name] = ForeignKey(
        name=name,
        columns=columns,
        referenced=TableName(schema=referenced.schema, name=referenced.name),
        referenced_columns=referenced_columns,
        validated=validated,
    )
