"""The Condition element.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deployments.localaws.iam.patterns import Context, arn_matches, fill_in, matches

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Operator → condition key → the values of the policy."""


def _equals(wanted: str, value: str, context: Context) -> bool:
    return fill_in(wanted, context) == value


def _equals_ignoring_case(wanted: str, value: str, context: Context) -> bool:
    filled = fill_in(wanted, context)
    return filled is not None and filled.casefold() == value.casefold()


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str, Context], bool]:
    def operator(wanted: str, value: str, _context: Context) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return operator


def _is_bool(wanted: str, value: str, _context: Context) -> bool:
    return wanted.lower() == value.lower()


def _is_like(wanted: str, value: str, context: Context) -> bool:
    return matches(wanted, value, context)


_MATCHES: dict[str, Callable[[str, str, Context], bool]] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": _is_like,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": _is_bool,
    "NumericEquals": _number(lambda value, wanted: value == wanted),
    "NumericLessThan": _number(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _number(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _number(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _number(lambda value, wanted: value >= wanted),
}
_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


class UnknownOperator(ValueError):
    """A policy uses a condition operator that local AWS doesn't have: it can't say what AWS would answer."""


def hold(conditions: Conditions, context: Context) -> bool:
    """Whether all of them hold: operators and keys are joined by AND, a key's values by OR."""
    return all(
        _holds(operator, key, wanted, context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def check_operator(operator: str) -> None:
    """Raise for an operator that isn't known, before any call depends on it."""
    _, name, _ = _parts(operator)
    if name not in _MATCHES and name not in _NEGATIONS and name != "Null":
        raise UnknownOperator(f"local AWS's IAM has no condition operator {operator!r}")


def _holds(operator: str, key: str, wanted: tuple[str, ...], context: Context) -> bool:
    of_set, name, if_exists = _parts(operator)
    values = context.get(key.lower(), ())
    if name == "Null":
        return any((text.lower() == "true") == (not values) for text in wanted)
    if if_exists and not values:
        return True
    is_negated = name in _NEGATIONS
    match = _MATCHES[_NEGATIONS.get(name, name)]

    def fits(value: str) -> bool:
        # Of a negated operator, none of the policy's values may match.
        return any(match(text, value, context) for text in wanted) != is_negated

    if of_set == "ForAllValues":
        return all(map(fits, values))
    if of_set == "ForAnyValue":
        return any(map(fits, values))
    if not values:
        return is_negated
    if is_negated:
        return all(map(fits, values))
    return any(map(fits, values))


def _parts(operator: str) -> tuple[str, str, bool]:
    """``ForAllValues:StringLikeIfExists`` → (``ForAllValues``, ``StringLike``, True)."""
    of_set, colon, name = operator.rpartition(":")
    if colon and of_set not in ("ForAllValues", "ForAnyValue"):
        raise UnknownOperator(f"local AWS's IAM has no set operator {of_set!r}")
    if_exists = name.endswith("IfExists")
    return of_set, name.removesuffix("IfExists"), if_exists
