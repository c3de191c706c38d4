"""The policy: what the user wrote about a database, checked by itself; :mod:`masking.planning.plan` holds it against
the catalogue.

A directory per database: ``policy.yaml``, ``labels/*.sql``, ``masking/*.sql`` and ``post_restore/*.sql``. In
``policy.yaml`` a table is ``empty``, or has ``columns`` and perhaps a ``where``; a column is one word or one mapping
with one masker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from masking.catalogue import TableName
from masking.maskers.parameters import FINDINGS
from masking.policy.document import Document
from masking.policy.labels import parse_labels
from masking.policy.placed_yaml import PlacedMapping
from masking.policy.rules import ColumnRule, Policy, Reference, TableAction, TableRule, invalid
from masking.policy.table_names import column_name, is_wildcard, table_name
from masking.policy.table_rules import table_rule, type_defaults
from masking.syntax.scripts import parse_script

__all__ = [
    "POLICY_FILE",
    "ColumnRule",
    "Policy",
    "TableAction",
    "TableRule",
    "invalid",
    "parse_policy",
]

POLICY_FILE = "policy.yaml"
_SETTINGS = ("tables", "large_objects", "defaults", "references", "literals")


def parse_policy(
    text: str,
    scripts: Mapping[str, str] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    name: str = POLICY_FILE,
) -> Policy:
    """A policy from the text of ``policy.yaml`` (called ``name`` in errors), its scripts, run in name order, and
    PostgreSQL Anonymizer's rule files.

    Raises :class:`PolicyInvalid` with file, line and column.
    """
    scripts, labels = scripts or {}, labels or {}
    document = Document.load(text, name, settings=_SETTINGS)
    tables: dict[TableName, TableRule] = {}
    wildcards: dict[TableName, TableRule] = {}
    for key, value, position in document.items(document.section("tables")):
        table = table_name(key, position)
        known = wildcards if is_wildcard(key) else tables
        if table in known:
            raise invalid(position, f"table {table} is listed twice", "Keep one of the two.")
        known[table] = table_rule(document, value, position, table, wildcard=is_wildcard(key))
    _add_labels(tables, labels)
    statements = tuple(
        statement for file in sorted(scripts) for statement in parse_script(scripts[file], f"masking/{file}")
    )
    digest = hashlib.sha256()
    parts = [text, *(f"{file}\0{scripts[file]}" for file in sorted(scripts))]
    for part in (*parts, *(f"labels/{file}\0{labels[file]}" for file in sorted(labels))):
        digest.update(hashlib.sha256(part.encode()).digest())
    return Policy(
        tables=tables,
        wildcards=wildcards,
        defaults=type_defaults(document),
        references=tuple(_references(document)),
        large_objects=_large_objects(document),
        literals=_literals(document),
        statements=statements,
        digest=digest.hexdigest(),
    )


def _references(document: Document) -> Iterator[Reference]:
    for entry, position in document.entries("references"):
        if not isinstance(entry, PlacedMapping) or len(entry) != 1:
            raise invalid(
                position,
                "a reference is one column and what it refers to",
                "Write - table.column: other.column.",
            )
        ((key, value, place),) = document.items(entry)
        if not isinstance(value, str):
            raise invalid(place, f"{key} refers to no column", "Write - table.column: other.column.")
        (table, column), (referenced, other) = column_name(key, place), column_name(str(value), place)
        yield Reference(
            table=table, column=column, referenced=referenced, referenced_column=other, position=place
        )


def _add_labels(tables: dict[TableName, TableRule], labels: Mapping[str, str]) -> None:
    """Give labelled columns their rules, where the policy doesn't name them too."""
    for (table, column), rule in parse_labels(labels).items():
        known = tables.get(table, TableRule(action="full", position=rule.position))
        if known.action == "empty" or column in known.columns:
            other = known.columns[column].position if column in known.columns else known.position
            raise invalid(
                rule.position,
                f"column {table}.{column} has a label, and a rule at {other}",
                "Keep one of the two.",
            )
        tables[table] = replace(known, columns={**known.columns, column: rule})


def _literals(document: Document) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for place, value, position in document.items(document.section("literals")):
        if not isinstance(value, PlacedMapping) or not value:
            raise invalid(
                position, f"{place} acknowledges nothing", "Write the findings, such as: {email: the reason}."
            )
        for finding, reason, at in document.items(value):
            if finding not in FINDINGS or not isinstance(reason, str) or not reason.strip():
                raise invalid(
                    at,
                    f"{finding} with its reason isn't a finding that is acknowledged",
                    f"Give a reason to one of: {', '.join(FINDINGS)}.",
                )
            found.setdefault(place, {})[finding] = str(reason)
    return found


def _large_objects(document: Document) -> Literal["empty", "keep"] | None:
    if "large_objects" not in document.root:
        return None
    value, position = document.root["large_objects"], document.position(document.root, "large_objects")
    if value == "empty":
        return "empty"
    if isinstance(value, PlacedMapping) and list(value) == ["keep"] and isinstance(value["keep"], str):
        return "keep"
    raise invalid(position, "large_objects is neither of its two", 'Write empty, or {keep: "the reason"}.')
