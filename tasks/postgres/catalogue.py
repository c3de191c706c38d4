"""Reads a database's catalogue: plain queries over system tables, no row of the user's is touched."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import psycopg
from psycopg.rows import dict_row

from contracts.login import Login
from masking.catalogue import (
    Catalogue,
    Check,
    Column,
    Extension,
    ForeignKey,
    Index,
    Table,
    TableName,
    Trigger,
)
from tasks.postgres.connection import connect, safe_errors
from tasks.postgres.statements import statement

_Row = dict[str, Any]
_VARLENA_HEADER_BYTES = 4
_WITH_LENGTH = ("varchar", "bpchar")
_WITH_BIT_LENGTH = ("bit", "varbit")


def read_catalogue(login: Login, database: str) -> Catalogue:
    """What ``database`` holds, read in one transaction. Works for any user on PostgreSQL 13 and later."""
    with (
        safe_errors(f"database {database!r}", doing="reading its catalogue"),
        connect(login, database) as connection,
    ):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return read_catalogue_over(connection)


def read_catalogue_over(connection: psycopg.Connection[Any]) -> Catalogue:
    """As :func:`read_catalogue`, in the transaction that ``connection`` is in."""
    connection.execute("SELECT pg_catalog.set_config('search_path', '', true)")
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        about = cursor.execute(statement("catalogue/database.sql")).fetchone()
        if about is None:  # a query without FROM has one row
            raise AssertionError
        tables = cursor.execute(statement("catalogue/tables.sql")).fetchall()
        oids = [row["oid"] for row in tables]
        parts = {
            name: _by_table(cursor.execute(statement(f"catalogue/{name}.sql"), (oids,)).fetchall())
            for name in ("columns", "indexes", "constraints", "triggers")
        }
        composites = _composites(cursor, parts["columns"])
    built = {
        row["oid"]: _table(row, {name: rows[row["oid"]] for name, rows in parts.items()}, composites)
        for row in tables
    }
    return Catalogue(
        database=about["database"],
        server_version_num=about["server_version_num"],
        encoding=about["encoding"],
        tables=tuple(built.values()),
        large_objects=about["large_objects"],
        extensions=tuple(Extension(**extension) for extension in about["extensions"]),
        unvouched_functions=frozenset((schema, name) for schema, name in about["unvouched_functions"]),
    )


def _by_table(rows: list[_Row]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row["oid"]].append(row)
    return found


def _composites(cursor: psycopg.RawCursor[_Row], columns: dict[int, list[_Row]]) -> dict[int, list[_Row]]:
    """The attributes of every composite type that a column, or an attribute of one, is of."""
    found: dict[int, list[_Row]] = {}
    rows = [row for of_table in columns.values() for row in of_table]
    while wanted := sorted({row["composite"] for row in rows if row["composite"]} - found.keys()):
        rows = cursor.execute(statement("catalogue/columns.sql"), (wanted,)).fetchall()
        found |= {oid: [] for oid in wanted} | _by_table(rows)
    return found


def _table(row: _Row, parts: dict[str, list[_Row]], composites: dict[int, list[_Row]]) -> Table:
    constraints, triggers = parts["constraints"], parts["triggers"]
    return Table(
        schema=row["schema"],
        name=row["name"],
        kind=row["kind"],
        owner=row["owner"],
        partition_of=_table_name(row["partition_of"]) if row["partition_of"] else None,
        inherits=tuple(_table_name(parent) for parent in row["inherits"] or ()),
        columns=tuple(_column(column, composites) for column in parts["columns"]),
        indexes=tuple(_index(index) for index in parts["indexes"]),
        foreign_keys=tuple(_foreign_key(found) for found in constraints if found["kind"] == "f"),
        checks=tuple(_check(found) for found in constraints if found["kind"] == "c"),
        triggers=tuple(_trigger(found) for found in triggers if found["kind"] == "trigger"),
        rules=tuple((found["name"], found["enabled"]) for found in triggers if found["kind"] == "rule"),
        estimated_rows=row["estimated_rows"],
        size_bytes=row["size_bytes"],
        extension=row["extension"],
        extension_config=row["extension_config"],
        row_security=row["row_security"],
        row_security_forced=row["row_security_forced"],
        comment=row["comment"],
    )


def _table_name(parts: list[str]) -> TableName:
    return TableName(schema=parts[0], name=parts[1])


def _column(row: _Row, composites: dict[int, list[_Row]]) -> Column:
    element, typmod = row["element_base_type"] or row["base_type"].removeprefix("_"), row["typmod"]
    return Column(
        name=row["name"],
        type=row["type"],
        base_type=row["base_type"],
        base_type_schema=row["base_type_schema"],
        max_length=_max_length(element, typmod),
        numeric_precision=_numeric_precision(typmod) if element == "numeric" and typmod >= 0 else None,
        not_null=row["not_null"],
        generated=row["generated"],
        identity=row["identity"],
        default=row["default"],
        comment=row["comment"],
        position=row["position"],
        partition_key=row["partition_key"],
        domain=row["domain"],
        collation=row["collation"],
        element_base_type=row["element_base_type"],
        element_base_type_schema=row["element_base_type_schema"],
        attributes=tuple(_column(one, composites) for one in composites.get(row["composite"], ())),
        enum_labels=tuple(row["enum_labels"] or ()),
        generated_from=tuple(row["generated_from"] or ()),
        null_fraction=row["null_fraction"],
        n_distinct=row["n_distinct"],
    )


def _max_length(element: str, typmod: int) -> int | None:
    """What a type modifier says about length. https://www.postgresql.org/docs/current/catalog-pg-attribute.html"""
    if typmod < 0:
        return None
    if element in _WITH_LENGTH:
        return typmod - _VARLENA_HEADER_BYTES
    return typmod if element in _WITH_BIT_LENGTH else None


def _numeric_precision(typmod: int) -> tuple[int, int]:
    """Digits and scale; the scale is 11 bits with a sign (numeric_typmod_scale in PostgreSQL's numeric.c)."""
    packed = typmod - _VARLENA_HEADER_BYTES
    return packed >> 16 & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def _index(row: _Row) -> Index:
    keys, key_columns = tuple(row["keys"]), tuple(row["key_columns"])
    expressions = [key for key, column in zip(keys, key_columns, strict=True) if column is None]
    return Index(
        name=row["name"],
        unique=row["unique"],
        primary=row["primary"],
        exclusion=row["exclusion"],
        columns=tuple(row["columns"] or ()),
        key_columns=key_columns,
        keys=keys,
        expression=", ".join(expressions) or None,
        predicate=row["predicate"],
        nulls_not_distinct=row["nulls_not_distinct"],
    )


def _foreign_key(row: _Row) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        columns=tuple(row["columns"]),
        referenced=TableName(schema=row["referenced_schema"], name=row["referenced_name"]),
        referenced_columns=tuple(row["referenced_columns"]),
        validated=row["validated"],
    )


def _check(row: _Row) -> Check:
    return Check(
        name=row["name"],
        columns=tuple(row["columns"] or ()),
        expression=row["expression"],
        validated=row["validated"],
        domain=row["domain"],
    )


def _trigger(row: _Row) -> Trigger:
    return Trigger(
        name=row["name"],
        enabled=row["enabled"],
        columns=tuple(row["columns"] or ()),
        function=row["function"],
    )
