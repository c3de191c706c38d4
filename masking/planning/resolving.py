"""Wildcards and defaults become rules of the database's own tables and columns.

A rule at the column's own name wins over a wildcard, a wildcard over its type's default. Two wildcards that say
different things of one column or table are an error: nobody should have to know which of them is stronger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from masking.catalogue import Catalogue, Column, Table
from masking.planning.classification import needs_rule
from masking.policy.rules import ColumnRule, Policy, TableRule, invalid
from masking.policy.table_names import matches


def resolved(catalogue: Catalogue, policy: Policy) -> Policy:
    """The policy without wildcards and defaults.

    Raises:
        PolicyInvalid: two wildcards contradict each other, or one matches no table.
    """
    tables = dict(policy.tables)
    used: set[object] = set()
    for table in catalogue.tables:
        if not needs_rule(table):
            continue
        found = {
            name: rule
            for name, rule in policy.wildcards.items()
            if matches(name.schema, table.schema) and matches(name.name, table.name)
        }
        used |= set(found)
        rule = tables.get(table.id) or _of_wildcards(table, list(found.values()))
        if rule is not None:
            tables[table.id] = _with_columns(policy, table, rule, [rule, *found.values()])
    for name, rule in policy.wildcards.items():
        if name not in used:
            raise invalid(
                rule.position, f"no table of the database is called {name}", "Remove it, or mend it."
            )
    return replace(policy, tables=tables, wildcards={}, defaults={})


def _of_wildcards(table: Table, rules: list[TableRule]) -> TableRule | None:
    """The table's rule where only wildcards match it."""
    for one in rules[1:]:
        if one.action != rules[0].action:
            raise invalid(
                one.position,
                f"table {table} is emptied by one wildcard and not by another, at {rules[0].position}",
                "Write a rule for the table itself.",
            )
    if not rules:
        return None
    return TableRule(
        action=rules[0].action,
        position=rules[0].position,
        others_by_default=any(one.others_by_default for one in rules),
    )


def _with_columns(policy: Policy, table: Table, rule: TableRule, rules: list[TableRule]) -> TableRule:
    """``rule`` with what wildcards and defaults say of the columns that it doesn't name."""
    columns = dict(rule.columns)
    if rule.action != "empty":
        for column in table.columns:
            if column.name in columns or column.generated:
                continue
            found = _one(table, column, _matching(rules, column))
            if found is None and rule.others_by_default:
                found = _default(policy, column)
            if found is not None:
                columns[column.name] = found
    return replace(rule, columns=columns, wildcards={}, others_by_default=False)


def _matching(rules: Iterable[TableRule], column: Column) -> Iterator[ColumnRule]:
    for rule in rules:
        if column.name in rule.columns:
            yield rule.columns[column.name]
        for wildcard, one in rule.wildcards.items():
            if matches(wildcard, column.name):
                yield one


def _one(table: Table, column: Column, rules: Iterable[ColumnRule]) -> ColumnRule | None:
    first: ColumnRule | None = None
    for rule in rules:
        if first is not None and (rule.masker, rule.parameters) != (first.masker, first.parameters):
            raise invalid(
                rule.position,
                f"column {table}.{column.name} has another rule by a wildcard at {first.position}",
                "Write a rule for the column itself.",
            )
        first = first or rule
    return first


def _default(policy: Policy, column: Column) -> ColumnRule | None:
    rule = policy.defaults.get(column.element_type)
    if rule is None or column.identity or (column.is_array and not rule.masker.elementwise):
        return None
    return rule
