"""A catalogue from whatever SQL makes a schema: for a suggestion, which a person reads before it is used.

Written by hand, by a framework, or by ``pg_dump`` with the rows: what brings rows or runs code is passed over, tables
are followed through their renames and changes, and types that the file doesn't make are taken by their names. A
policy isn't checked against such a catalogue: what was passed over could be the column that nobody masks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast
from postgast import PgQueryError

from masking.catalogue import Catalogue, TableName
from masking.schema_file.drafts import DraftColumn, DraftTable
from masking.schema_file.reader import Reading
from masking.schema_file.salvage import salvaged
from masking.schema_file.source import NotUnderstood, Statement
from masking.schema_file.types import ColumnType

_COPY = re.compile(r"^COPY\b[^;]*\bFROM\s+STDIN\b[^;]*;[^\n]*\n.*?(?:^\\\.[^\n]*$|\Z)", re.I | re.M | re.S)
_PSQL_COMMAND = re.compile(r"^[ \t]*\\[^\n]*$", re.MULTILINE)
_MAKES_TABLE = re.compile(rb"\s*(?:--[^\n]*\n\s*)*(?:create|alter)\s+(?:\w+\s+){0,2}table\b", re.I)
_OBJECTS = postgast.pg_query_pb2.ObjectType
_COMMANDS = postgast.pg_query_pb2.AlterTableType
#: What reading a statement may end in that says more than a dump does.
_UNREADABLE: Final = (NotUnderstood, LookupError, StopIteration, ValueError, AssertionError, AttributeError)
_UNKNOWN: Final = ColumnType(type="text", base_type="text")


@dataclass(frozen=True, kw_only=True)
class Forgiven:
    """The catalogue, and statements about tables that were passed over, by their first words."""

    catalogue: Catalogue
    passed_over: tuple[str, ...]


def read_any_schema(text: str, file: str) -> Forgiven:
    """The catalogue that a file of SQL makes, as far as it can be told."""
    reading = _Forgiving()
    for statement in _statements(text):
        reading.take(statement)
    name = file.rpartition("/")[2].partition(".")[0]
    return Forgiven(catalogue=reading.catalogue(0, name), passed_over=tuple(reading.passed_over))


def _statements(text: str) -> Iterator[Statement | bytes]:
    """The statements; as bytes, one that the parser refuses."""
    text = _PSQL_COMMAND.sub("", _COPY.sub("", text.removeprefix("\ufeff")))
    try:
        yield from _parsed(text)
    except PgQueryError:
        for piece in _pieces(text):
            try:
                yield from _parsed(piece)
            except PgQueryError:
                table = salvaged(piece)
                if table is not None:
                    yield from _parsed(table)
                else:
                    yield piece.encode()


def _parsed(text: str) -> Iterator[Statement]:
    source = text.encode()
    for raw in postgast.parse(text).stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(source)
        kind = raw.stmt.WhichOneof("node")
        yield Statement(kind, getattr(raw.stmt, kind), source, raw.stmt_location, end)


def _pieces(text: str) -> list[str]:
    try:
        return list(postgast.split(text, method="scanner"))
    except PgQueryError:
        return re.split(r";[ \t]*(?:\n|\Z)", text)


class _Forgiving(Reading):
    """What was read so far."""

    def __init__(self) -> None:
        super().__init__()
        self.types.forgiving = True
        self.passed_over: list[str] = []

    def take(self, statement: Statement | bytes) -> None:
        """Take one statement in, or pass it over."""
        if isinstance(statement, bytes):
            if _MAKES_TABLE.match(statement):
                self._pass_over(statement)
            return
        try:
            self.read(statement)
        except _UNREADABLE:
            if statement.kind in ("create_stmt", "create_foreign_table_stmt"):
                self._pass_over(statement.source[statement.start : statement.end])

    def _pass_over(self, statement: bytes) -> None:
        words = re.sub(rb"--[^\n]*\n", b"", statement).decode(errors="replace").partition("(")[0].split()
        self.passed_over.append(" ".join(words[:6]))

    # Tables

    def _create_stmt(self, node: Any, statement: Statement, kind: Any = "r") -> None:
        name = self._new_name(node.relation)
        if node.relation.relpersistence == "t" or name in self.tables:
            return
        try:
            self.tables[name] = self._table(node, statement, name, kind, forgiving=True)
        except _UNREADABLE:
            self.tables[name] = self._columns_alone(node, statement, name)
        self.types.add_composite(name.schema, name.name)

    def _columns_alone(self, node: Any, statement: Statement, name: TableName) -> DraftTable:
        """The columns that the statement itself names, of a table whose parents or defaults aren't understood."""
        definitions = [
            element.column_def for element in node.table_elts if element.WhichOneof("node") == "column_def"
        ]
        if not definitions:
            raise NotUnderstood("a table without columns of its own")
        table = DraftTable(schema=name.schema, name=name.name, kind="r")
        for found in definitions:
            type_ = (
                self.types.resolve(found.type_name, statement) if found.HasField("type_name") else _UNKNOWN
            )
            table.columns[found.colname] = DraftColumn(name=found.colname, type=type_)
        return table

    def _create_table_as_stmt(self, node: Any, statement: Statement) -> None:
        if node.objtype == _OBJECTS.OBJECT_MATVIEW:
            super()._create_table_as_stmt(node, statement)
            return
        name = self._new_name(node.into.rel)
        if node.into.rel.relpersistence == "t" or name in self.tables:
            return
        table = DraftTable(schema=name.schema, name=name.name, kind="r")
        for column in self._selected(node.query.select_stmt):
            table.columns.setdefault(column.name, column)
        self.tables[name] = table
        self.types.add_composite(name.schema, name.name)

    def _selected(self, select: Any) -> Iterator[DraftColumn]:
        """The columns of a query, of the types that its tables' columns of those names have."""
        sources = [
            found
            for relation in postgast.find_nodes(select, postgast.pg_query_pb2.RangeVar)
            if (found := self._find_or_none(relation)) is not None
        ]
        for target in select.target_list:
            field = target.res_target.val.column_ref.fields
            last = field[-1] if field else None
            if last is not None and last.HasField("a_star"):
                for source in sources:
                    yield from (column.copy() for column in source.columns.values())
                continue
            read = last.string.sval if last is not None else ""
            known = next((source.columns[read] for source in sources if read in source.columns), None)
            yield DraftColumn(
                name=target.res_target.name or read or "column",
                type=known.type if known is not None else _UNKNOWN,
            )

    def _alter_table_stmt(self, node: Any, statement: Statement) -> None:
        table = self._find_or_none(node.relation)
        for found in node.cmds if table is not None else ():
            command = found.alter_table_cmd
            kind = _COMMANDS.Name(command.subtype)
            if kind == "AT_DropColumn":
                for one in (table, *self._heirs(table)) if table is not None else ():
                    one.columns.pop(command.name, None)
            elif kind == "AT_AlterColumnType" and table is not None and command.name in table.columns:
                definition = getattr(command, "def").column_def
                table.columns[command.name].type = self.types.resolve(definition.type_name, statement)
            elif kind == "AT_AddColumn" and table is not None:
                definition = getattr(command, "def").column_def
                if definition.colname in table.columns:
                    continue
                column = DraftColumn(
                    name=definition.colname, type=self.types.resolve(definition.type_name, statement)
                )
                for one in (table, *self._heirs(table)):
                    one.columns.setdefault(column.name, column.copy())
        try:
            super()._alter_table_stmt(node, statement)
        except _UNREADABLE:
            return

    def _rename_stmt(self, node: Any, statement: Statement) -> None:
        if node.rename_type == _OBJECTS.OBJECT_SCHEMA:
            for old in [name for name in self.tables if name.schema == node.subname]:
                moved = self.tables.pop(old)
                moved.schema = node.newname
                self.tables[moved.id] = moved
            return
        name = self._locate(node.relation, self.tables)
        if name is None:
            return
        table = self.tables[name]
        if node.rename_type == _OBJECTS.OBJECT_TABLE:
            del self.tables[name]
            table.name = node.newname
            self.tables[table.id] = table
        elif node.rename_type == _OBJECTS.OBJECT_COLUMN:
            for one in (table, *self._heirs(table)):
                one.columns = {
                    node.newname if key == node.subname else key: column
                    for key, column in one.columns.items()
                }
                if node.newname in one.columns:
                    one.columns[node.newname].name = node.newname

    def _alter_object_schema_stmt(self, node: Any, statement: Statement) -> None:
        name = self._locate(node.relation, self.tables)
        if name is not None:
            table = self.tables.pop(name)
            table.schema = node.newschema
            self.tables[table.id] = table

    def _drop_stmt(self, node: Any, statement: Statement) -> None:
        if node.remove_type != _OBJECTS.OBJECT_TABLE:
            return
        for found in node.objects:
            names = [part.string.sval for part in found.list.items]
            table = self._table_by_name(names)
            if table is not None:
                self.tables.pop(table.id, None)

    def _create_schema_stmt(self, node: Any, statement: Statement) -> None:
        before = self.types.search_path
        self.types.search_path = [node.schemaname, *before]
        for element in node.schema_elts:
            kind = element.WhichOneof("node")
            self.take(
                Statement(kind, getattr(element, kind), statement.source, statement.start, statement.end)
            )
        self.types.search_path = before

    # Names

    def _new_name(self, relation: Any) -> TableName:
        schema = relation.schemaname or next(iter(self.types.search_path), "public")
        return TableName(schema=schema, name=relation.relname)

    def _find_or_none(self, relation: Any) -> DraftTable | None:
        found = super()._find_or_none(relation)
        if found is not None or relation.schemaname:
            return found
        alike = [table for name, table in self.tables.items() if name.name == relation.relname]
        return alike[0] if len(alike) == 1 else None
