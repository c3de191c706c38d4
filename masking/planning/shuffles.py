"""Where a column may be shuffled: what leaves are raw values, only in other rows, so it is held to more than a mask is.

That no value is rare, only a server can say: it is counted before anything is masked.
"""

from __future__ import annotations

from collections.abc import Mapping

from masking.catalogue import Catalogue, Table, TableName
from masking.maskers.masker import Use
from masking.maskers.parameters import Shuffle
from masking.planning.conditions import written_by_scripts
from masking.policy.rules import Policy, invalid
from masking.syntax.position import Position

#: A value that fewer rows have may be somebody's.
ROWS_PER_VALUE = 5


def check_shuffles(catalogue: Catalogue, policy: Policy, uses: Mapping[tuple[TableName, str], Use]) -> None:
    """Raise :class:`PolicyInvalid` for a column whose values can't be put into other rows."""
    for (name, column), use in uses.items():
        rule = policy.tables[name].columns[column]
        for part in use.parts:
            if not isinstance(part.parameters, Shuffle):
                continue
            if len(rule.parts) > 1:
                raise invalid(
                    rule.position, f"{name}.{column} is shuffled, which has no when", "Shuffle every row."
                )
            _check(catalogue, policy, catalogue.tables_by_id[name], column, part.parameters, rule.position)


def _check(
    catalogue: Catalogue, policy: Policy, table: Table, column: str, shuffle: Shuffle, position: Position
) -> None:
    what = f"column {table}.{column} is shuffled by {shuffle.by}"
    key = table.columns_by_name[shuffle.by]
    tells_rows_apart = key.not_null and any(
        index.unique and index.predicate is None and index.key_columns == (shuffle.by,)
        for index in table.indexes
    )
    if shuffle.by == column or not tells_rows_apart:
        raise invalid(
            position,
            f"{what}, which doesn't tell every row from all others",
            "Name a column that is NOT NULL and has a unique index of its own, such as the primary key.",
        )
    if policy.tables[table.id].columns[shuffle.by].masker.masks:
        raise invalid(
            position,
            f"{what}, which is masked, so that nobody could tell afterwards whether every row has its value",
            "Shuffle by a column that is kept, such as the primary key.",
        )
    if table.columns_by_name[column].partition_key or column in _joined(catalogue, policy, table):
        raise invalid(
            position,
            f"{what}, and decides the partition or is an end of a foreign key",
            "Keep it with a reason, or use a masker.",
        )
    for place, written in written_by_scripts(catalogue, policy).get(table.id, ()):
        if written & {column, shuffle.by}:
            raise invalid(
                position,
                f"{what}, and {place} assigns one of the two",
                "Shuffle columns that no script assigns: which row gets which value is found before scripts run.",
            )


def _joined(catalogue: Catalogue, policy: Policy, table: Table) -> set[str]:
    """Columns at an end of a foreign key, of the database or of the policy."""
    found: set[str] = set()
    for other in catalogue.tables:
        for key in other.foreign_keys:
            if catalogue.root(other) is table:
                found |= {*key.columns}
            if key.referenced == table.id:
                found |= {*key.referenced_columns}
    for reference in policy.references:
        found |= {reference.column} if reference.table == table.id else set()
        found |= {reference.referenced_column} if reference.referenced == table.id else set()
    return found
