"""The roles' policies without Terraform: ``templatefile()`` and this fill the same templates in alike.

A test holds them equal where terraform is installed; ``make iam`` needs none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

POLICIES = Path(__file__).parent / "policies"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters without white space
MANAGED_POLICY_MAX = 6144
TASK_POLICIES = ("task-aurora", "task-data")
#: Of an env whose target is logged in to by IAM, besides.
TASK_LOGIN_POLICY = "task-login"

Policy = dict[str, Any]


def render(name: str, values: Mapping[str, str]) -> Policy:
    """The policy of ``policies/{name}.json.tftpl``. A value that is missing raises KeyError."""
    text = (POLICIES / f"{name}.json.tftpl").read_text(encoding="utf-8")
    policy: Policy = json.loads(Template(text).substitute(values))
    return policy


def allowed_actions(policy: Policy) -> Iterator[tuple[str, str]]:
    """(Sid, action) of every Allow."""
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                yield statement["Sid"], action


def without(policy: Policy, sid: str, action: str) -> Policy:
    """The policy with one action of one statement taken out."""
    kept = []
    for statement in policy["Statement"]:
        if statement["Sid"] == sid:
            actions = statement["Action"]
            left = [each for each in ([actions] if isinstance(actions, str) else actions) if each != action]
            if left:
                kept.append({**statement, "Action": left})
        else:
            kept.append(statement)
    return {**policy, "Statement": kept}
