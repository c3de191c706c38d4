"""Wildcards and policy variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

Context = Mapping[str, tuple[str, ...]]
"""What is known of a request: condition key in small letters → its values. A key that isn't known isn't there."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


def matches(pattern: str, value: str, context: Context | None = None, *, ignore_case: bool = False) -> bool:
    """Whether ``value`` fits ``pattern``; a variable that has no value, or several, fits nothing."""
    text = _compiled(pattern, ignore_case)
    if "${" in pattern:
        filled = _fill(pattern, context or {})
        if filled is None:
            return False
        text = re.compile(filled, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return text.fullmatch(value) is not None


def arn_matches(pattern: str, value: str, context: Context | None = None) -> bool:
    """As the Arn operators compare: each of the six parts by itself, so that no ``*`` reaches over a colon.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    patterns, parts = _split_arn(pattern), value.split(":", 5)
    if len(patterns) != len(parts):
        return False
    return all(matches(one, part, context) for one, part in zip(patterns, parts, strict=True))


def fill_in(text: str, context: Context) -> str | None:
    """``text`` with its variables replaced, for comparisons without wildcards."""
    unknown = False

    def replace(found: re.Match[str]) -> str:
        nonlocal unknown
        value = _value_of(found.group(1), context)
        unknown |= value is None
        return value or ""

    filled = _VARIABLE.sub(replace, text)
    return None if unknown else filled


def _split_arn(pattern: str) -> list[str]:
    """Colons within ``${aws:…}`` separate nothing."""
    parts: list[str] = []
    depth, part = 0, ""
    for index, letter in enumerate(pattern):
        depth += pattern.startswith("${", index) - (letter == "}" and depth > 0)
        if letter == ":" and depth == 0 and len(parts) < 5:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [*parts, part]


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(_regex(pattern), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern)


def _fill(pattern: str, context: Context) -> str | None:
    """A regular expression: what a variable stands for is taken as it is, its own ``*`` too."""
    pieces, end = [], 0
    for found in _VARIABLE.finditer(pattern):
        value = _value_of(found.group(1), context)
        if value is None:
            return None
        pieces += [_regex(pattern[end : found.start()]), re.escape(value)]
        end = found.end()
    return "".join([*pieces, _regex(pattern[end:])])


def _value_of(variable: str, context: Context) -> str | None:
    if variable in _LITERALS:
        return _LITERALS[variable]
    key, comma, default = variable.partition(",")
    values = context.get(key.strip().lower(), ())
    if len(values) == 1:
        return values[0]
    return default.strip().strip("'") if comma else None
