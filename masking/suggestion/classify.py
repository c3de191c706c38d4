"""Decides for every column whether it is personal: the name's opinion, the values', and those of its relatives.

Relatives are columns that hold the same values: both ends of a foreign key on text, a parent's column and its
child's. What one of them holds, all of them hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from masking.catalogue import Catalogue, Column, Table, TableName
from masking.suggestion.kinds import (
    MASK_FROM,
    REVIEW_FROM,
    Family,
    Kind,
    Named,
    Signal,
    family_of,
    family_of_column,
)
from masking.suggestion.names import signals
from masking.suggestion.people import About, what_tables_are_about
from masking.suggestion.samples import ColumnSample, Samples
from masking.suggestion.values import beside, doubt, value_signals
from masking.suggestion.words import is_known, words_of

Action = Literal["mask", "keep", "review"]
ColumnId = tuple[TableName, str]

#: Why a column is asked for that nobody could look at.
NOBODY_LOOKED: Final = "nothing personal in its name, no values to look at"
#: How sure a column is kept that can hold text and showed none.
_UNSURE: Final = 0.5
#: What a column of unknown content is masked as.
_UNSEEN: Final[dict[Family, Kind]] = {"text": "free_text", "json": "document", "bytes": "image"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a column holds, and how sure we are of ``action``; ``kind`` is None where nothing personal was seen."""

    action: Action
    kind: Kind | None
    confidence: float
    reason: str
    #: What holds for all columns with the same values: the surest of them.
    weight: float = 0.0


def _is_key(table: Table, column: Column) -> bool:
    """Whether the column identifies rows: a column of a primary key of its own, or of a foreign key."""
    primary = any(index.primary and index.key_columns == (column.name,) for index in table.indexes)
    return primary or any(column.name in key.columns for key in table.foreign_keys)


def named(table: Table, column: Column, about: About) -> Named:
    """The column as the rules see it. A comment speaks only when the name says nothing that is known."""
    return Named(
        words=words_of(column.name),
        family=family_of_column(column),
        about=about,
        max_length=column.max_length,
        is_key=_is_key(table, column),
    )


def _comment_signal(column: Column, seen: Named) -> Signal | None:
    if not column.comment or len(column.comment) > 80 or any(is_known(word) for word in seen.words):
        return None
    words = words_of(column.comment)
    said = Named(
        words=words[:4],
        family=seen.family,
        about=seen.about,
        max_length=seen.max_length,
        is_key=seen.is_key,
    )
    best = next((signal for signal in signals(said) if signal.weight >= 0.8), None)
    if best is None or best.kind in ("free_text", "document"):
        return None
    return Signal(kind=best.kind, weight=0.65, reason=f"its comment: {best.reason}")


def _opinion(seen: Named, column: Column, sample: ColumnSample | None) -> Signal | None:
    found = list(signals(seen))
    by_name = max(found, key=lambda signal: signal.weight) if found else None
    # The first rule that is sure wins over a later one that is surer by a little.
    by_name = next((signal for signal in found if signal.weight >= MASK_FROM), by_name)
    if sample is not None:
        if by_name is not None:
            factor = doubt(by_name, sample, seen)
            by_name = Signal(kind=by_name.kind, weight=by_name.weight * factor, reason=by_name.reason)
        if not (seen.is_key and seen.family != "text"):
            for signal in value_signals(sample, seen):
                if by_name is None or signal.weight > by_name.weight:
                    by_name = signal
    if by_name is None or by_name.weight < REVIEW_FROM:
        commented = _comment_signal(column, seen)
        if commented is not None:
            return commented
    return by_name


def _never_masked(column: Column) -> str | None:
    if column.generated:
        return "PostgreSQL computes it from other columns"
    if column.partition_key:
        return "it decides the partition"
    if column.enum_labels:
        return "one of the labels of an enum"
    if column.element_type == "bool":
        return "true or false"
    return None


def _is_surrogate(table: Table, column: Column, seen: Named) -> bool:
    """Whether the column is a number or uuid that only joins rows."""
    return column.identity or (
        seen.family in ("integer", "number", "uuid")
        and (seen.is_key or (column.default or "").startswith("nextval("))
    )


def _verdict(table: Table, column: Column, about: About, sample: ColumnSample | None) -> Verdict:
    fixed = _never_masked(column)
    if fixed is not None:
        return Verdict(action="keep", kind=None, confidence=0.97, reason=fixed)
    seen = named(table, column, about)
    if _is_surrogate(table, column, seen):
        return Verdict(action="keep", kind=None, confidence=0.95, reason="a key that only joins rows")
    signal = _opinion(seen, column, sample)
    if signal is None:
        if seen.family in ("text", "json", "bytes") and sample is None:
            return Verdict(
                action="keep",
                kind=None,
                confidence=0.5,
                reason=NOBODY_LOOKED,
            )
        return Verdict(
            action="keep", kind=None, confidence=0.85, reason="nothing personal in its name or values"
        )
    return from_signal(signal)


def from_signal(signal: Signal) -> Verdict:
    """The verdict that one opinion gives."""
    weight = min(signal.weight, 0.99)
    action: Action = "mask" if weight >= MASK_FROM else "review" if weight >= REVIEW_FROM else "keep"
    confidence = weight if action == "mask" else 1 - weight
    return Verdict(
        action=action,
        kind=signal.kind,
        confidence=round(confidence, 2),
        reason=signal.reason,
        weight=weight,
    )


