"""CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import postgast

from masking.catalogue import Kind
from masking.schema_file.constraints import Find, add_constraint, kind_of
from masking.schema_file.drafts import DraftColumn, DraftTable, column_references
from masking.schema_file.source import NotUnderstood, Statement
from masking.schema_file.types import ColumnType, Types, collation_of

_COMMANDS = postgast.pg_query_pb2.AlterTableType
_OF_ONE_COLUMN = ("CONSTR_NULL", "CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED")
_ATTRIBUTES = "CONSTR_ATTR_"

#: Changes of ALTER TABLE that no catalogue shows.
_WITHOUT_TRACE = frozenset(
    {
        "AT_SetStatistics",
        "AT_SetOptions",
        "AT_ResetOptions",
        "AT_SetStorage",
        "AT_SetCompression",
        "AT_AlterColumnGenericOptions",
        "AT_ClusterOn",
        "AT_DropCluster",
        "AT_SetLogged",
        "AT_SetUnLogged",
        "AT_SetAccessMethod",
        "AT_SetTableSpace",
        "AT_SetRelOptions",
        "AT_ResetRelOptions",
        "AT_ReplicaIdentity",
        "AT_GenericOptions",
        "AT_SetIdentity",
    }
)
_TRIGGER_STATES = {
    "AT_EnableTrig": "O",
    "AT_EnableAlwaysTrig": "A",
    "AT_EnableReplicaTrig": "R",
    "AT_DisableTrig": "D",
}
_RULE_STATES = {
    "AT_EnableRule": "O",
    "AT_EnableAlwaysRule": "A",
    "AT_EnableReplicaRule": "R",
    "AT_DisableRule": "D",
}


def create_table(
    node: Any,
    statement: Statement,
    *,
    schema: str,
    kind: Kind,
    types: Types,
    find: Find,
    find_type: Callable[[ColumnType], DraftTable],
    forgiving: bool = False,
) -> DraftTable:
    """The table of a CREATE TABLE or CREATE FOREIGN TABLE. ``find_type`` gives a composite type's attributes;
    ``forgiving``: a constraint that isn't understood is left out.
    """
    partitioned = node.HasField("partspec")
    table = DraftTable(schema=schema, name=node.relation.relname, kind="p" if partitioned else kind)
    if node.HasField("of_typename"):
        of_type = types.resolve(node.of_typename, statement)
        for attribute in find_type(of_type).columns.values():
            table.columns[attribute.name] = attribute.copy()
    parents = [find(parent.range_var) for parent in node.inh_relations]
    for parent in parents:
        _inherit(table, parent)
    if node.HasField("partbound"):
        table.partition_of = parents[0].id
    else:
        table.inherits = [parent.id for parent in parents]
    later: list[tuple[Any, str | None]] = []
    for element in node.table_elts:
        match element.WhichOneof("node"):
            case "column_def":
                later += _define_column(table, element.column_def, statement, types)
            case "constraint":
                later.append((element.constraint, None))
            case "table_like_clause" if forgiving:
                for name, copied in find(element.table_like_clause.relation).columns.items():
                    table.columns.setdefault(name, copied.copy())
            case other:
                raise NotUnderstood(f"a table with {other}")
    for constraint, column in later:
        try:
            add_constraint(table, constraint, statement, find, column=column, is_new=True)
        except NotUnderstood:
            if not forgiving:
                raise
    if partitioned:
        elements = [part.partition_elem for part in node.partspec.part_params]
        table.partition_key = frozenset(element.name for element in elements if element.name)
    return table


def composite_type(node: Any, statement: Statement, *, schema: str, types: Types) -> DraftTable:
    """The attributes of a CREATE TYPE … AS, as a table's columns."""
    found = DraftTable(schema=schema, name=node.typevar.relname, kind="r")
    for element in node.coldeflist:
        _define_column(found, element.column_def, statement, types)
    return found


def _inherit(table: DraftTable, parent: DraftTable) -> None:
    for name, column in parent.columns.items():
        ours = column.copy()
        if name in table.columns:
            ours.not_null |= table.columns[name].not_null
        table.columns[name] = ours
    for check in parent.checks.values():
        if check.is_inherited:
            table.checks[check.name] = check


