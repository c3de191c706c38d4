"""Catalogues made by hand, for tests that need no server."""

from __future__ import annotations

from typing import Any

from masking.catalogue import Catalogue, Column, ForeignKey, Index, Table, TableName


def column(name: str, base_type: str = "text", **more: Any) -> Column:
    return Column(name=name, type=more.pop("type", base_type), base_type=base_type, **more)


def table(name: str, *columns: Column, **more: Any) -> Table:
    schema, _, bare = name.rpartition(".")
    return Table(schema=schema or "public", name=bare, columns=columns, **more)


def unique(name: str, *columns: str, **more: Any) -> Index:
    return Index(name=name, unique=True, columns=columns, key_columns=columns, keys=columns, **more)


def foreign_key(name: str, column_name: str, referenced: str, referenced_column: str) -> ForeignKey:
    return ForeignKey(
        name=name,
        columns=(column_name,),
        referenced=TableName(schema="public", name=referenced),
        referenced_columns=(referenced_column,),
    )


def catalogue(*tables: Table, **more: Any) -> Catalogue:
    return Catalogue(database="shop", tables=tables, **more)


USERS = table(
    "users",
    column("id", "int8", not_null=True),
    column("ssn"),
    column("email", "varchar", type="character varying(60)", max_length=60, not_null=True),
    column("phone"),
    indexes=(unique("users_pkey", "id", primary=True),),
    estimated_rows=1_000_000,
)
