"""From a catalogue to the text of a whole policy, held against the catalogue by the planner itself.

The planner knows better than any rule here which masker a column can bear. Where it refuses one, the next is tried;
where none is left, the table is emptied, and with it those that refer to it. Only where the planner refuses that too
is the column kept, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue, TableName
from masking.planning.classification import needs_rule
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.suggestion.classify import ColumnId, Verdict, classify
from masking.suggestion.policy_text import PolicyText, policy_text
from masking.suggestion.samples import Samples
from masking.suggestion.suggest import Suggestion, with_maskers

_LINE: Final = re.compile(r":(\d+):\d+$")


def suggest_policy(
    catalogue: Catalogue, samples: Samples | None = None, *, found_in: Mapping[ColumnId, str] | None = None
) -> str:
    """The text of a complete ``policy.yaml``: every table and column has a rule, what is in doubt is masked.

    ``found_in`` are columns in which a search of all rows has found something personal, with what it was.

    Raises:
        PolicyInvalid: the planner refuses the policy for something that no other masker would change.
    """
    samples = samples or Samples()
    verdicts = dict(classify(catalogue, samples))
    for column, what in (found_in or {}).items():
        if column in verdicts and verdicts[column].action == "keep":
            verdicts[column] = Verdict(kind="free_text", action="mask", confidence=1.0, reason=what)
    refused: set[tuple[ColumnId, str]] = set()
    never_empty: set[TableName] = set()
    while True:
        suggestions = with_maskers(catalogue, samples, verdicts, refused)
        emptied = _emptied(catalogue, suggestions) - never_empty
        drafted = policy_text(catalogue, suggestions, emptied=emptied)
        try:
            make_plan(catalogue, parse_policy(drafted.text))
        except PolicyInvalid as error:
            blamed = _blamed(drafted, error)
            if isinstance(blamed, Suggestion) and blamed.masker is not None:
                refused.add(((blamed.table, blamed.column.name), blamed.masker.name))
            elif isinstance(blamed, TableName) and emptied - never_empty:
                never_empty |= emptied
            else:
                raise
        else:
            return drafted.text


def _blamed(drafted: PolicyText, error: PolicyInvalid) -> Suggestion | TableName | None:
    """The column or table on whose line the planner found fault."""
    found = _LINE.search(error.resource)
    return drafted.lines.get(int(found.group(1))) if found else None


def _emptied(catalogue: Catalogue, suggestions: Sequence[Suggestion]) -> frozenset[TableName]:
    """Tables with something personal that no masker fits, and all whose rows refer to theirs."""
    unmaskable = {
        suggestion.table
        for suggestion in suggestions
        if suggestion.action != "keep" and suggestion.masker is None
    }
    emptied: set[TableName] = set()
    reached = unmaskable
    while reached - emptied:
        emptied |= reached
        reached = {
            catalogue.root(table).id
            for table in catalogue.tables
            for key in table.foreign_keys
            if key.referenced in catalogue.tables_by_id
            and catalogue.root(catalogue.tables_by_id[key.referenced]).id in emptied
            and needs_rule(catalogue.root(table))
        }
    return frozenset(emptied)
