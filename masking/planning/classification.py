"""Every table and column has a rule or a stated derivation; what has neither is listed, ready to paste.

Derived without a rule: partitions (their parent's), generated columns (their sources'), materialized views
(recomputed at restore), foreign tables (never read) and extensions' own tables (their rows aren't dumped).
"""

from __future__ import annotations

import json
import re

from masking.catalogue import Catalogue, Column, Table
from masking.maskers.forms import DATES, JSON, NUMBERS, TEXT
from masking.policy.rules import ColumnRule, Policy, TableRule, invalid
from masking.policy.table_names import column_key, table_key

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# YAML 1.1 readers take these words for something else.
_YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})

#: Types no value of which can hold text.
COUNTS = (
    NUMBERS
    | DATES
    | {"bool", "time", "timetz", "interval", "uuid", "bit", "varbit", "oid", "money", "pg_lsn"}
    | {"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"}
    | {
        "int4multirange",
        "int8multirange",
        "nummultirange",
        "datemultirange",
        "tsmultirange",
        "tstzmultirange",
    }
)


def needs_rule(table: Table) -> bool:
    """Whether the policy must name it."""
    return table.kind in ("r", "p") and table.partition_of is None and table.extension is None


def check_names(catalogue: Catalogue, policy: Policy) -> None:
    """Every name in the policy is one of the database's, and each masker takes its column's type."""
    for name, rule in policy.tables.items():
        table = catalogue.tables_by_id.get(name)
        if table is None:
            raise invalid(
                rule.position, f"there is no table {name} in the database", "Remove it, or mend its name."
            )
        if table.partition_of is not None:
            raise invalid(
                rule.position,
                f"{name} is a partition",
                f"Write its rule at {catalogue.root(table)}, for all of it.",
            )
        if table.kind in ("m", "f") and rule.action != "empty":
            what = "a materialized view" if table.kind == "m" else "a foreign table"
            raise invalid(
                rule.position, f"{name} is {what}, nothing of which is dumped", "Write empty, or remove it."
            )
        for column_name, column_rule in rule.columns.items():
            column = table.columns_by_name.get(column_name)
            if column is None:
                raise invalid(
                    column_rule.position,
                    f"table {name} has no column {column_name}",
                    "Remove it, or mend its name.",
                )
            for part in column_rule.parts:
                _check_column(table, column, part)


def _check_column(table: Table, column: Column, rule: ColumnRule) -> None:
    what, masker = f"column {table}.{column.name}", rule.masker
    if not masker.masks:
        return
    if column.generated:
        raise invalid(
            rule.position,
            f"{what} is generated from {', '.join(column.generated_from)}",
            "Remove it, and mask what it is generated from.",
        )
    if column.identity:
        raise invalid(rule.position, f"{what} is an identity column", "Write keep.")
    taken = not masker.types or (
        column.element_type in masker.types and (masker.elementwise or not column.is_array)
    )
    if not taken:
        raise invalid(
            rule.position,
            f"{what} is of type {column.type}, which masker {masker.name} doesn't take",
            f"It takes {', '.join(sorted(masker.types))}. For any type: null, constant, sql, script, keep.",
        )
    unknown = rule.parameters.reads() - set(table.columns_by_name)
    if unknown:
        raise invalid(
            rule.position,
            f"{what} is masked by {', '.join(sorted(unknown))}, which the table hasn't",
            "Mend its name.",
        )
    if masker.name == "null" and column.not_null:
        raise invalid(rule.position, f"{what} is NOT NULL", "Use constant, or a masker for its type.")


def unclassified_lines(catalogue: Catalogue, policy: Policy) -> tuple[tuple[str, ...], str]:
    """What the policy doesn't mention, and the YAML lines that would."""
    missing: list[str] = []
    lines: list[str] = []
    for table in catalogue.tables:
        if not needs_rule(table):
            continue
        rule = policy.tables.get(table.id)
        columns = _missing_columns(table, rule)
        if rule is None and not columns:  # a table without columns holds nothing
            missing.append(str(table))
            lines.append(f"  {_in_yaml(table_key(table.id))}: empty")
        elif columns:
            missing += [f"{table}.{column.name}" for column in columns] if rule else [str(table)]
            lines += [f"  {_in_yaml(table_key(table.id))}:", "    columns:"]
            lines += [
                f"      {_in_yaml(column_key(column.name))}: {_proposal(table, column)}  # review"
                + _remark(table, column)
                for column in columns
            ]
    text = "\n".join(["tables:", *lines]) if lines else ""
    if catalogue.large_objects and policy.large_objects is None:
        missing.append("large objects")
        text += "\nlarge_objects: empty" if text else "large_objects: empty"
    return tuple(missing), text


def _missing_columns(table: Table, rule: TableRule | None) -> list[Column]:
    if rule is not None and rule.action == "empty":
        return []
    listed = rule.columns if rule else {}
    return [column for column in table.columns if not column.generated and column.name not in listed]


def _in_yaml(key: str) -> str:
    """A table's or a column's key as YAML reads it."""
    plain = all(_PLAIN.fullmatch(part) for part in key.split(".")) and key.lower() not in _YAML_WORDS
    return key if plain else json.dumps(key, ensure_ascii=False)


def _proposal(table: Table, column: Column) -> str:
    """A rule by type alone, to be reviewed: what can hold text is masked, what can only be counted is kept."""
    unique = any(index.unique and column.name in index.columns for index in table.indexes)
    linked = unique or any(column.name in key.columns for key in table.foreign_keys)
    if column.element_type in TEXT and unique:
        return "pseudonym"
    if column.element_type in DATES and (linked or column.partition_key):
        return "keep"
    if unique and (column.attributes or column.element_type == "cidr"):
        return _nothing(column)
    return proposal(column)


def proposal(column: Column) -> str:
    """A rule for a column or an attribute that nothing else is known of."""
    element = column.element_type
    if element in TEXT:
        return "free_text"
    if element in JSON and not column.is_array:
        return "json"
    if column.base_type == "bytea":
        return "bytes"
    if element in ("inet", "cidr"):
        return "ip"
    if element in DATES:
        return "date"
    if element in COUNTS or column.enum_labels:
        return "keep"
    if column.attributes:
        inside = (f"{_in_yaml(one.name)}: {proposal(one)}" for one in column.attributes)
        return f"{{composite: {{{', '.join(inside)}}}}}"
    # XML, hstore, places: nothing is known of them, but that text fits in.
    return _nothing(column)


def _nothing(column: Column) -> str:
    return f'{{constant: "{"{}" if column.is_array else ""}"}}' if column.not_null else "null"


def _remark(table: Table, column: Column) -> str:
    """What the reviewer has to do or to know."""
    rule = _proposal(table, column)
    if rule.startswith("{constant"):
        return f": write a value of {column.type}"
    return ": keep, if it is no one's birthday" if rule == "date" else ""
