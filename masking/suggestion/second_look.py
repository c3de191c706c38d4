"""Which of the columns that would be kept a person should look at first: those of which we are least sure.

A person's time is short, so that no more than a share of a database's columns is asked for, masked ones counted too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from masking.catalogue import Catalogue, Column, Table
from masking.planning.classification import needs_rule
from masking.suggestion.classify import NOBODY_LOOKED, ColumnId, Verdict
from masking.suggestion.kinds import ABOUT_VALUE, Kind, family_of_column, words
from masking.suggestion.people import About, what_tables_are_about
from masking.suggestion.samples import ColumnSample, Samples
from masking.suggestion.words import words_of

#: Of all columns, at most so many are masked or asked for.
SHARE_MAX: Final = 0.2
#: Below this, a column is kept without a question.
_LEAST: Final = 0.12
_KINDS: Final[dict[str, Kind]] = {
    "text": "free_text",
    "json": "document",
    "bytes": "image",
    "uuid": "external_id",
}
#: Heads by which a row is called in some other book.
_NUMBERS: Final = words("id ref reference number code key token uid uuid hash identifier url link path")
_HARMLESS: Final = words(
    "status type state kind name version ancestry checksum currency locale format gender sex country language mime"
    " extension role slug color colour icon unit timezone category level severity priority mode method"
)


def second_look(
    catalogue: Catalogue, samples: Samples, verdicts: Mapping[ColumnId, Verdict]
) -> dict[ColumnId, Verdict]:
    """``verdicts``, with ``review`` for the least certain of what is kept, as far as there is room for questions.

    A column without a value is one of them: a database with many empty ones would be all questions.
    """
    verdicts = {
        member: replace(verdict, action="keep", weight=0.0)
        if verdict.action == "review" and verdict.reason == NOBODY_LOOKED
        else verdict
        for member, verdict in verdicts.items()
    }
    about = what_tables_are_about(catalogue)
    columns = [(table, column) for table in catalogue.tables for column in table.columns]
    room = int(SHARE_MAX * len(columns)) - sum(verdict.action != "keep" for verdict in verdicts.values())
    doubts = sorted(
        (
            (-doubt, position, (table.id, column.name))
            for position, (table, column) in enumerate(columns)
            if (doubt := _doubt(table, column, about[table.id], samples, verdicts[table.id, column.name]))
            > _LEAST
        ),
    )
    found = dict(verdicts)
    for _, _, member in doubts[: max(room, 0)]:
        verdict, column = verdicts[member], catalogue.tables_by_id[member[0]].columns_by_name[member[1]]
        found[member] = replace(
            verdict,
            action="review",
            kind=verdict.kind or _KINDS.get(family_of_column(column), "free_text"),
            confidence=0.5,
            reason=f"look at it: {verdict.reason.partition(';')[0]}",
        )
    return found


def _doubt(table: Table, column: Column, about: About, samples: Samples, verdict: Verdict) -> float:
    """How much speaks against keeping the column, from 0 on."""
    if verdict.action != "keep" or not needs_rule(table) or column.enum_labels or column.generated:
        return 0.0
    family, sample = family_of_column(column), samples.of(table.id, column.name)
    if family not in _KINDS or verdict.reason == "a key that only joins rows":
        return verdict.weight if family != "other" else 0.0
    return max(verdict.weight, sum(_reasons(column, about, sample, family)))


def _reasons(column: Column, about: About, sample: ColumnSample | None, family: str) -> Iterator[float]:
    name = words_of(column.name)
    head = name[-1] if name else ""
    if family == "uuid":
        yield -0.1
    else:
        yield 0.1 if family == "text" else 0.2
    if about.person >= 0.5:
        yield 0.16
    elif about.near_person:
        yield 0.08
    elif about.kin:
        yield 0.04
    if about.message or about.audit:
        yield 0.04
    if about.goods or about.place:
        yield -0.08
    if head in _HARMLESS or head in ABOUT_VALUE:
        yield -0.12
    if head in _NUMBERS and (about.near_person or about.person >= 0.5):
        yield 0.06
    if family == "text" and (column.max_length is None or column.max_length >= 100):
        yield 0.03
    if sample is not None:
        repeats = sample.values >= 20 and sample.distinct * 10 <= sample.values
        yield -0.1 if repeats else 0.04 if sample.average_words > 2 else 0.0
