"""A complete policy for a database that nobody has written one for: every table, every column.

What is in doubt is masked. In the product a person reviews the result before it is used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from masking.catalogue import Catalogue, Column, TableName
from masking.planning.classification import needs_rule
from masking.suggestion.choosing import fit
from masking.suggestion.classify import Action, ColumnId, Verdict, classify, relatives
from masking.suggestion.places import Masker, places
from masking.suggestion.samples import Samples
from masking.suggestion.together import put_together


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What is suggested for one column; ``masker`` is None where it is kept or nothing fits it."""

    table: TableName
    column: Column
    action: Action
    masker: Masker | None
    confidence: float
    reason: str


def suggest(catalogue: Catalogue, samples: Samples | None = None) -> tuple[Suggestion, ...]:
    """A suggestion for every column of every table that a policy must list, in the catalogue's order."""
    samples = samples or Samples()
    return with_maskers(catalogue, samples, classify(catalogue, samples))


def with_maskers(
    catalogue: Catalogue,
    samples: Samples,
    verdicts: Mapping[ColumnId, Verdict],
    refused: Collection[tuple[ColumnId, str]] = (),
) -> tuple[Suggestion, ...]:
    """The suggestions that follow from ``verdicts``, with no masker for a column that ``refused`` names with it."""
    maskers = _maskers(catalogue, samples, verdicts, refused)
    found = []
    for table in filter(needs_rule, catalogue.tables):
        for column in table.columns:
            if column.generated:
                continue
            verdict = verdicts[table.id, column.name]
            masker = maskers.get((table.id, column.name))
            action, reason = verdict.action, verdict.reason
            if action != "keep" and masker is None:
                action, reason = "review", f"{reason}, but no masker fits its type and constraints"
            found.append(
                Suggestion(
                    table=table.id,
                    column=column,
                    action=action,
                    masker=masker,
                    confidence=verdict.confidence,
                    reason=reason,
                )
            )
    return tuple(found)


def _maskers(
    catalogue: Catalogue,
    samples: Samples,
    verdicts: Mapping[ColumnId, Verdict],
    refused: Collection[tuple[ColumnId, str]],
) -> dict[ColumnId, Masker]:
    """The first fitting masker of each column in need of one; relatives get the same."""
    groups: list[Sequence[ColumnId]] = [sorted(group, key=str) for group in relatives(catalogue)]
    grouped = {member for group in groups for member in group}
    groups += [(column,) for column in verdicts if column not in grouped]
    masked = {column for column, verdict in verdicts.items() if verdict.action != "keep"}
    found: dict[ColumnId, Masker] = {}
    for group in groups:
        wanted = [member for member in group if member in masked]
        kinds = [kind for member in wanted if (kind := verdicts[member].kind) is not None]
        if not kinds:
            continue
        members = places(catalogue, samples, wanted, masked)
        masker = next(fit(kinds[0], members, samples, refused), None)
        if masker is not None:
            found.update(dict.fromkeys(wanted, masker))
    return put_together(catalogue, samples, found, refused)