def relatives(catalogue: Catalogue) -> tuple[frozenset[ColumnId], ...]:
    """Groups of columns that hold the same values by declaration; a column with no relative is in none."""
    group: dict[ColumnId, frozenset[ColumnId]] = {}
    for one, other in _pairs(catalogue):
        joined = group.get(one, frozenset({one})) | group.get(other, frozenset({other}))
        group.update(dict.fromkeys(joined, joined))
    return tuple(set(group.values()))


def _pairs(catalogue: Catalogue) -> Iterator[tuple[ColumnId, ColumnId]]:
    for table in catalogue.tables:
        for key in table.foreign_keys:
            for column, referenced in zip(key.columns, key.referenced_columns, strict=False):
                yield (table.id, column), (key.referenced, referenced)
        parents = (*table.inherits, *((table.partition_of,) if table.partition_of else ()))
        for parent in parents:
            above = catalogue.tables_by_id.get(parent)
            for inherited in above.columns if above else ():
                if inherited.name in table.columns_by_name:
                    yield (table.id, inherited.name), (parent, inherited.name)


def classify(catalogue: Catalogue, samples: Samples) -> Mapping[ColumnId, Verdict]:
    """A verdict for every column of every table, in the catalogue's order."""
    about = what_tables_are_about(catalogue)
    verdicts: dict[ColumnId, Verdict] = {}
    for table in catalogue.tables:
        for column in table.columns:
            sample = samples.of(table.id, column.name)
            verdicts[table.id, column.name] = _verdict(table, column, about[table.id], sample)
    _look_beside(catalogue, samples, verdicts)
    for group in relatives(catalogue):
        known = {member: verdicts[member] for member in group if member in verdicts}
        if not known:
            continue
        surest = max(known.values(), key=lambda verdict: verdict.weight)
        surrogate = any(
            _column(catalogue, member).element_type in ("int2", "int4", "int8", "uuid") for member in known
        )
        if surrogate and any(verdict.reason == "a key that only joins rows" for verdict in known.values()):
            surest = min(known.values(), key=lambda verdict: verdict.weight)
        for member, verdict in known.items():
            if verdict.confidence < 0.97 or verdict.action != "keep":
                verdicts[member] = surest
    if samples.taken:
        _mask_unseen(catalogue, samples, verdicts)
    _mask_search_vectors(catalogue, verdicts)
    _doubt_the_unseen(catalogue, samples, verdicts)
    return verdicts


def _doubt_the_unseen(catalogue: Catalogue, samples: Samples, verdicts: dict[ColumnId, Verdict]) -> None:
    """What can hold text isn't kept with confidence where nobody looked at a value."""
    for table in catalogue.tables:
        for column in table.columns:
            member = table.id, column.name
            verdict, family = verdicts[member], family_of(column.element_type)
            if (
                verdict.action == "keep"
                and verdict.confidence > _UNSURE
                and family in ("text", "json", "bytes", "words")
                and not column.enum_labels
                and samples.of(*member) is None
            ):
                verdicts[member] = replace(
                    verdict, confidence=_UNSURE, reason=f"{verdict.reason}; no values to look at"
                )


def _mask_unseen(catalogue: Catalogue, samples: Samples, verdicts: dict[ColumnId, Verdict]) -> None:
    """What can hold text, and neither it nor a relative showed a value to whoever looked: nobody knows what it holds.

    Its rows can't be read (row security that holds for owners), or the sampled ones are NULL and others may not be.
    """
    seen = {member for group in relatives(catalogue) for member in group if _any_seen(samples, group)}
    for table in catalogue.tables:
        for column in table.columns:
            member, kind = (table.id, column.name), _UNSEEN.get(family_of(column.element_type))
            if (
                kind is not None
                and verdicts[member].action == "keep"
                and _never_masked(column) is None
                and member not in seen
                and samples.of(*member) is None
            ):
                verdicts[member] = Verdict(
                    action="review",
                    kind=kind,
                    confidence=0.5,
                    reason=NOBODY_LOOKED,
                    weight=REVIEW_FROM,
                )


def _any_seen(samples: Samples, group: frozenset[ColumnId]) -> bool:
    return any(samples.of(table, name) is not None for table, name in group)


def _look_beside(catalogue: Catalogue, samples: Samples, verdicts: dict[ColumnId, Verdict]) -> None:
    """Columns whose names say nothing, in the light of what their table turned out to hold."""
    for table in catalogue.tables:
        kinds = frozenset(
            kind
            for column in table.columns
            if (kind := verdicts[table.id, column.name].kind) is not None
            and verdicts[table.id, column.name].action == "mask"
        )
        for column in table.columns:
            sample = samples.of(table.id, column.name)
            words = words_of(column.name)
            unknown = not any(is_known(word) for word in words)
            if verdicts[table.id, column.name].action != "keep" or sample is None or not unknown:
                continue
            if family_of(column.element_type) != "text":
                continue
            signal = beside(sample, kinds, is_word=any(len(word) > 3 for word in words))
            if signal is not None:
                verdicts[table.id, column.name] = from_signal(signal)


def _column(catalogue: Catalogue, member: ColumnId) -> Column:
    return catalogue.tables_by_id[member[0]].columns_by_name[member[1]]


def _mask_search_vectors(catalogue: Catalogue, verdicts: dict[ColumnId, Verdict]) -> None:
    """A search vector holds the words of its row: it is masked where one of the row's texts is."""
    for table in catalogue.tables:
        masked = any(
            verdicts[table.id, column.name].action != "keep"
            and family_of(column.element_type) in ("text", "json")
            for column in table.columns
        )
        for column in table.columns:
            if masked and family_of(column.element_type) == "words" and not column.generated:
                verdicts[table.id, column.name] = Verdict(
                    action="mask",
                    kind="free_text",
                    confidence=0.8,
                    reason="holds words of masked columns",
                    weight=0.8,
                )
