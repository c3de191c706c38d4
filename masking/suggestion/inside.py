"""Rules for what lies inside a column's values: a composite's attributes, by their names and types.

Nobody has looked at these values, so text is masked whatever its name says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from masking.catalogue import Column
from masking.planning.classification import COUNTS
from masking.suggestion.kinds import REVIEW_FROM, Kind, Named, family_of_column
from masking.suggestion.names import signals
from masking.suggestion.people import About
from masking.suggestion.words import words_of

#: Whose values these are isn't known, so they are taken for a person's.
_SOMEBODY: Final = About(person=1.0, near_person=True, address=True)
#: What a family's values are masked as where their name says nothing.
_UNSEEN: Final[dict[str, Kind]] = {"text": "free_text", "json": "document", "bytes": "image", "inet": "ip"}

Offer = Callable[[Kind, Column], Iterator[Any]]


def attribute_rules(column: Column, offer: Offer) -> dict[str, Any] | None:
    """A rule for every attribute of a composite type; None where one of them can't be masked.

    ``offer`` gives what a policy may say of an attribute of a kind, best first.
    """
    found: dict[str, Any] = {}
    for attribute in column.attributes:
        if attribute.attributes:
            inner = attribute_rules(attribute, offer)
            if inner is None:
                return None
            found[attribute.name] = {"composite": inner}
            continue
        kind = _kind(attribute)
        if kind is None and (attribute.element_type in COUNTS or attribute.enum_labels):
            found[attribute.name] = "keep"
            continue
        # A domain may refuse whatever hasn't been tried.
        rules = iter(()) if attribute.domain else offer(kind or "free_text", attribute)
        rule = next(rules, "nothing")
        if rule == "nothing":
            if attribute.not_null:
                return None
            rule = None
        found[attribute.name] = rule
    return found


def _kind(attribute: Column) -> Kind | None:
    family = family_of_column(attribute)
    named = Named(
        words=words_of(attribute.name), family=family, about=_SOMEBODY, max_length=attribute.max_length
    )
    found = max(signals(named), key=lambda signal: signal.weight, default=None)
    if found is not None and found.weight >= REVIEW_FROM:
        return found.kind
    return _UNSEEN.get(family)
