"""Which columns of the masked clone are searched, for what, by which query; and which aren't, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from masking.catalogue import Catalogue, Column, Table, TableName
from masking.maskers.masker import Use, text_of
from masking.maskers.parameters import JsonValue, UnlistedKeep
from masking.planning.plan import ColumnPlan, Plan, TablePlan
from masking.proof.gathering import NotSearched, names_within
from masking.statements.capture import fingerprint
from masking.statements.checks import places
from masking.statements.passes import rows_of, unnested

_TEXT = frozenset(
    {"text", "varchar", "bpchar", "char", "name", "json", "jsonb", "xml", "tsvector", "tsquery", "jsonpath"}
)
#: Types whose values may be an id, or a phone or card number, as a whole; in ranges, their bounds.
_NUMBERS = frozenset(
    {
        *("int4", "int8", "numeric", "oid", "xid8"),
        *("int4range", "int8range", "numrange", "int4multirange", "int8multirange", "nummultirange"),
    }
)
_OBJECTS = frozenset(
    {
        *("regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper"),
        *("regoperator", "regproc", "regprocedure", "regrole", "regtype"),
    }
)

#: Maskers whose form many a text has.
_LOOSE = frozenset({"digits", "letters", "postcode", "place_country"})


@dataclass(frozen=True, kw_only=True)
class SearchedColumn:
    """One column that is searched, and what the policy says may be found in it, with the reason."""

    name: str
    #: Whether it is searched for shapes, too.
    has_shapes: bool
    value: sql.Composable
    acknowledged: Mapping[str, str]
    #: Raw values that may be found in it since the policy keeps some of the column itself, as the report calls them.
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class SearchedTable:
    """One table or partition that is searched, in one pass."""

    table: Table
    columns: tuple[SearchedColumn, ...]
    #: Whether a condition on the table's rows may stand behind the query.
    ends_with_its_table: bool = True

    @property
    def query(self) -> sql.Composed:
        """The columns' texts, in their order."""
        return sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join([column.value for column in self.columns]), rows_of(self.table)
        )


def searched(plan: Plan, catalogue: Catalogue, *, is_clone: bool = True) -> Iterator[SearchedTable]:
    """Every table with a column to be searched. Of a partitioned table, each partition's are the same columns.

    Only the masked clone (``is_clone``) knows which values of a column are those that its rows kept.
    """
    keys, numbers = _keys(catalogue), places(plan, catalogue)
    for table in plan.tables:
        if not table.holds_rows or table.action == "empty":
            continue
        root = catalogue.root(table.table).id
        columns = tuple(
            _searched(catalogue, table, found, numbers.get((root, found.column.name), 0))
            for found in table.columns
            if _why_not(found, is_key=(root, found.column.name) in keys) is None
            and not _is_masked_whole(found)
            and (is_clone or not _has_masks_beside(found))
        )
        if columns:
            yield SearchedTable(table=table.table, columns=columns)


def own_raw_values(plan: Plan, catalogue: Catalogue) -> frozenset[str]:
    """Raw values that may be in the column that they came from, of all columns, as the report calls them."""
    return frozenset[str]().union(
        *(column.own for table in searched(plan, catalogue) for column in table.columns)
    )


def not_searched(plan: Plan, catalogue: Catalogue) -> Iterator[NotSearched]:
    """Columns that keep something and aren't searched, each with the reason."""
    keys = _keys(catalogue)
    seen: set[str] = set()
    for table in plan.tables:
        if not table.holds_rows or table.action == "empty":
            continue
        for found in table.columns:
            name = f"{catalogue.root(table.table)}.{found.column.name}"
            reason = _why_not(found, is_key=(catalogue.root(table.table).id, found.column.name) in keys)
            if reason and name not in seen and not _is_masked_whole(found):
                seen.add(name)
                yield NotSearched(column=name, reason=reason)


def _searched(catalogue: Catalogue, table: TablePlan, found: ColumnPlan, number: int) -> SearchedColumn:
    value, own = _value(found.column), frozenset[str]()
    if found.use is not None and (found.use.keeps_rows or _is_redacted(found.use)):
        own = names_within(catalogue, table, found.use)
        stays = _stays(found, number)
        value = value if stays is None else sql.SQL("CASE WHEN {} THEN {} END").format(stays, value)
    return SearchedColumn(
        name=found.column.name,
        # A row that is kept has the shapes that the column is masked for.
        has_shapes=not _has_masks_beside(found)
        and (_holds_text(found.column) or found.column.element_type in _NUMBERS),
        value=value,
        acknowledged=dict(found.acknowledged),
        own=own,
    )


