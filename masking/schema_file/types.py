"""The types that the file makes, and what a column's type comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from masking.schema_file.naming import quoted
from masking.schema_file.source import NotUnderstood, Statement
from masking.schema_file.type_names import BUILT_IN, SERIAL, formatted, max_length, numeric_precision

SYSTEM_SCHEMA = "pg_catalog"

TypeId = tuple[str, str]
#: Types whose values are compared by another collation than the database's, unless it is said.
_COLLATIONS: Mapping[TypeId, str] = {(SYSTEM_SCHEMA, "name"): f"{SYSTEM_SCHEMA}.C"}


@dataclass(frozen=True, kw_only=True)
class ColumnType:
    """A column's type, as ``masking.catalogue.Column`` has it in parts."""

    type: str
    base_type: str
    base_type_schema: str = SYSTEM_SCHEMA
    max_length: int | None = None
    numeric_precision: tuple[int, int] | None = None
    enum_labels: tuple[str, ...] = ()
    #: Base type of an array's elements where they are of a domain, and its schema.
    element_base_type: str | None = None
    element_base_type_schema: str | None = None
    #: The composite type, or the table whose rows make one, that it or an array's elements are of.
    composite: TypeId | None = None
    #: The domain that the column is declared with.
    domain: Domain | None = None
    #: Schema and name of its own collation; None for the database's.
    collation: str | None = None
    is_serial: bool = False

    @property
    def not_null(self) -> bool:
        """Whether a domain allows no NULL."""
        return self.domain is not None and self.domain.not_null


@dataclass(kw_only=True)
class DomainCheck:
    """A CHECK of a domain."""

    name: str
    expression: str
    validated: bool


@dataclass(kw_only=True)
class Domain:
    """A domain over ``base``. ``ALTER DOMAIN`` may add to it."""

    schema: str
    name: str
    base: ColumnType
    collation: str | None = None
    own_not_null: bool = False
    checks: list[DomainCheck] = field(default_factory=list)

    @property
    def not_null(self) -> bool:
        """Its own NOT NULL, or that of a domain below it."""
        return self.own_not_null or self.base.not_null


@dataclass(frozen=True, kw_only=True)
class Labels:
    """An enum's labels."""

    labels: tuple[str, ...]


