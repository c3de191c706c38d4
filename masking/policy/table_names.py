"""Names of tables as a policy writes them."""

from __future__ import annotations

import re

from masking.catalogue import TableName
from masking.policy.rules import invalid
from masking.syntax.position import Position

#: Where names without a schema are looked up.
DEFAULT_SCHEMA = "public"


def table_name(key: str, position: Position) -> TableName:
    """``schema.name`` as PostgreSQL stores them; SQL's double quotes around a part that has a dot or a quote."""
    parts = name_parts(key)
    if parts is None or not 1 <= len(parts) <= 2:
        raise invalid(position, f"{key!r} isn't a table's name", 'Write schema.name or "schema"."name".')
    return TableName(schema=parts[0] if len(parts) == 2 else DEFAULT_SCHEMA, name=parts[-1])


def table_key(table: TableName) -> str:
    """The key that :func:`table_name` reads as ``table``, in SQL's double quotes where a part needs them."""
    return ".".join(
        _in_quotes(part) if any(sign in part for sign in '."*') else part
        for part in (table.schema, table.name)
    )


def column_key(name: str) -> str:
    """The key that :func:`column_of` reads as ``name``."""
    return _in_quotes(name) if "*" in name else name


def _in_quotes(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def is_wildcard(key: str) -> bool:
    """Whether a table's or column's key stands for many; a quoted name doesn't."""
    return "*" in key and '"' not in key


def column_of(key: str) -> str:
    """The column that a key names: as it is; without SQL's double quotes where they say that an ``*`` is its own."""
    parts = name_parts(key) if "*" in key else None
    return parts[0] if parts and len(parts) == 1 else key


def matches(wildcard: str, name: str) -> bool:
    """Whether a name is one that a wildcard stands for: ``*`` is any text, the empty one too."""
    return re.fullmatch(".*".join(map(re.escape, wildcard.split("*"))), name, re.DOTALL) is not None


def column_name(key: str, position: Position) -> tuple[TableName, str]:
    """``schema.table.column``, with quotes as for a table."""
    parts = name_parts(key)
    if parts is None or not 2 <= len(parts) <= 3:
        raise invalid(position, f"{key!r} isn't a column's name", "Write schema.table.column.")
    return TableName(schema=parts[0] if len(parts) == 3 else DEFAULT_SCHEMA, name=parts[-2]), parts[-1]


def name_parts(key: str) -> list[str] | None:
    """What dots separate, with SQL's double quotes taken off; None where that can't be told."""
    parts, rest = [], key
    while rest:
        if rest.startswith('"'):
            part, closed, rest = _quoted(rest[1:])
            if not closed or (rest and not rest.startswith(".")):
                return None
        else:
            part, _, after = rest.partition(".")
            rest = rest[len(part) :] if after or "." in rest else ""
        parts.append(part)
        rest = rest.removeprefix(".")
    return parts if parts and all(parts) else None


def _quoted(text: str) -> tuple[str, bool, str]:
    """Content of a quoted identifier whose opening quote is gone, whether it was closed, and what follows."""
    content, place = "", 0
    while place < len(text):
        if text[place] != '"':
            content += text[place]
        elif text[place + 1 : place + 2] == '"':
            content += '"'
            place += 1
        else:
            return content, True, text[place + 1 :]
        place += 1
    return content, False, ""
