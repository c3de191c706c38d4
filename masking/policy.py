"""The policy: what the user wrote about a database, checked by itself; :mod:`masking.plan` holds it against the
catalogue.

A directory per database: ``policy.yaml``, ``labels/*.sql``, ``masking/*.sql`` and ``post_restore/*.sql``. In
``policy.yaml`` a table is ``empty``, or has ``columns`` and perhaps a ``where``; a column is one word or one mapping
with one masker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from ruamel.yaml.comments import CommentedMap

from masking.catalogue import TableName
from masking.column_rules import column_rule
from masking.document import Document
from masking.labels import parse_labels
from masking.position import Position
from masking.rules import ColumnRule, Policy, TableAction, TableRule, invalid
from masking.scripts import parse_script
from masking.table_names import table_name

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
_SETTINGS = ("tables", "large_objects")


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
    for key, value, position in document.items(document.section("tables")):
        table = table_name(key, position)
        if table in tables:
            raise invalid(position, f"table {table} is listed twice", "Keep one of the two.")
        tables[table] = _table_rule(document, value, position, table)
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
        large_objects=_large_objects(document),
        statements=statements,
        digest=digest.hexdigest(),
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


def _large_objects(document: Document) -> Literal["empty", "keep"] | None:
    if "large_objects" not in document.root:
        return None
    value, position = document.root["large_objects"], document.position(document.root, "large_objects")
    if value == "empty":
        return "empty"
    if isinstance(value, CommentedMap) and list(value) == ["keep"] and isinstance(value["keep"], str):
        return "keep"
    raise invalid(position, "large_objects is neither of its two", 'Write empty, or {keep: "the reason"}.')


def _table_rule(document: Document, value: Any, position: Position, table: TableName) -> TableRule:
    if value == "empty":
        return TableRule(action="empty", position=position)
    if not isinstance(value, CommentedMap):
        raise invalid(position, f"table {table} has no rule", "Write empty, or columns with a rule for each.")
    where: str | None = None
    columns: dict[str, ColumnRule] = {}
    for key, content, place in document.items(value):
        if key == "where":
            if not isinstance(content, str):
                raise invalid(place, "where isn't an SQL predicate", "Write it as text.")
            where = str(content)
        elif key == "columns":
            if not isinstance(content, CommentedMap):
                raise invalid(place, f"the columns of {table} aren't a mapping", "Write one column per line.")
            columns = {
                name: column_rule(document, rule, where_) for name, rule, where_ in document.items(content)
            }
        else:
            raise invalid(
                place, f"a table has no setting {key!r}", "Use where and columns, or the word empty."
            )
    return TableRule(action="where" if where else "full", where=where, columns=columns, position=position)
