"""Suggests a policy: which columns are personal, and which masker each of them can bear. Pure.

From names in several languages, types, constraints, neighbours, and counts of the shapes of sampled values
(``tasks.postgres.sampling``). What is in doubt is masked.
"""

from __future__ import annotations

from masking.suggestion.draft import suggest_policy
from masking.suggestion.every_column import suggestion_json
from masking.suggestion.policy_text import policy_text
from masking.suggestion.samples import ColumnSample, Samples
from masking.suggestion.suggest import Suggestion, suggest

__all__ = [
    "ColumnSample",
    "Samples",
    "Suggestion",
    "policy_text",
    "suggest",
    "suggest_policy",
    "suggestion_json",
]
