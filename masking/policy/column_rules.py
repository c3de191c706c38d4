"""A column's rule: a masker's name or the masker with its parameters, and perhaps the rows that it is for.

::

    email: email
    email: {email: {domain: login}}
    email: {email: {}, when: "NOT is_test", otherwise: {keep: "made by our own tests"}}
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from masking.maskers import ALIASES, MASKERS
from masking.maskers.masker import Masker
from masking.policy.document import Document, plain
from masking.policy.placed_yaml import PlacedMapping
from masking.policy.rules import ColumnRule, invalid
from masking.syntax.position import Position

#: The keys of a rule that are no masker's name.
CONDITION = ("when", "otherwise")
#: Maskers with rules inside, and the parameter that has them.
INSIDE = {"json": "paths", "composite": "attributes"}


def column_rule(document: Document, value: Any, position: Position) -> ColumnRule:
    """The rule that ``value`` is; ``position`` is where its column stands."""
    if not isinstance(value, PlacedMapping) or not any(key in value for key in CONDITION):
        return _masked_as(document, value, position)
    for key in CONDITION:
        if key not in value:
            raise invalid(
                position,
                f"it has {'when' if key == 'otherwise' else 'otherwise'}, but not {key}",
                'Write both, such as: {email: {}, when: "NOT is_test", otherwise: {keep: "the reason"}}.',
            )
    when, place = value["when"], document.position(value, "when")
    if not isinstance(when, str):
        raise invalid(place, "when isn't an SQL predicate", "Write it as text.")
    rule = _masked_as(document, value.without(CONDITION), position)
    if not rule.masker.masks:
        raise invalid(place, "keep has no when", "Give the other rows' masker a when, and keep as otherwise.")
    place = document.position(value, "otherwise")
    other = _masked_as(document, value["otherwise"], place)
    for one in (rule, other):
        if one.masker.name == "script":
            raise invalid(
                place,
                "a script's column has no when",
                "Write the condition as the script's own WHERE or CASE.",
            )
    result = ColumnRule(
        masker=rule.masker, parameters=rule.parameters, position=position, when=str(when), otherwise=other
    )
    if not other.masker.masks and not result.reason:
        raise invalid(
            place, "otherwise keeps raw values without a reason", 'Write otherwise: {keep: "the reason"}.'
        )
    return result


def rule_of(word: str, parameters: Any, position: Position) -> ColumnRule:
    """The rule that masker ``word`` with ``parameters``, or with the bare value that they may be, is."""
    masker = MASKERS.get(ALIASES.get(word, word))
    if masker is None:
        raise invalid(position, f"there is no masker {word!r}", f"Use one of: {', '.join(sorted(MASKERS))}.")
    shorthand = masker.parameters.shorthand
    if shorthand is not None and not _is_parameters(masker, parameters):
        parameters = {shorthand: parameters}
    elif not isinstance(parameters, dict):
        raise invalid(position, f"masker {word} takes no bare value", "Give its parameters as a mapping.")
    try:
        checked = masker.parameters.model_validate(parameters)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg']}" for problem in error.errors()
        )
        raise invalid(
            position, f"masker {word} was given wrong parameters: {problems}", "Mend them."
        ) from None
    return ColumnRule(masker=masker.given(checked), parameters=checked, position=position)


def _check_inside(document: Document, word: object, content: Any) -> None:
    """Raise :class:`PolicyInvalid` for a rule inside another one that isn't any, at its own place."""
    if word not in INSIDE or not isinstance(content, PlacedMapping):
        return
    key = INSIDE[str(word)]
    inside = content.get(key, content if word == "composite" else None)
    if isinstance(inside, PlacedMapping):
        for _, value, position in document.items(inside):
            _masked_as(document, value, position)


def _masked_as(document: Document, value: Any, position: Position) -> ColumnRule:
    if value is None:
        return rule_of("null", {}, position)
    if isinstance(value, str):
        return rule_of(str(value), {}, position)
    if isinstance(value, PlacedMapping) and len(value) == 1:
        key, content = next(iter(value.items()))
        _check_inside(document, key, content)
        return rule_of(
            "null" if key is None else str(key), {} if content is None else plain(content), position
        )
    raise invalid(
        position, "a column's rule is one word or one mapping with one masker", "Such as: email: email"
    )


def _is_parameters(masker: Masker, given: Any) -> bool:
    return isinstance(given, dict) and set(given) <= set(masker.parameters.model_fields)
