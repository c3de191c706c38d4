"""Policy documents as values.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from deployments.localaws.iam.conditions import Conditions, check_operator
from deployments.localaws.iam.patterns import Context, matches


@dataclass(frozen=True, kw_only=True)
class Statement:
    sid: str
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    is_not_action: bool
    resources: tuple[str, ...]
    """Empty in a trust policy, which is about the role that it is attached to."""
    is_not_resource: bool
    principals: tuple[str, ...] | None
    """Of ``AWS``, and ``*``; None in an identity's policy. A service's principal is no caller of local AWS."""
    conditions: Conditions

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether it speaks of this action on this resource, conditions apart. Actions know no case."""
        is_named = any(matches(pattern, action, ignore_case=True) for pattern in self.actions)
        if is_named == self.is_not_action:
            return False
        if not self.resources:
            return True
        is_there = any(matches(pattern, resource, context) for pattern in self.resources)
        return is_there != self.is_not_resource


Document = tuple[Statement, ...]


@lru_cache(maxsize=512)
def read_document(text: str) -> Document:
    """The statements of a policy in JSON.

    Raises:
        ValueError: an element or an operator isn't one that local AWS evaluates; guessing would prove nothing.
    """
    statements = json.loads(text)["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    return tuple(_statement(given) for given in statements)


def _statement(given: dict[str, Any]) -> Statement:
    if unknown := set(given) - _ELEMENTS:
        raise ValueError(f"local AWS's IAM has no policy element {sorted(unknown)[0]!r}")
    conditions = {
        operator: {key: _texts(values) for key, values in keys.items()}
        for operator, keys in given.get("Condition", {}).items()
    }
    for operator in conditions:
        check_operator(operator)
    effect = given["Effect"]
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"the effect of a statement is Allow or Deny, not {effect!r}")
    return Statement(
        sid=given.get("Sid", ""),
        effect=effect,
        actions=_texts(given.get("Action", given.get("NotAction", []))),
        is_not_action="NotAction" in given,
        resources=_texts(given.get("Resource", given.get("NotResource", []))),
        is_not_resource="NotResource" in given,
        principals=_principals(given["Principal"]) if "Principal" in given else None,
        conditions=conditions,
    )


_ELEMENTS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "Condition",
}


def _principals(given: Any) -> tuple[str, ...]:
    return _texts(given) if isinstance(given, str) else _texts(given.get("AWS", []))


def _texts(given: Any) -> tuple[str, ...]:
    """One value or several; JSON's true is IAM's "true"."""
    values = given if isinstance(given, list) else [given]
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
