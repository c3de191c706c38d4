"""A table's rule: ``empty``, or a rule for each of its columns; and what holds for many tables and columns at once.

A name with ``*`` in it is a wildcard. What somebody will call a column tomorrow nobody has looked at, so a wildcard
takes only maskers that tell nothing of a value whatever it is.
"""

from __future__ import annotations

from typing import Any

from masking.catalogue import TableName
from masking.maskers import MASKERS
from masking.maskers.parameters import JsonValue
from masking.policy.column_rules import column_rule
from masking.policy.document import Document
from masking.policy.placed_yaml import PlacedMapping
from masking.policy.rules import ColumnRule, TableRule, invalid
from masking.policy.table_names import column_of, is_wildcard
from masking.syntax.position import Position

#: Maskers whose results tell of any value no more than its length, its letters' case, and which others equal it.
SAFE_ON_ANYTHING = frozenset(
    {
        "bytes",
        "city",
        "company",
        "constant",
        "email",
        "first_name",
        "free_text",
        "full_name",
        "ip",
        "json",
        "last_name",
        "null",
        "password_hash",
        "pseudonym",
        "street",
        "username",
        "uuid",
    }
)
#: Maskers that somebody has to have looked at the column for.
NO_DEFAULTS = frozenset({"keep", "sql", "script", "shuffle"})
#: Other words for types, as SQL has them.
_TYPES = {
    "bigint": "int8",
    "bit varying": "varbit",
    "boolean": "bool",
    "char": "bpchar",
    "character": "bpchar",
    "character varying": "varchar",
    "decimal": "numeric",
    "double precision": "float8",
    "integer": "int4",
    "real": "float4",
    "smallint": "int2",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}


def table_rule(
    document: Document, value: Any, position: Position, table: TableName, *, wildcard: bool
) -> TableRule:
    """The rule of a table, or of all that a wildcard matches."""
    if value == "empty":
        return TableRule(action="empty", position=position)
    if not isinstance(value, PlacedMapping):
        raise invalid(position, f"table {table} has no rule", "Write empty, or columns with a rule for each.")
    if "empty" in value:
        return TableRule(
            action="empty", position=position, not_searched=_why_not_searched(document, value, position)
        )
    where: str | None = None
    others = False
    columns: dict[str, ColumnRule] = {}
    for key, content, place in document.items(value):
        if key == "where":
            if not isinstance(content, str):
                raise invalid(place, "where isn't an SQL predicate", "Write it as text.")
            if wildcard:
                raise invalid(place, "a wildcard has no where", "Write it at each table.")
            where = str(content)
        elif key == "columns":
            columns = _columns(document, content, place, table, wildcard=wildcard)
        elif key == "others":
            if content != "default":
                raise invalid(place, "others is the word default or nothing", "Write others: default.")
            if not document.section("defaults"):
                raise invalid(
                    place, "there are no defaults", "Write some, such as: defaults: {text: free_text}."
                )
            others = True
        else:
            raise invalid(
                place, f"a table has no setting {key!r}", "Use where, columns and others, or the word empty."
            )
    return TableRule(
        action="where" if where else "full",
        where=where,
        columns={column_of(name): rule for name, rule in columns.items() if not is_wildcard(name)},
        wildcards={name: rule for name, rule in columns.items() if is_wildcard(name)},
        others_by_default=others,
        position=position,
    )


def _why_not_searched(document: Document, value: PlacedMapping, position: Position) -> str:
    reason = value["empty"].get("not_searched") if isinstance(value["empty"], PlacedMapping) else None
    if len(value) != 1 or not isinstance(reason, str) or not reason.strip() or len(value["empty"]) != 1:
        raise invalid(
            position,
            "a table that is emptied has no other setting than why its raw values aren't searched for",
            'Write empty, or empty: {not_searched: "the reason"}.',
        )
    return str(reason)


def type_defaults(document: Document) -> dict[str, ColumnRule]:
    """The rules under ``defaults``, by PostgreSQL's own names of types."""
    found: dict[str, ColumnRule] = {}
    for key, value, position in document.items(document.section("defaults")):
        name = _TYPES.get(key, key)
        rule = column_rule(document, value, position)
        if name in found:
            raise invalid(position, f"type {name} has two defaults", "Keep one of the two.")
        if rule.masker.name in NO_DEFAULTS or rule.when is not None:
            raise invalid(
                position,
                "a default masks: it isn't keep, sql, script, shuffle or a rule for some rows",
                "Write such a rule at the column itself.",
            )
        if isinstance(rule.parameters, JsonValue) and rule.parameters.paths:
            raise invalid(
                position,
                "a default knows no column's documents, so it has no paths",
                "Write the paths at the column itself.",
            )
        if rule.masker.types and name not in rule.masker.types:
            raise invalid(
                position,
                f"masker {rule.masker.name} doesn't take type {name}",
                f"It takes {', '.join(sorted(rule.masker.types))}.",
            )
        found[name] = rule
    return found


def _columns(
    document: Document, value: Any, position: Position, table: TableName, *, wildcard: bool
) -> dict[str, ColumnRule]:
    if not isinstance(value, PlacedMapping):
        raise invalid(position, f"the columns of {table} aren't a mapping", "Write one column per line.")
    found: dict[str, ColumnRule] = {}
    for key, content, place in document.items(value):
        rule = column_rule(document, content, place)
        if wildcard or is_wildcard(key):
            _check_wildcard(rule)
        found[key] = rule
    return found


def _check_wildcard(rule: ColumnRule) -> None:
    name = rule.masker.name
    if rule.when is not None:
        raise invalid(
            rule.position, "a wildcard's rule is for every row", "Write the condition at the column itself."
        )
    # With some parameters a masker keeps a part of the value, or says something of its shape.
    is_plain = rule.masker is MASKERS[name] and (name != "json" or rule.parameters == JsonValue())
    if name not in SAFE_ON_ANYTHING or not is_plain:
        what = f"{name} with these parameters" if name in SAFE_ON_ANYTHING else name
        raise invalid(
            rule.position,
            f"a wildcard may match what nobody has looked at, for which {what} isn't safe",
            f"Write it at the column itself, or use one of: {', '.join(sorted(SAFE_ON_ANYTHING))}.",
        )
