"""Searching all that masking kept, before a byte of it leaves: raw values of other columns, and shapes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from contracts.login import Login
from masking.catalogue import Catalogue, TableName
from masking.planning.plan import Plan
from masking.proof.blocks import Block
from masking.proof.escapes import folded, undressed
from masking.proof.findings import Found
from masking.proof.raw_values import RawValues
from masking.proof.scope import SearchedTable, searched
from masking.proof.search import Copies, search
from masking.proof.shapes import ShapeCounts, count_shapes
from masking.proof.words import WordKey, words_of
from tasks.proof.copies import read_all
from tasks.proof.gathering import read_raw_values


@dataclass(kw_only=True)
class Searched:
    """What was read, and what was found in it. A tree's partitions count as their root."""

    columns: int = 0
    #: Values read, and bytes of COPY's text.
    values: int = 0
    size_bytes: int = 0
    found: Found = field(default_factory=Found)


def search_clone(
    login: Login,
    database: str,
    catalogue: Catalogue,
    plan: Plan,
    raw: RawValues | None,
    *,
    is_clone: bool = True,
) -> Searched:
    """Search every kept column of every table: for shapes, and for raw values where they are known.

    ``is_clone``: whether the database is the masked clone, with all that was remembered there before the pass.
    """
    tables = tuple(searched(plan, catalogue, is_clone=is_clone))
    known: dict[str, _Tree] = {}
    for table in tables:
        root = str(catalogue.root(table.table))
        known.setdefault(root, _Tree(root, table))
    result = Searched(columns=sum(len(tree.places) for tree in known.values()))
    lock = threading.Lock()

    def take(table: SearchedTable, blocks: Iterator[Block]) -> None:
        copies, shapes = Copies(), ShapeCounts()
        key = raw.key if raw is not None else WordKey.drawn()
        values = size_bytes = 0
        for block in blocks:
            look(block, len(table.columns), key, raw, copies, shapes)
            size_bytes += len(block.text)
            values += block.text.count(b"\n") * len(table.columns)
        if raw is not None:
            _leave_out_own(table, copies, raw)
        with lock:
            result.values += values
            result.size_bytes += size_bytes
            known[str(catalogue.root(table.table))].add(table, copies, shapes)

    read_all(login, database, catalogue, tables, lambda table: len(table.columns), take)
    for _, tree in sorted(known.items()):
        result.found.add(tree.places, tree.acknowledged, tree.shapes, tree.copies, raw)
    return result


def find_in_kept_columns(
    login: Login, database: str, catalogue: Catalogue, plan: Plan
) -> dict[tuple[TableName, str], str]:
    """What the proof would find if ``database`` were masked by ``plan``, by column: what it keeps is there already."""
    raw = read_raw_values(login, database, catalogue, plan)
    places = {
        f"{catalogue.root(table)}.{column.name}": (catalogue.root(table).id, column.name)
        for table in catalogue.tables
        for column in table.columns
    }
    findings = search_clone(login, database, catalogue, plan, raw, is_clone=False).found.findings
    return {places[finding.place]: f"values {finding.detail}" for finding in findings if not finding.reason}


def look(
    block: Block, columns: int, key: WordKey, raw: RawValues | None, copies: Copies, shapes: ShapeCounts
) -> None:
    """One block, for both."""
    text = undressed(block.text)
    lower = folded(text)
    words = words_of(lower, key, first_value=block.first_value)
    if raw is not None:
        search(words, raw, columns, copies)
    if not text.isascii():
        # Beyond ASCII lower case may have other lengths, and shapes are looked at as they are written.
        words = words_of(text, key, first_value=block.first_value)
    count_shapes(text, words, columns, shapes)


def _leave_out_own(table: SearchedTable, copies: Copies, raw: RawValues) -> None:
    """What a column kept of its own raw values is the policy's decision."""
    for column, origin, digits in list(copies.found):
        if raw.columns[origin] in table.columns[column].own:
            del copies.found[column, origin, digits]


class _Tree:
    """What was found in a table, or in all partitions of one, whose columns may each be in another order."""

    def __init__(self, root: str, table: SearchedTable) -> None:
        self.places = [f"{root}.{column.name}" for column in table.columns]
        self.acknowledged = [column.acknowledged for column in table.columns]
        self.copies, self.shapes = Copies(), ShapeCounts()
        self._numbers = {column.name: number for number, column in enumerate(table.columns)}

    def add(self, table: SearchedTable, copies: Copies, shapes: ShapeCounts) -> None:
        ours = [self._numbers[column.name] for column in table.columns]
        have_shapes = [column.has_shapes for column in table.columns]
        for (column, origin, digits), count in copies.found.items():
            self.copies.found[ours[column], origin, digits] += count
        for (column, digits), count in copies.numbers.items():
            self.copies.numbers[ours[column], digits] += count
        for (column, shape), count in shapes.found.items():
            if have_shapes[column]:
                self.shapes.found[ours[column], shape] += count
        for mine, theirs in (
            (self.shapes.bare_cards, shapes.bare_cards),
            (self.shapes.issuers_numbers, shapes.issuers_numbers),
            (self.shapes.bare_numbers, shapes.bare_numbers),
        ):
            for column, count in theirs.items():
                if have_shapes[column]:
                    mine[ours[column]] += count
