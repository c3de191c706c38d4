"""Rules for what lies inside a column's values: a composite's attributes and a document's paths, by name and type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from masking.catalogue import Column
from masking.maskers import MASKERS
from masking.maskers.forms import NUMBERS
from masking.planning.classification import COUNTS
from masking.suggestion.kinds import MASK_FROM, REVIEW_FROM, Kind, Named, family_of_column
from masking.suggestion.names import signals
from masking.suggestion.people import About
from masking.suggestion.words import is_known, words_of

#: Whose values these are isn't known, so they are taken for a person's.
_SOMEBODY: Final = About(person=1.0, near_person=True, address=True)
#: What a family's values are masked as where their name says nothing.
_UNSEEN: Final[dict[str, Kind]] = {"text": "free_text", "json": "document", "bytes": "image", "inet": "ip"}

#: The step to every element of an array.
EVERY: Final = "[*]"

Offer = Callable[[Kind, Column], Iterator[Any]]


def attribute_rules(column: Column, offer: Offer) -> dict[str, Any] | None:
    """A rule for every attribute of a composite type; None where one of them can't be masked.

    Nobody has looked at their values, so text is masked whatever its name says.

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


def path_rules(paths: Iterable[tuple[tuple[str, ...], str]], offer: Offer) -> dict[str, Any]:
    """A rule for every path of documents whose name says that something personal lies there.

    ``paths``: as sampled. A name that no vocabulary knows may be a value, so its path is left out; the documents lose
    what no rule names.
    """
    found: dict[tuple[str, ...], Any] = {}
    for path, type_ in sorted(paths, key=lambda one: len(one[0])):
        names = [step for step in path if step != EVERY]
        known = all(words_of(name) and all(map(is_known, words_of(name))) for name in names)
        inside_another = any(path[: len(shorter)] == shorter for shorter in found)
        if not names or not known or inside_another:
            continue
        base_type = "text" if type_ == "string" else "numeric"
        leaf = Column(name=names[-1], type=base_type, base_type=base_type)
        found[path] = _of_leaf(leaf, offer)
    return {
        "$" + "".join(step if step == EVERY else f".{step}" for step in path): rule
        for path, rule in found.items()
        if rule is not None
    }


def _of_leaf(leaf: Column, offer: Offer) -> Any:
    named = Named(words=words_of(leaf.name), family=family_of_column(leaf), about=_SOMEBODY)
    found = max(signals(named), key=lambda signal: signal.weight, default=None)
    if found is None or found.weight < MASK_FROM:
        return None
    rules = (rule for rule in offer(found.kind, leaf) if rule is not None and not _takes_no_path(rule))
    return next(rules, None)


def _takes_no_path(rule: Any) -> bool:
    name = rule if isinstance(rule, str) else next(iter(rule))
    types = MASKERS[name].types
    return bool(types) and "text" not in types and types != NUMBERS


def _kind(attribute: Column) -> Kind | None:
    family = family_of_column(attribute)
    named = Named(
        words=words_of(attribute.name), family=family, about=_SOMEBODY, max_length=attribute.max_length
    )
    found = max(signals(named), key=lambda signal: signal.weight, default=None)
    if found is not None and found.weight >= REVIEW_FROM:
        return found.kind
    return _UNSEEN.get(family)
