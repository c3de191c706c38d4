"""Maskers inside a column's documents: each path's rule, and the masker as it is used there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from masking.catalogue import Column
from masking.maskers.forms import NUMBERS
from masking.maskers.masker import Steps, Use
from masking.maskers.parameters import JsonValue, steps_of
from masking.policy.column_rules import rule_of
from masking.policy.rules import ColumnRule, invalid

#: Maskers for any type that mean something inside a document.
_GENERAL = frozenset({"keep", "null", "constant"})


def inner_rules(rule: ColumnRule) -> Iterator[tuple[Steps, ColumnRule]]:
    """The paths of a ``json`` rule with what happens there.

    Raises:
        PolicyInvalid: a path's rule isn't one, or its masker doesn't take text or numbers.
    """
    if not isinstance(rule.parameters, JsonValue):
        return
    for path, given in rule.parameters.paths.items():
        word: Any = given
        parameters: Any = {}
        if given is None:
            word = "null"
        elif isinstance(given, dict) and len(given) == 1:
            ((word, parameters),) = given.items()
        if not isinstance(word, str):
            raise invalid(
                rule.position,
                f"the rule of path {path} is neither one word nor one mapping with one key",
                "Such as: $.contact.email: email",
            )
        found = rule_of(word, {} if parameters is None else parameters, rule.position)
        masker = found.masker
        fits = masker.name in _GENERAL or "text" in masker.types or masker.types == NUMBERS
        if not fits or found.parameters.reads():
            raise invalid(
                rule.position,
                f"masker {masker.name} can't be used at path {path}",
                "Use one that takes text, number, keep, null or constant.",
            )
        yield steps_of(path), found


def inner_use(column: Column, steps: Steps, rule: ColumnRule) -> Use:
    """A masker on the texts, or the numbers, at a path of a column's documents."""
    is_number = rule.masker.types == NUMBERS
    base_type = "numeric" if is_number else "text"
    return Use(
        masker=rule.masker,
        column=replace(
            column,
            type=base_type,
            base_type=base_type,
            base_type_schema="pg_catalog",
            max_length=None,
            domain=None,
        ),
        parameters=rule.parameters,
        domain=rule.domain,
        steps=steps,
    )