class Types:
    """Every type made so far, and where names without a schema are looked up."""

    def __init__(self) -> None:
        #: What each is; None for a type of which no more is to be known (composite, range, base, a table's row).
        self.made: dict[TypeId, Domain | Labels | None] = {}
        #: Composite types, and tables, whose rows make one.
        self.composite: set[TypeId] = set()
        #: Schemas with an extension in them, whose types the file doesn't show.
        self.extension_schemas: set[str] = set()
        self.search_path: list[str] = ["public"]
        #: Whether a type that nothing makes is taken by its name, not refused.
        self.forgiving = False

    def add(self, schema: str, name: str, what: Domain | Labels | None = None) -> None:
        """A type that the file makes."""
        self.made[schema, name] = what

    def add_composite(self, schema: str, name: str) -> None:
        """A composite type, or that of a table's rows."""
        self.add(schema, name)
        self.composite.add((schema, name))

    def resolve(self, type_name: Any, statement: Statement) -> ColumnType:
        """What a parsed type name comes to.

        Raises:
            NotUnderstood: nothing that was read makes such a type.
        """
        names = [part.string.sval for part in type_name.names]
        if type_name.setof or type_name.pct_type:
            raise NotUnderstood("a column's type is SETOF or %TYPE")
        schema, name = self._locate(names)
        is_serial = schema == SYSTEM_SCHEMA and name in SERIAL
        name = SERIAL.get(name, name) if is_serial else name
        what = self.made.get((schema, name))
        if schema == SYSTEM_SCHEMA:
            modifiers = _modifiers(type_name)
            shown = formatted(name, modifiers)
            lengths: Mapping[str, Any] = {
                "max_length": max_length(name, modifiers),
                "numeric_precision": numeric_precision(name, modifiers),
            }
        else:
            shown = f"{quoted(schema)}.{quoted(name)}"
            if type_name.typmods:  # an extension's own: as the file shows them
                shown += f"({statement.inside(type_name.location)})"
            lengths = {}
        labels = what.labels if isinstance(what, Labels) else ()
        composite = (schema, name) if (schema, name) in self.composite else None
        if type_name.array_bounds and isinstance(what, Domain):
            return _of_domains(what, shown)
        if type_name.array_bounds:
            return ColumnType(
                type=f"{shown}[]",
                base_type=f"_{name}",
                base_type_schema=schema,
                enum_labels=labels,
                composite=composite,
                collation=_COLLATIONS.get((schema, name)),
                **lengths,
            )
        if isinstance(what, Domain):
            return _of_domain(what, shown)
        return ColumnType(
            type=shown,
            base_type=name,
            base_type_schema=schema,
            enum_labels=labels,
            composite=composite,
            is_serial=is_serial,
            collation=_COLLATIONS.get((schema, name)),
            **lengths,
        )

    def domain(self, names: Sequence[str]) -> Domain:
        """A domain that was made, by its name."""
        found = self.made.get(self._locate(names))
        if not isinstance(found, Domain):
            raise NotUnderstood(f"there is no domain {'.'.join(names)}")
        return found

    def _locate(self, names: Sequence[str]) -> TypeId:
        name = names[-1]
        if len(names) > 1:
            schema = names[-2]
            known = schema == SYSTEM_SCHEMA or (schema, name) in self.made or schema in self.extension_schemas
            if not known and not self.forgiving:
                raise NotUnderstood(f"nothing in the file makes type {schema}.{name}")
            return schema, name
        if name in BUILT_IN or name in SERIAL:
            return SYSTEM_SCHEMA, name
        for schema in self.search_path:
            if (schema, name) in self.made:
                return schema, name
        for schema in self.search_path:
            if schema in self.extension_schemas:
                return schema, name
        if self.forgiving:
            return next(iter(self.search_path), "public"), name
        raise NotUnderstood(f"nothing in the file makes type {name}")


def collation_of(clause: Any) -> str | None:
    """Schema and name of what a COLLATE names; None for the database's own."""
    names = [part.string.sval for part in clause.collname]
    if names[-1] == "default":
        return None
    return ".".join(names if len(names) > 1 else [SYSTEM_SCHEMA, *names])


def _of_domain(domain: Domain, shown: str) -> ColumnType:
    base = domain.base
    return ColumnType(
        type=shown,
        base_type=base.base_type,
        base_type_schema=base.base_type_schema,
        max_length=base.max_length,
        numeric_precision=base.numeric_precision,
        enum_labels=base.enum_labels,
        element_base_type=base.element_base_type,
        element_base_type_schema=base.element_base_type_schema,
        composite=base.composite,
        domain=domain,
        collation=domain.collation or base.collation,
    )


def _of_domains(domain: Domain, shown: str) -> ColumnType:
    """An array of a domain."""
    base = domain.base
    return ColumnType(
        type=f"{shown}[]",
        base_type=f"_{domain.name}",
        base_type_schema=domain.schema,
        element_base_type=base.base_type,
        element_base_type_schema=base.base_type_schema,
        max_length=base.max_length,
        numeric_precision=base.numeric_precision,
        enum_labels=base.enum_labels,
        composite=base.composite,
        collation=domain.collation or base.collation,
    )


def _modifiers(type_name: Any) -> tuple[int, ...]:
    found = []
    for node in type_name.typmods:
        if node.WhichOneof("node") != "a_const" or node.a_const.WhichOneof("val") != "ival":
            raise NotUnderstood("a type's modifier isn't a number")
        found.append(node.a_const.ival.ival)
    return tuple(found)
