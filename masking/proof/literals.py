"""The schema as SQL, entry by entry: comments, defaults, checks, bounds, labels, bodies, options and names are all in
what the archive will carry, so that is what is searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from masking.proof.escapes import folded, undressed
from masking.proof.findings import Found
from masking.proof.raw_values import RawValues
from masking.proof.search import Copies, search
from masking.proof.shapes import ShapeCounts, count_shapes
from masking.proof.words import BLOCK_BYTES, WordKey, words_of

LITERALS = "literals of the schema"
#: In the policy, every object.
ANYWHERE: Final = "*"
# As pg_restore writes it above each entry; line ends in names are blanks there.
_HEADER: Final = re.compile(
    r"^--\n-- Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*?); Owner: .*\n--\n",
    re.MULTILINE,
)
#: A row's end and a column's, which no entry may have within.
#: Of each entry: its name, its schema, its SQL.
_VALUES: Final = 3
_ENDS: Final = {ord("\n"): " ", ord("\t"): " "}


@dataclass(frozen=True, kw_only=True)
class SchemaEntry:
    """One object of the schema: how people find it, its name, and its SQL."""

    kind: str
    schema: str
    name: str
    text: str

    @property
    def place(self) -> str:
        """As in ``VIEW public.active_users``; of a comment, the object that it is on."""
        return f"{self.kind} {self.name}" if self.schema == "-" else f"{self.kind} {self.schema}.{self.name}"


def entries_of(script: str) -> Iterator[SchemaEntry]:
    """The entries of what ``pg_restore --schema-only`` writes."""
    found = list(_HEADER.finditer(script))
    ends = [one.start() for one in found[1:]] + [len(script)]
    for one, end in zip(found, ends, strict=True):
        yield SchemaEntry(
            kind=one["kind"], schema=one["schema"], name=one["name"], text=script[one.end() : end]
        )


def search_literals(
    entries: Sequence[SchemaEntry], raw: RawValues | None, acknowledged: Mapping[str, Mapping[str, str]]
) -> Found:
    """What is found in them, each entry counting once. A place whose name is found itself is told by its kind only.

    Raw user names aren't searched for: many are a word that a column or a table is called by.
    """
    key = raw.key if raw is not None else WordKey.drawn()
    result = Found()
    for batch in _batches(entries):
        rows = "".join(
            f"{entry.name.translate(_ENDS)}\t{entry.schema.translate(_ENDS)}\t{entry.text.translate(_ENDS)}\n"
            for entry in batch
        ).encode()
        # Every value is a column of its own, so that what is found can be told by entry.
        columns = _VALUES * len(batch)
        text = undressed(rows)
        words = words_of(text, key)
        shapes, copies = ShapeCounts(), Copies()
        count_shapes(text, words, columns, shapes)
        if raw is not None:
            search(words_of(folded(text), key), raw, columns, copies)
            for column, origin, digits in list(copies.found):
                if raw.kinds[origin] == "user name":
                    del copies.found[column, origin, digits]
        found = {column for column, _ in shapes.found} | {column for column, _, _ in copies.found}
        places = [
            _told(entry, name=_VALUES * number in found, schema=_VALUES * number + 1 in found)
            for number, entry in enumerate(batch)
            for _ in range(_VALUES)
        ]
        reasons = [
            {**acknowledged.get(ANYWHERE, {}), **acknowledged.get(entry.place, {})}
            for entry in batch
            for _ in range(_VALUES)
        ]
        result.add(places, reasons, shapes, copies, raw)
    result.findings = list(dict.fromkeys(result.findings))
    return result


def _told(entry: SchemaEntry, *, name: bool, schema: bool) -> str:
    """Its place, without what is found itself."""
    if schema:
        return f"{entry.kind} of a schema whose name is found"
    return f"{entry.kind} of schema {entry.schema}, its name" if name else entry.place


def _batches(entries: Sequence[SchemaEntry]) -> Iterator[list[SchemaEntry]]:
    batch: list[SchemaEntry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.text)
        if size >= BLOCK_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
