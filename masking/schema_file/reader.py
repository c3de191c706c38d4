"""Goes through a schema file, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import postgast

from contracts.errors import SchemaFileInvalid
from masking.catalogue import Catalogue, Extension, Kind, TableName
from masking.schema_file.constraints import add_index
from masking.schema_file.drafts import DraftTable, DraftTrigger
from masking.schema_file.finishing import Finishing
from masking.schema_file.naming import multirange_name
from masking.schema_file.source import NotSql, NotUnderstood, Source, Statement
from masking.schema_file.tables import alter_table, composite_type, create_table
from masking.schema_file.types import ColumnType, Domain, DomainCheck, Labels, Types, collation_of

_VERSION = re.compile(r"^-- Dumped from database version (\d+)(?:\.(\d+))?", re.MULTILINE)
_OBJECTS = postgast.pg_query_pb2.ObjectType
_HOLDS_ROWS = frozenset({"copy_stmt", "insert_stmt"})

#: Kinds of statements of which a catalogue shows nothing.
_NAMES_WITHOUT_TRACE = (
    "alter_database alter_database_set alter_default_privileges alter_event_trig alter_function alter_op_family"
    " alter_operator alter_owner alter_publication alter_role alter_role_set alter_seq alter_subscription"
    " alter_tsconfiguration alter_tsdictionary create_am create_cast create_conversion create_event_trig"
    " create_fdw create_foreign_server create_op_class create_op_family create_plang create_policy"
    " create_publication create_role create_stats create_subscription create_transform create_user_mapping"
    " grant grant_role refresh_mat_view sec_label transaction"
)
_WITHOUT_TRACE = frozenset(f"{name}_stmt" for name in _NAMES_WITHOUT_TRACE.split())


def read_schema(text: str, file: str) -> Catalogue:
    """The catalogue of the database that a ``pg_dump -s`` file, called ``file`` in errors, describes.

    Raises:
        SchemaFileInvalid: naming every statement that isn't understood, by file, line and column.
    """
    source = Source(text, file)
    reading = Reading()
    problems: list[str] = []
    try:
        for statement in source.statements():
            try:
                reading.read(statement)
            except NotUnderstood as why:
                problems.append(f"{source.begin(statement)}: {why}")
    except NotSql as error:
        problems.append(f"{error.position}: it isn't SQL: {error}")
    if problems:
        raise SchemaFileInvalid(file=file, problems=tuple(problems))
    version = _VERSION.search(text)
    return reading.catalogue(
        _version_number(version.group(1), version.group(2)) if version else 0,
        file.rpartition("/")[2].partition(".")[0],
    )


def _version_number(major: str, minor: str | None) -> int:
    return int(major) * 10_000 + int(minor or 0)


class Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.types = Types()
        self.tables: dict[TableName, DraftTable] = {}
        #: Composite types, as tables without rows.
        self.composites: dict[TableName, DraftTable] = {}
        self.attached: dict[TableName, TableName] = {}
        #: Views and sequences: nothing of theirs is in a catalogue.
        self.others: set[TableName] = set()
        self.extensions: dict[str, Extension] = {}
        self.functions: set[tuple[str, str]] = set()
        self.encoding = "UTF8"
        self.database = ""

    def catalogue(self, server_version_num: int, database: str) -> Catalogue:
        finishing = Finishing(self.tables, self.composites, self.attached, server_version_num)
        return Catalogue(
            database=self.database or database,
            server_version_num=server_version_num,
            encoding=self.encoding,
            tables=tuple(finishing.tables()),
            extensions=tuple(found for _, found in sorted(self.extensions.items())),
            unvouched_functions=frozenset(self.functions),
        )

    def read(self, statement: Statement) -> None:
        """Take one statement in."""
        kind = statement.kind
        handle = getattr(self, f"_{kind}", None)
        if handle is not None:
            handle(statement.node, statement)
        elif kind in _HOLDS_ROWS:
            raise NotUnderstood("it brings rows: take the file that pg_dump -s writes")
        elif kind not in _WITHOUT_TRACE:
            name = kind.removesuffix("_stmt").replace("_", " ").upper()
            raise NotUnderstood(f"{name} isn't understood: take the file that pg_dump -s writes")

    # Tables

    def _create_stmt(self, node: Any, statement: Statement, kind: Kind = "r") -> None:
        if node.relation.relpersistence == "t":
            return
        name = self._new_name(node.relation)
        if name in self.tables:
            if node.if_not_exists:
                return
            raise NotUnderstood(f"table {name} is made twice")
        self.tables[name] = self._table(node, statement, name, kind)
        self.types.add_composite(name.schema, name.name)

    def _table(
        self, node: Any, statement: Statement, name: TableName, kind: Kind, *, forgiving: bool = False
    ) -> DraftTable:
        return create_table(
            node,
            statement,
            schema=name.schema,
            kind=kind,
            types=self.types,
            find=self._find,
            find_type=self._composite,
            forgiving=forgiving,
        )

    def _create_foreign_table_stmt(self, node: Any, statement: Statement) -> None:
        self._create_stmt(node.base_stmt, statement, "f")

    def _create_table_as_stmt(self, node: Any, statement: Statement) -> None:
        if node.objtype != _OBJECTS.OBJECT_MATVIEW:
            raise NotUnderstood("CREATE TABLE AS has no types: take the file that pg_dump -s writes")
        name = self._new_name(node.into.rel)
        self.tables[name] = DraftTable(schema=name.schema, name=name.name, kind="m")
        self.types.add(name.schema, name.name)

    def _view_stmt(self, node: Any, statement: Statement) -> None:
        name = self._new_name(node.view)
        self.others.add(name)
        self.types.add(name.schema, name.name)

    def _create_seq_stmt(self, node: Any, statement: Statement) -> None:
        self.others.add(self._new_name(node.sequence))

    def _alter_table_stmt(self, node: Any, statement: Statement) -> None:
        if node.objtype == _OBJECTS.OBJECT_INDEX:
            self._alter_index(node)
            return
        table = self._find_or_none(node.relation)
        if table is None:
            # Before anything is made, pg_dump --clean takes constraints away.
            is_cleaning = node.missing_ok or not self.tables
            if is_cleaning or self._locate(node.relation, self.others) is not None:
                return
            if node.objtype in (
                _OBJECTS.OBJECT_TABLE,
                _OBJECTS.OBJECT_MATVIEW,
                _OBJECTS.OBJECT_FOREIGN_TABLE,
            ):
                raise NotUnderstood(f"nothing in the file makes table {_shown(node.relation)}")
            if node.objtype == _OBJECTS.OBJECT_TYPE:
                raise NotUnderstood("ALTER TYPE")
            return
        alter_table(table, statement, types=self.types, find=self._find, heirs_of=self._heirs)

    def _heirs(self, table: DraftTable) -> Iterator[DraftTable]:
        for one in self.tables.values():
            if table.id == one.partition_of or table.id in one.inherits:
                yield one
                yield from self._heirs(one)

    def _alter_index(self, node: Any) -> None:
        for found in node.cmds:
            command = found.alter_table_cmd
            if command.subtype == postgast.pg_query_pb2.AlterTableType.AT_AttachPartition:
                part = getattr(command, "def").partition_cmd.name
                self.attached[self._named(part)] = self._named(node.relation)

    def _named(self, relation: Any) -> TableName:
        return TableName(schema=relation.schemaname or self.types.search_path[0], name=relation.relname)

    def _index_stmt(self, node: Any, statement: Statement) -> None:
        table = self._find(node.relation)
        taken = (
            {name for one in self.tables.values() if one.schema == table.schema for name in one.indexes}
            if not node.idxname
            else ()
        )
        add_index(table, statement, taken)

    def _create_trig_stmt(self, node: Any, statement: Statement) -> None:
        table = self._find_or_none(node.relation)
        if table is None:
            if self._locate(node.relation, self.others) is None:
                raise NotUnderstood(f"nothing in the file makes table {_shown(node.relation)}")
            return
        names = [part.string.sval for part in node.funcname]
        schema = names[-2] if len(names) > 1 else self._schema_of_function(names[-1])
        table.triggers[node.trigname] = DraftTrigger(
            name=node.trigname,
            columns=frozenset(part.string.sval for part in node.columns),
            function=f"{schema}.{names[-1]}",
            per_row=node.row,
        )

    def _schema_of_function(self, name: str) -> str:
        for schema in self.types.search_path:
            if (schema, name) in self.functions:
                return schema
        return "pg_catalog"

    def _rule_stmt(self, node: Any, statement: Statement) -> None:
        table = self._find_or_none(node.relation)
        if table is not None:
            table.rules[node.rulename] = "O"
        elif self._locate(node.relation, self.others) is None:
            raise NotUnderstood(f"nothing in the file makes table {_shown(node.relation)}")

    def _comment_stmt(self, node: Any, statement: Statement) -> None:
        of_table = (_OBJECTS.OBJECT_TABLE, _OBJECTS.OBJECT_MATVIEW, _OBJECTS.OBJECT_FOREIGN_TABLE)
        if node.objtype not in (*of_table, _OBJECTS.OBJECT_COLUMN):
            return
        names = [part.string.sval for part in node.object.list.items]
        column = names.pop() if node.objtype == _OBJECTS.OBJECT_COLUMN else None
        table = self._table_by_name(names)
        if table is None:
            return  # a view's, or a composite type's
        if column is None:
            table.comment = node.comment or None
        elif column in table.columns:
            table.columns[column].comment = node.comment or None
        elif table.kind != "m":
            raise NotUnderstood(f"table {table.id} has no column {column}")

    # Types and functions

    def _create_enum_stmt(self, node: Any, statement: Statement) -> None:
        labels = tuple(value.string.sval for value in node.vals)
        self.types.add(*self._new_type(node.type_name), Labels(labels=labels))

    def _composite_type_stmt(self, node: Any, statement: Statement) -> None:
        name = self._new_name(node.typevar)
        self.types.add_composite(name.schema, name.name)
        self.others.add(name)
        self.composites[name] = composite_type(node, statement, schema=name.schema, types=self.types)

    def _composite(self, type_: ColumnType) -> DraftTable:
        schema, name = type_.composite or ("", "")
        found = self.composites.get(TableName(schema=schema, name=name))
        if found is None:
            raise NotUnderstood(f"a table of type {type_.type}, which isn't composite")
        return found

    def _create_range_stmt(self, node: Any, statement: Statement) -> None:
        schema, name = self._new_type(node.type_name)
        multirange = (schema, multirange_name(name))
        for found in node.params:
            if found.def_elem.defname == "multirange_type_name":
                multirange = self._new_type(found.def_elem.arg.type_name.names)
        for made in ((schema, name), multirange):
            self.types.add(*made)
            self.functions.add(made)  # PostgreSQL makes constructors of these names

    def _create_domain_stmt(self, node: Any, statement: Statement) -> None:
        schema, name = self._new_type(node.domainname)
        domain = Domain(
            schema=schema,
            name=name,
            base=self.types.resolve(node.type_name, statement),
            collation=collation_of(node.coll_clause) if node.HasField("coll_clause") else None,
        )
        for found in node.constraints:
            self._add_to_domain(domain, found.constraint, statement, is_new=True)
        self.types.add(schema, name, domain)

    def _alter_domain_stmt(self, node: Any, statement: Statement) -> None:
        domain = self.types.domain([part.string.sval for part in node.type_name])
        constraint = getattr(node, "def").constraint
        if node.subtype != "C":  # the letter of ADD CONSTRAINT
            raise NotUnderstood("ALTER DOMAIN other than ADD CONSTRAINT")
        self._add_to_domain(domain, constraint, statement, is_new=False)

    def _add_to_domain(self, domain: Domain, constraint: Any, statement: Statement, *, is_new: bool) -> None:
        kinds = postgast.pg_query_pb2.ConstrType
        if constraint.contype == kinds.CONSTR_NOTNULL:
            domain.own_not_null = True
        elif constraint.contype == kinds.CONSTR_CHECK:
            number = len(domain.checks)
            domain.checks.append(
                DomainCheck(
                    name=constraint.conname or f"{domain.name}_check{number or ''}",
                    expression=statement.inside(constraint.location),
                    validated=is_new or constraint.initially_valid,
                )
            )

    def _define_stmt(self, node: Any, statement: Statement) -> None:
        if node.kind not in (_OBJECTS.OBJECT_TYPE, _OBJECTS.OBJECT_AGGREGATE, _OBJECTS.OBJECT_OPERATOR):
            return
        schema, name = self._new_type(node.defnames)
        if node.kind == _OBJECTS.OBJECT_TYPE:
            self.types.add(schema, name)
        else:
            self.functions.add((schema, name))

    def _create_function_stmt(self, node: Any, statement: Statement) -> None:
        self.functions.add(self._new_type(node.funcname))

    # The database

    def _create_extension_stmt(self, node: Any, statement: Statement) -> None:
        options = {found.def_elem.defname: found.def_elem.arg.string.sval for found in node.options}
        schema = options.get("schema") or self.types.search_path[0]
        self.extensions[node.extname] = Extension(
            name=node.extname, version=options.get("new_version", ""), schema=schema
        )
        self.types.extension_schemas.add(schema)

    def _create_schema_stmt(self, node: Any, statement: Statement) -> None:
        if node.schema_elts:
            raise NotUnderstood("CREATE SCHEMA with what is in it")

    def _createdb_stmt(self, node: Any, statement: Statement) -> None:
        self.database = node.dbname

    def _variable_set_stmt(self, node: Any, statement: Statement) -> None:
        values = [argument.a_const.sval.sval for argument in node.args]
        if node.name == "search_path":
            self._look_up(values)
        elif node.name == "client_encoding" and values:
            self.encoding = values[0]

    def _select_stmt(self, node: Any, statement: Statement) -> None:
        calls = [target.res_target.val.func_call for target in node.target_list]
        names = {call.funcname[-1].string.sval for call in calls if call.funcname}
        if node.from_clause or not names or not names <= {"set_config", "setval"}:
            raise NotUnderstood("a query: take the file that pg_dump -s writes")
        for call in calls:
            setting = [argument.a_const.sval.sval for argument in call.args]
            if setting[0] == "search_path":
                self._look_up([part.strip(' "') for part in setting[1].split(",")])

    def _look_up(self, schemas: list[str]) -> None:
        self.types.search_path = [schema for schema in schemas if schema not in ("", "pg_catalog", "$user")]

    def _drop_stmt(self, node: Any, statement: Statement) -> None:
        """What ``pg_dump --clean`` begins with: nothing that the file has made is dropped."""
        if self.tables or self.types.made:
            raise NotUnderstood("DROP of what the file made")

    # Names

    def _new_name(self, relation: Any) -> TableName:
        schema = relation.schemaname or next(iter(self.types.search_path), "")
        if not schema:
            raise NotUnderstood(f"{relation.relname} has no schema, and search_path is empty")
        return TableName(schema=schema, name=relation.relname)

    def _new_type(self, names: Any) -> tuple[str, str]:
        parts = [part.string.sval for part in names]
        schema = parts[-2] if len(parts) > 1 else next(iter(self.types.search_path), "")
        if not schema:
            raise NotUnderstood(f"{parts[-1]} has no schema, and search_path is empty")
        return schema, parts[-1]

    def _find(self, relation: Any) -> DraftTable:
        found = self._find_or_none(relation)
        if found is None:
            raise NotUnderstood(f"nothing in the file makes table {_shown(relation)}")
        return found

    def _find_or_none(self, relation: Any) -> DraftTable | None:
        name = self._locate(relation, self.tables)
        return self.tables[name] if name is not None else None

    def _table_by_name(self, names: list[str]) -> DraftTable | None:
        schemas = [names[-2]] if len(names) > 1 else self.types.search_path
        return next(
            (
                found
                for schema in schemas
                for known in (self.tables, self.composites)
                if (found := known.get(TableName(schema=schema, name=names[-1])))
            ),
            None,
        )

    def _locate(self, relation: Any, among: Any) -> TableName | None:
        schemas = [relation.schemaname] if relation.schemaname else self.types.search_path
        names = (TableName(schema=schema, name=relation.relname) for schema in schemas)
        return next((name for name in names if name in among), None)


def _shown(relation: Any) -> str:
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)
