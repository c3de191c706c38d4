"""Small databases in the styles that people write, each column labelled by hand. Nothing in them is real.

A line without indentation names a table; the lines below are its columns: name, type, and ``pk`` or ``>table.column``.
``*`` before a column says that it is personal or secret. ``?`` before one says that people differ: it counts
neither way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from masking.catalogue import Catalogue, Column, ForeignKey, Index, Table, TableName

_FOLDER = Path(__file__).parent / "databases"
DATABASES: Final = tuple(sorted(file.stem for file in _FOLDER.glob("*.txt")))
_TYPE = re.compile(r"(\w+)(?:\((\d+)\))?(\[\])?")
_FORMATTED = {"varchar": "character varying", "bpchar": "character", "int8": "bigint", "int4": "integer"}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A catalogue and its hand-made truth: ``personal`` and ``arguable`` as (table, column)."""

    catalogue: Catalogue
    personal: frozenset[tuple[str, str]]
    arguable: frozenset[tuple[str, str]]


def labelled(name: str) -> Labelled:
    """One of ``DATABASES`` as a catalogue and its truth."""
    tables: dict[str, list[str]] = {}
    for line in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            tables[next(reversed(tables))].append(line.strip())
        elif line:
            tables[line.strip()] = []
    marks = {"*": set[tuple[str, str]](), "?": set[tuple[str, str]]()}
    built = []
    for table, lines in tables.items():
        for line in lines:
            if line[0] in marks:
                marks[line[0]].add((table, _name_of(line)))
        built.append(_table(table, [line.lstrip("*? ") for line in lines]))
    return Labelled(
        catalogue=Catalogue(database=name, tables=tuple(built)),
        personal=frozenset(marks["*"]),
        arguable=frozenset(marks["?"]),
    )


def _name_of(line: str) -> str:
    line = line.lstrip("*? ")
    return line[1:].partition('"')[0] if line.startswith('"') else line.partition(" ")[0]


def _table(name: str, lines: list[str]) -> Table:
    columns, keys, primary = [], [], []
    for position, line in enumerate(lines, start=1):
        column = _name_of(line)
        words = line.removeprefix(f'"{column}"').removeprefix(column).split()
        columns.append(_column(column, words[0], position))
        for word in words[1:]:
            if word == "pk":
                primary.append(column)
            elif word.startswith(">"):
                table, _, other = word[1:].partition(".")
                keys.append(
                    ForeignKey(
                        name=f"{name}_{column}_fkey",
                        columns=(column,),
                        referenced=TableName(schema="public", name=table),
                        referenced_columns=(other,),
                    )
                )
    index = Index(
        name=f"{name}_pkey", unique=True, primary=True, columns=tuple(primary), key_columns=tuple(primary)
    )
    return Table(
        schema="public",
        name=name,
        columns=tuple(columns),
        foreign_keys=tuple(keys),
        indexes=(index,) if primary else (),
    )


def _column(name: str, declared: str, position: int) -> Column:
    matched = _TYPE.fullmatch(declared)
    assert matched is not None, declared
    base, length, array = matched.groups()
    formatted = _FORMATTED.get(base, base) + (f"({length})" if length else "") + (array or "")
    return Column(
        name=name,
        type=formatted,
        base_type=f"_{base}" if array else base,
        max_length=int(length) if length else None,
        position=position,
    )
