"""A suggestion for programs: every column of every table, also those that no policy names, as one JSON array."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from masking.catalogue import Catalogue, Column, Table
from masking.suggestion.classify import classify
from masking.suggestion.policy_text import flow
from masking.suggestion.samples import Samples
from masking.suggestion.second_look import second_look
from masking.suggestion.suggest import Suggestion, with_maskers


def suggestion_json(catalogue: Catalogue, samples: Samples | None = None) -> str:
    """One object per column: schema, table, column, action, masker as a policy writes it or null, confidence (0 to 1)
    that the action is right, and reason.
    """
    samples = samples or Samples()
    verdicts = second_look(catalogue, samples, classify(catalogue, samples))
    suggested = {
        (found.table, found.column.name): found for found in with_maskers(catalogue, samples, verdicts)
    }

    def rows() -> Iterator[dict[str, Any]]:
        for table in catalogue.tables:
            for column in table.columns:
                found = suggested.get((catalogue.root(table).id, column.name))
                verdict = verdicts[table.id, column.name]
                if found is None or (found.masker is None and verdict.action == "mask"):
                    # What no masker fits is no less personal for that: its table may have to be emptied.
                    found = Suggestion(
                        table=table.id,
                        column=column,
                        action=verdict.action,
                        masker=None,
                        confidence=verdict.confidence,
                        reason=found.reason if found is not None else verdict.reason,
                    )
                yield {
                    "schema": table.schema,
                    "table": table.name,
                    "column": column.name,
                    **_said(found, _sources(table, column, suggested)),
                }

    return json.dumps(list(rows()), ensure_ascii=False, indent=1) + "\n"


def _sources(table: Table, column: Column, suggested: dict[tuple[Any, str], Suggestion]) -> list[Suggestion]:
    names = column.generated_from if column.generated else ()
    return [found for name in names if (found := suggested.get((table.id, name))) is not None]


def _said(found: Suggestion, sources: list[Suggestion]) -> dict[str, Any]:
    masked = [source for source in sources if source.action != "keep"]
    if masked:
        surest = max(masked, key=lambda source: source.confidence)
        return {
            "action": surest.action,
            "masker": None,
            "confidence": surest.confidence,
            "reason": f"PostgreSQL computes it from {surest.column.name}",
        }
    return {
        "action": found.action,
        "masker": flow(found.masker.policy) if found.masker is not None and found.action != "keep" else None,
        "confidence": found.confidence,
        "reason": found.reason,
    }