def _define_column(
    table: DraftTable, definition: Any, statement: Statement, types: Types
) -> list[tuple[Any, str | None]]:
    """Add a column, and return those of its constraints that the table has to know all its columns for."""
    name = definition.colname
    inherited = table.columns.get(name)
    if definition.HasField("type_name"):
        found_type = types.resolve(definition.type_name, statement)
        column = DraftColumn(name=name, type=found_type, collation=found_type.collation)
        if inherited is not None:
            column.not_null, column.default = inherited.not_null, inherited.default
            column.generated_from, column.identity = inherited.generated_from, inherited.identity
    elif inherited is not None:
        column = inherited
    else:
        raise NotUnderstood(f"column {name} without a type")
    table.columns[name] = column
    if column.type.is_serial:
        column.not_null = True
        column.default = f"nextval('{table.schema}.{table.name}_{name}_seq'::regclass)"
    constraints = [found.constraint for found in definition.constraints]
    limits = [found.location for found in constraints]
    if definition.HasField("coll_clause"):
        limits.append(definition.coll_clause.location)
        column.collation = collation_of(definition.coll_clause)
    later: list[tuple[Any, str | None]] = []
    for constraint in constraints:
        match kind_of(constraint):
            case "CONSTR_NOTNULL":
                column.not_null = True
            case "CONSTR_DEFAULT":
                limit = min((place for place in limits if place > constraint.location), default=None)
                begin = statement.tokens_from(constraint.location)[0].end
                column.default = statement.expression_from(begin, limit)
            case "CONSTR_IDENTITY":
                column.identity = column.not_null = True
            case "CONSTR_GENERATED":
                column.generated_from = tuple(sorted(set(column_references(constraint.raw_expr))))
                column.default = statement.inside(constraint.location)
            case "CONSTR_NULL":
                pass
            case kind if kind.startswith(_ATTRIBUTES):
                pass  # of the constraint before it: when it is checked
            case _:
                later.append((constraint, name))
    return later


def alter_table(
    table: DraftTable,
    statement: Statement,
    *,
    types: Types,
    find: Find,
    heirs_of: Callable[[DraftTable], Iterator[DraftTable]],
) -> None:
    """Every change of an ALTER TABLE. ``heirs_of`` gives the partitions and inheritance children below a table."""
    defaults = 0
    for found in statement.node.cmds:
        command = found.alter_table_cmd
        kind = _COMMANDS.Name(command.subtype)
        if kind == "AT_ColumnDefault":
            _set_default(table, command, statement, number=defaults)
            defaults += command.HasField("def")
            continue
        _alter(table, kind, command, statement, types=types, find=find)
        if statement.node.relation.inh and kind in ("AT_AddConstraint", "AT_SetNotNull", "AT_AddColumn"):
            _hand_down(table, kind, command, statement, heirs_of, find)


def _hand_down(
    table: DraftTable,
    kind: str,
    command: Any,
    statement: Statement,
    heirs_of: Callable[[DraftTable], Iterator[DraftTable]],
    find: Find,
) -> None:
    constraint = getattr(command, "def").constraint
    if kind == "AT_AddConstraint" and (kind_of(constraint) != "CONSTR_CHECK" or constraint.is_no_inherit):
        return  # what else partitions get comes at the end: masking.schema_file.finishing
    for heir in heirs_of(table):
        if kind == "AT_AddColumn":
            raise NotUnderstood("ADD COLUMN to a table that others inherit from")
        if kind == "AT_SetNotNull":
            _column(heir, command.name).not_null = True
        else:
            add_constraint(heir, constraint, statement, find)


def _alter(
    table: DraftTable, kind: str, command: Any, statement: Statement, *, types: Types, find: Find
) -> None:
    match kind:
        case "AT_AddConstraint":
            add_constraint(table, getattr(command, "def").constraint, statement, find)
        case "AT_AddColumn":
            definition = getattr(command, "def").column_def
            for constraint, name in _define_column(table, definition, statement, types):
                add_constraint(table, constraint, statement, find, column=name)
        case "AT_SetNotNull":
            _column(table, command.name).not_null = True
        case "AT_DropNotNull":
            _column(table, command.name).not_null = False
        case "AT_AddIdentity":
            column = _column(table, command.name)
            column.identity = column.not_null = True
        case "AT_ChangeOwner":
            table.owner = command.newowner.rolename
        case "AT_AttachPartition":
            partition = find(getattr(command, "def").partition_cmd.name)
            partition.partition_of, partition.inherits = table.id, []
        case "AT_AddInherit":
            table.inherits.append(find(getattr(command, "def").range_var).id)
        case "AT_EnableRowSecurity":
            table.row_security = True
        case "AT_DisableRowSecurity":
            table.row_security = False
        case "AT_ForceRowSecurity":
            table.row_security_forced = True
        case "AT_NoForceRowSecurity":
            table.row_security_forced = False
        case _ if kind in _TRIGGER_STATES:
            table.trigger_states[command.name] = _TRIGGER_STATES[kind]
        case _ if kind in _RULE_STATES:
            table.rules[command.name] = _RULE_STATES[kind]
        case _ if kind not in _WITHOUT_TRACE:
            raise NotUnderstood(f"ALTER TABLE with {kind.removeprefix('AT_')}")


def _set_default(table: DraftTable, command: Any, statement: Statement, *, number: int) -> None:
    column = _column(table, command.name)
    if not command.HasField("def"):
        column.default = None
        return
    places = [
        after.end
        for before, after in pairwise(statement.tokens)
        if (before.text, after.text) == (b"set", b"default")
    ]
    column.default = statement.expression_from(places[number])


def _column(table: DraftTable, name: str) -> DraftColumn:
    if name not in table.columns:
        raise NotUnderstood(f"table {table.id} has no column {name}")
    return table.columns[name]