def _stays(found: ColumnPlan, number: int) -> sql.Composable | None:
    """SQL that is true of a value that the policy keeps, or keeps a part of, and of no other's mask, which may equal
    somebody's raw value; None where masks keep a part themselves.
    """
    use = found.use
    assert use is not None
    if use.keeps_rows and _keeps_a_part(use):
        return None
    if use.keeps_rows and not found.scripted:
        return sql.SQL(
            "EXISTS (SELECT FROM {texts} AS texts (value) JOIN refresh_mask.raw_values raw"
            " ON raw.place = {kept} AND raw.fingerprint = {fingerprint})"
        ).format(
            texts=unnested(use),
            kept=sql.Literal(-number),
            fingerprint=fingerprint(sql.Identifier("texts", "value")),
        )
    # What a script made of a row that is kept is nowhere remembered: whatever has not the form of a mask.
    name = sql.Identifier(use.column.name)
    forms = [
        part.offends(name) for part in use.parts if part.masker.name not in _LOOSE and not _keeps_a_part(part)
    ]
    known = [form for form in forms if form is not None]
    return sql.SQL(" AND ").join(known) if known else None


def _has_masks_beside(found: ColumnPlan) -> bool:
    """Whether some rows are masked, and others, or what redact leaves of them, stay."""
    use = found.use
    return use is not None and (use.keeps_rows or (use.condition is not None and _is_redacted(use)))


def _is_redacted(use: Use) -> bool:
    return any(part.masker.name == "redact" for part in use.parts)


def _is_masked_whole(found: ColumnPlan) -> bool:
    """Whether nothing of the raw value is left in any row."""
    if found.action != "mask":
        return False
    return found.use is None or not (found.use.keeps_rows or _keeps_a_part(found.use))


def _keeps_a_part(use: Use) -> bool:
    """Whether a document or composite keeps something, or a text what looks like nothing."""
    for one in use.parts:
        parameters = one.parameters
        if isinstance(parameters, JsonValue) and isinstance(parameters.default, UnlistedKeep):
            return True
        if one.masker.name == "redact" or any(not inner.masker.masks for inner in one.with_inner()):
            return True
    return False


def _why_not(found: ColumnPlan, *, is_key: bool) -> str | None:
    column = found.column
    if _holds_text(column):
        return None
    if column.enum_labels:
        return "its labels are the schema's, which is searched"
    if column.element_type in _OBJECTS:
        return f"type {column.type} names objects of the schema, which is searched"
    if column.element_type == "int2":
        return f"type {column.type}: its numbers are too short to tell"
    if column.element_type not in _NUMBERS and column.element_type != "uuid":
        return f"type {column.type} holds neither text nor a whole number"
    if column.identity or is_key:
        return "a key of numbers"
    return None


def _holds_text(column: Column) -> bool:
    if column.enum_labels:
        return False
    if column.attributes or column.element_type in _TEXT or column.element_type == "bytea":
        return True
    # Of extensions' types nobody knows what they hold.
    return column.element_type_schema != "pg_catalog"


def _keys(catalogue: Catalogue) -> set[tuple[TableName, str]]:
    """Columns of primary and foreign keys, of a table or of any of its partitions."""
    return {
        (catalogue.root(table).id, name)
        for table in catalogue.tables
        for names in (
            *(index.columns for index in table.indexes if index.primary),
            *(key.columns for key in table.foreign_keys),
        )
        for name in names
    }


def _value(column: Column) -> sql.Composable:
    name = sql.Identifier(column.name)
    if column.element_type != "bytea":
        return text_of(name)
    if not column.is_array:
        return sql.SQL("pg_catalog.encode({}, 'escape')").format(name)
    return sql.SQL(
        "(SELECT pg_catalog.string_agg(pg_catalog.encode(element.value, 'escape'), ' ')"
        " FROM pg_catalog.unnest({}) AS element (value))"
    ).format(name)
