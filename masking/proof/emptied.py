"""What tables that the policy empties hold of people: no rule says it, so it is told as a suggestion tells it, by names
and types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Final

from masking.catalogue import Catalogue, Column, TableName
from masking.maskers.forms import TEXT
from masking.planning.plan import Plan, TablePlan
from masking.proof.kinds import Kind
from masking.suggestion.classify import classify
from masking.suggestion.kinds import Kind as SuggestedKind
from masking.suggestion.samples import Samples

_NUMBERS: Final = frozenset({"int4", "int8", "numeric"})
#: Ids without a form of their own are left out: what other tables keep of them, the policy has looked at.
_KINDS: Final[Mapping[SuggestedKind, Kind]] = {
    "email": "e-mail address",
    "phone": "phone number",
    "national_id": "SSN",
    "card_number": "card number",
    "account_number": "IBAN",
    "credential": "token",
    "username": "user name",
    "full_name": "full name",
    "street": "street and number",
}


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """One table that is emptied: its columns that hold somebody's values, and those of half a name."""

    plan: TablePlan
    columns: tuple[tuple[Column, Kind], ...]
    first_names: tuple[Column, ...]
    last_names: tuple[Column, ...]


def emptied(plan: Plan, catalogue: Catalogue) -> Iterator[Emptied]:
    """Every table with rows that the policy empties, unless its line says that they aren't searched for."""
    tables = [
        found
        for found in plan.tables
        if found.holds_rows and found.action == "empty" and not found.not_searched
    ]
    kinds = _suggested(catalogue, {catalogue.root(found.table).id for found in tables})
    for found in tables:
        root = catalogue.root(found.table).id
        held = [
            (column, kind)
            for column in found.table.columns
            if (kind := kinds.get((root, column.name))) is not None
        ]
        yield Emptied(
            plan=found,
            columns=tuple((column, _KINDS[kind]) for column, kind in held if kind in _KINDS and _can(column)),
            first_names=tuple(
                column for column, kind in held if kind == "first_name" and not column.is_array
            ),
            last_names=tuple(column for column, kind in held if kind == "last_name" and not column.is_array),
        )


def _suggested(
    catalogue: Catalogue, emptied_ones: Set[TableName]
) -> dict[tuple[TableName, str], SuggestedKind]:
    """Of their columns, and of the tables' that they refer to: what else is there would take long to look at."""
    near = emptied_ones | {
        key.referenced for table in catalogue.tables if table.id in emptied_ones for key in table.foreign_keys
    }
    some = replace(catalogue, tables=tuple(table for table in catalogue.tables if table.id in near))
    return {
        column: verdict.kind
        for column, verdict in classify(some, Samples()).items()
        if verdict.kind is not None and verdict.action != "keep"
    }


def _can(column: Column) -> bool:
    """Whether one value of the column, or an element, is one value of somebody's."""
    return column.element_type in TEXT or column.element_type in _NUMBERS
