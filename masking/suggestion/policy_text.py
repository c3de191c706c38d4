"""A suggestion as the text of ``policy.yaml``: one line per column, the reason behind it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from masking.catalogue import Catalogue, TableName
from masking.planning.classification import needs_rule
from masking.policy.table_names import column_key, table_key
from masking.suggestion.suggest import Suggestion

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Words that YAML 1.1 or 1.2 reads as something else than text.
_RESERVED: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
_HEADER: Final = """\
# Suggested from names, types, constraints and sampled values; nobody has reviewed it.
# What is in doubt is masked. Behind each masker: why, and how sure the suggestion is.

large_objects: empty
"""


@dataclass(frozen=True, kw_only=True)
class PolicyText:
    """The text, and what stands on each of its lines, counted from 1."""

    text: str
    lines: Mapping[int, Suggestion | TableName]


def policy_text(
    catalogue: Catalogue, suggestions: Sequence[Suggestion], *, emptied: Collection[TableName] = ()
) -> PolicyText:
    """The policy that masks what is to be masked or reviewed, and empties the tables in ``emptied``."""
    lines = _HEADER.splitlines()
    about: dict[int, Suggestion | TableName] = {}

    def add(line: str, subject: Suggestion | TableName | None = None) -> None:
        lines.append(line)
        if subject is not None:
            about[len(lines)] = subject

    # A table has no suggestions when it has no columns, or none but generated ones.
    bare = {table.id for table in catalogue.tables if needs_rule(table)} - {
        found.table for found in suggestions
    }
    add("")
    add("tables:" if suggestions or bare else "tables: {}")
    for table, columns in groupby(suggestions, key=lambda suggestion: suggestion.table):
        if table in emptied:
            add(f"  {quoted(table_key(table))}: empty  # something personal in it fits no masker", table)
            continue
        add(f"  {quoted(table_key(table))}:", table)
        add("    columns:", table)
        for suggestion in columns:
            add(f"      {quoted(column_key(suggestion.column.name))}: {_rule(suggestion)}", suggestion)
    for table in sorted(bare):
        add(f"  {quoted(table_key(table))}: empty  # has no columns of its own", table)
    return PolicyText(text="\n".join(lines) + "\n", lines=about)


def _rule(suggestion: Suggestion) -> str:
    if suggestion.action == "keep":
        return "keep"
    if suggestion.masker is None:
        return flow({"keep": suggestion.reason})
    return f"{flow(suggestion.masker.policy)}  # {suggestion.reason} ({suggestion.confidence:.2f})"


def quoted(text: str) -> str:
    """``text`` as a YAML scalar: plain where every YAML reads it as the same text, else in double quotes."""
    words = text.split(".")
    if all(_PLAIN.fullmatch(word) for word in words) and not _RESERVED & {word.lower() for word in words}:
        return text
    escaped = "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else f"\\U{ord(char):08X}"
        for char in text
    )
    return f'"{escaped}"'


def flow(value: Any) -> str:
    """A rule in YAML's flow style, as a policy has it."""
    match value:
        case None:
            return "null"
        case dict():
            return "{" + ", ".join(f"{quoted(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case str():
            return quoted(value)
        case _:
            return str(value)
