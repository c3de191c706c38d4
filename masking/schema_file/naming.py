"""Names as PostgreSQL writes and makes them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import postgast

_SAFE = re.compile(r"[a-z_][a-z0-9_]*")
_NAME_BYTES_MAX = 63


@cache
def quoted(name: str) -> str:
    """``name`` as ``quote_ident`` gives it: in double quotes where it has to be."""
    if _SAFE.fullmatch(name):
        kinds = postgast.pg_query_pb2.KeywordKind
        if postgast.scan(name).tokens[0].keyword_kind in (kinds.NO_KEYWORD, kinds.UNRESERVED_KEYWORD):
            return name
    return '"' + name.replace('"', '""') + '"'


def made_name(table: str, columns: str, label: str, taken: Collection[str]) -> str:
    """The name that PostgreSQL gives a constraint or index without one: the first that isn't ``taken``.

    As ``makeObjectName`` and ``ChooseRelationName`` do it: both parts give way, the longer one first.
    """
    number = 0
    while True:
        name = _shortened(table, columns, f"{label}{number or ''}")
        if name not in taken:
            return name
        number += 1


def _shortened(table: str, columns: str, label: str) -> str:
    first, second = table.encode(), columns.encode()
    overhead = len(label.encode()) + 1 + (1 if columns else 0)
    while len(first) + len(second) + overhead > _NAME_BYTES_MAX:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    parts = [part.decode(errors="ignore") for part in (first, second)]
    return "_".join(part for part in (*parts, label) if part)


def multirange_name(name: str) -> str:
    """The name of a range type's multirange where none is given."""
    before, found, after = name.partition("range")
    return f"{before}multirange{after}" if found else f"{name}_multirange"
