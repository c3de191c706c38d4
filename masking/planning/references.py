"""Foreign keys: both ends must mask alike, and nothing may refer to a table that is emptied."""

from __future__ import annotations

from collections.abc import Mapping

from masking.catalogue import Catalogue, ForeignKey, Table, TableName
from masking.maskers.masker import Use
from masking.policy.rules import Policy, Reference, invalid

#: Maskers whose results are their author's: whether both ends agree is seen after the pass.
_AUTHORED = ("sql", "script")


def check_foreign_keys(
    catalogue: Catalogue, policy: Policy, uses: Mapping[tuple[TableName, str], Use]
) -> None:
    """Raise :class:`PolicyInvalid` for a foreign key that the policy would break, naming it."""
    for table in catalogue.tables:
        root = catalogue.root(table)
        rule = policy.tables.get(root.id)
        if table.kind not in ("r", "p") or rule is None or rule.action == "empty":
            continue
        for key in table.foreign_keys:
            referenced = catalogue.tables_by_id.get(key.referenced)
            if referenced is not None:
                _check(policy, root, key, catalogue.root(referenced), uses)
    for reference in policy.references:
        _check_reference(catalogue, policy, reference, uses)


def _check_reference(
    catalogue: Catalogue, policy: Policy, reference: Reference, uses: Mapping[tuple[TableName, str], Use]
) -> None:
    """Of a foreign key that only the policy declares. No row is looked at: what dangled before may dangle after."""
    ends = ((reference.table, reference.column), (reference.referenced, reference.referenced_column))
    for name, column in ends:
        table = catalogue.tables_by_id.get(name)
        if table is None or column not in table.columns_by_name:
            raise invalid(reference.position, f"there is no column {name}.{column}", "Mend its name.")
        if table.columns_by_name[column].generated or catalogue.root(table) is not table:
            raise invalid(
                reference.position,
                f"{name}.{column} is generated, or a partition's",
                "Name the column that it is generated from, and the table that the partition belongs to.",
            )
    ours, theirs = (policy.tables.get(name) for name, _ in ends)
    if ours is None or theirs is None or ours.action == "empty":
        return  # of an extension's own table, or a view, no row is dumped
    use = _referring(uses.get(ends[0]))
    if use is not None and use.masker.name == "null":
        return
    if theirs.action == "empty":
        raise invalid(
            reference.position,
            f"reference {reference} leads to a table that is emptied",
            f"Mask {reference.column} as null, or keep {reference.referenced}'s rows.",
        )
    other = uses.get(ends[1])
    if not _mask_alike(use, other) or (use is not None and _mask(use) != _mask(other)):
        raise invalid(
            reference.position,
            f"reference {reference} joins columns that are masked differently",
            "Give both the same masker and domain for every row, keep both, or mask the referring column as null.",
        )


def _check(
    policy: Policy,
    table: Table,
    key: ForeignKey,
    referenced: Table,
    uses: Mapping[tuple[TableName, str], Use],
) -> None:
    rule, other = policy.tables[table.id], policy.tables.get(referenced.id)
    ours = [_referring(uses.get((table.id, column))) for column in key.columns]
    if any(use is not None and use.masker.name == "null" for use in ours):
        return
    if other is None:
        return  # an extension's own table, whose rows the extension makes again
    if other.action == "empty":
        raise invalid(
            rule.position,
            f"foreign key {key.name} of {table} refers to {referenced}, which is emptied",
            f"Mask {', '.join(key.columns)} as null, empty {table} too, or keep {referenced}'s rows.",
        )
    for column, use, other_column in zip(key.columns, ours, key.referenced_columns, strict=True):
        theirs = uses.get((referenced.id, other_column))
        if not _mask_alike(use, theirs):
            raise invalid(
                rule.columns[column].position if column in rule.columns else rule.position,
                f"foreign key {key.name} joins {table}.{column} and {referenced}.{other_column}, "
                "which are masked differently",
                "Give both the same masker and domain for every row, keep both, or mask the referring column as null.",
            )


def _referring(use: Use | None) -> Use | None:
    """What a referring column's values become where they don't become NULL, which refers to nothing."""
    if use is not None and use.condition is not None and use.masker.name == "null":
        return use.condition.otherwise
    return use


def _mask_alike(one: Use | None, other: Use | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.condition is not None or other.condition is not None:
        return False  # which rows are meant, each table says of its own
    if one.masker.name in _AUTHORED or other.masker.name in _AUTHORED:
        return True
    return _mask(one) == _mask(other)


def _mask(use: Use | None) -> object:
    """What two maskers must have in common for equal values to get equal masks."""
    return use and (use.masker.name, use.parameters, use.domain, use.letters)
