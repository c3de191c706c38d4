"""What can be had of a CREATE TABLE that the parser refuses: a newer server's syntax, a placeholder, another dialect.

Its elements are parsed one by one, and one that is still refused is cut down to a name and a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import postgast
from postgast import PgQueryError

_HEAD = re.compile(
    r"^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*CREATE\s+(?:(?:UNLOGGED|FOREIGN)\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<name>(?:\"[^\"]+\"|[\w$]+)(?:\s*\.\s*(?:\"[^\"]+\"|[\w$]+))?)\s*\(",
    re.IGNORECASE | re.DOTALL,
)
_NAME_AND_TYPE = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*((?:\"[^\"]+\"|[\w$]+)\s+[\w.\"]+(?:\s*\([\d\s,]*\))?(?:\s*\[\])?)"
)
_NO_COLUMN = re.compile(
    r"\s*(?:primary|unique|foreign|constraint|check|exclude|like|key|index|fulltext|spatial)\b", re.IGNORECASE
)
_PIECE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|[(),]|[^-/'\"(),]+|.", re.DOTALL)
#: How some templates write a schema's name, and MySQL an identifier's quotes.
_PLACEHOLDER = re.compile(r"[@:$]\{?\w+\}?\s*\.\s*")


def salvaged(statement: str) -> str | None:
    """A CREATE TABLE that can be parsed, with as many columns as could be read; None where there is none."""
    text = _PLACEHOLDER.sub("", statement.replace("`", '"'))
    head = _HEAD.match(text)
    if head is None:
        return None
    elements = [read for element in _elements(text[head.end() :]) if (read := _readable(element)) is not None]
    table = f"CREATE TABLE {head['name']} ({', '.join(elements)})"
    return table if elements and _is_sql(table) else None


def _elements(text: str) -> Iterator[str]:
    """The parts between commas, up to the parenthesis that closes them."""
    depth, part = 0, ""
    for piece in _PIECE.findall(text):
        if depth == 0 and piece in (",", ")"):
            yield part
            part = ""
            if piece == ")":
                return
            continue
        depth += (piece == "(") - (piece == ")")
        part += "\n" if piece.startswith("--") else piece
    yield part


def _readable(element: str) -> str | None:
    short = None if _NO_COLUMN.match(element) else _NAME_AND_TYPE.match(element)
    forms = (element, short.group(1) if short else "")
    return next((form for form in forms if form.strip() and _is_sql(f"CREATE TABLE t ({form})")), None)


def _is_sql(statement: str) -> bool:
    try:
        postgast.parse(statement)
    except PgQueryError:
        return False
    return True
