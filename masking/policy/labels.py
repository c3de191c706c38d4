"""PostgreSQL Anonymizer's rule files, ``labels/*.sql``: another way to say what ``policy.yaml`` says.

They are read as they are. What says nothing of a column's values (making the extension, trusting a function, masking
for a role: here nobody sees the raw values) is passed over; what we can't do is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from masking.catalogue import TableName
from masking.policy.label_rules import ANON, label_rule
from masking.policy.rules import ColumnRule, invalid
from masking.policy.table_names import DEFAULT_SCHEMA
from masking.syntax.position import Position
from masking.syntax.sql_file import statements_of

#: Calls that begin masking, or prepare for it.
_BEGINS = frozenset({"init", "start_dynamic_masking", "anonymize_database"})
_TRUSTED = ("TRUSTED", "UNTRUSTED")


def parse_labels(files: Mapping[str, str]) -> Mapping[tuple[TableName, str], ColumnRule]:
    """The rules of all files, by column, in name order; a later label replaces an earlier one, as in the database.

    Raises:
        PolicyInvalid: with file, line and column, for what isn't such a file and what has no equal here.
    """
    found: dict[tuple[TableName, str], ColumnRule] = {}
    for file in sorted(files):
        for place, label, position in _labels(files[file], f"labels/{file}"):
            if label is None:
                found.pop(place, None)
            else:
                found[place] = label_rule(label, *place, position)
    return found


def _labels(text: str, file: str) -> Iterator[tuple[tuple[TableName, str], str | None, Position]]:
    """Each column's label in turn; None takes an earlier one away."""
    for statement, _, position in statements_of(text, file):
        if statement.WhichOneof("node") != "sec_label_stmt":
            if not _is_passed_over(statement):
                raise invalid(
                    position,
                    "it is no SECURITY LABEL",
                    "Leave only the labels in labels/; what changes rows belongs in masking/.",
                )
            continue
        one = statement.sec_label_stmt
        if one.provider not in ("", ANON):
            raise invalid(
                position, f"it is a label for {one.provider}", f"Only those for {ANON} are read; remove it."
            )
        kind, label = _kind(one), one.label.strip()
        if kind == "COLUMN":
            yield _column(one, position), one.label or None, position
        elif label.upper().startswith("TABLESAMPLE"):
            raise invalid(
                position,
                f"TABLESAMPLE on a {kind.lower()} isn't done here: which rows are left would be chance, and rows "
                "that refer to others would dangle",
                "Write a where at the table in policy.yaml.",
            )
        elif not (
            (kind == "ROLE" and label.upper() == "MASKED")
            or (kind in ("FUNCTION", "SCHEMA") and label.upper() in _TRUSTED)
            or not label
        ):
            raise invalid(position, f"a label on a {kind.lower()} means nothing here", "Remove it.")


def _kind(statement: Any) -> str:
    """``COLUMN``, ``TABLE`` and so on."""
    field = statement.DESCRIPTOR.fields_by_name["objtype"]
    name: str = field.enum_type.values_by_number[statement.objtype].name
    return name.removeprefix("OBJECT_")


def _column(statement: Any, position: Position) -> tuple[TableName, str]:
    names = [item.string.sval for item in statement.object.list.items]
    if len(names) < 2:
        raise invalid(position, "it names no table", "Write ON COLUMN schema.table.column.")
    schema = names[-3] if len(names) > 2 else DEFAULT_SCHEMA
    return TableName(schema=schema, name=names[-2]), names[-1]


def _is_passed_over(statement: Any) -> bool:
    if statement.WhichOneof("node") == "create_extension_stmt":
        return bool(statement.create_extension_stmt.extname == ANON)
    if statement.WhichOneof("node") != "select_stmt":
        return False
    calls = [
        [part.string.sval for part in target.res_target.val.func_call.funcname]
        for target in statement.select_stmt.target_list
    ]
    return all(len(call) == 2 and call[0] == ANON and call[1] in _BEGINS for call in calls)
