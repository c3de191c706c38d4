"""Whether a demand is allowed: an explicit deny anywhere ends it, and without an allow it is denied.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deployments.localaws.iam.conditions import hold
from deployments.localaws.iam.documents import Document, Statement
from deployments.localaws.iam.patterns import Context


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who calls: a role's session or a user, with the policies of its identity."""

    arn: str
    """As CloudTrail and error messages name it: of a session, ``arn:aws:sts::…:assumed-role/{role}/{session}``."""
    identity_arn: str
    """The role's or the user's own ARN."""
    account: str
    policies: tuple[Document, ...]
    limits: tuple[Document, ...] = ()
    """A permissions boundary and a session policy: each must allow as well, and none gives anything."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One action on one resource that a call needs; a call has one or several."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    resource_policy: Document | None = None
    resource_account: str = ""
    """Where it isn't in the ARN (S3's name none)."""

    @property
    def account(self) -> str:
        parts = self.resource.split(":")
        return self.resource_account or (parts[4] if len(parts) > 4 else "")


def denied_because(demand: Demand, principal: Principal) -> str | None:
    """Why it is denied, as AWS's messages put it; None where it is allowed."""
    context = {
        "aws:principalarn": (principal.identity_arn,),
        "aws:principalaccount": (principal.account,),
        **demand.context,
    }
    for document in (*principal.policies, *principal.limits):
        if _some(document, "Deny", demand, context):
            return "with an explicit deny in an identity-based policy"
    speaking = [
        statement for statement in demand.resource_policy or () if _grade(statement, principal) is not None
    ]
    if _some(speaking, "Deny", demand, context):
        return "with an explicit deny in a resource-based policy"
    for document in principal.limits:
        if not _some(document, "Allow", demand, context):
            return f"because no permissions boundary or session policy allows the {demand.action} action"

    by_identity = any(_some(document, "Allow", demand, context) for document in principal.policies)
    # A resource's policy that names the account lets the account's own policies decide.
    named = [statement for statement in speaking if _grade(statement, principal) == "itself"]
    by_name = _some(named, "Allow", demand, context)
    by_account = _some(speaking, "Allow", demand, context)
    is_other_account = demand.account not in ("", "aws", principal.account)
    if is_other_account or _needs_resource_policy(demand.action):
        if not by_account:
            return f"because no resource-based policy allows the {demand.action} action"
        if by_identity or (by_name and not is_other_account):
            return None
    elif by_identity or by_name:
        return None
    return f"because no identity-based policy allows the {demand.action} action"


def _needs_resource_policy(action: str) -> bool:
    """A key is used only as its key policy allows, a role assumed only as its trust policy does."""
    service, _, name = action.partition(":")
    without_key = {"CreateKey", "ListKeys", "ListAliases", "CreateAlias", "GenerateRandom"}
    return (service == "kms" and name not in without_key) or action == "sts:AssumeRole"


def _some(statements: Iterable[Statement], effect: str, demand: Demand, context: Context) -> bool:
    return any(
        statement.effect == effect
        and statement.covers(demand.action, demand.resource, context)
        and hold(statement.conditions, context)
        for statement in statements
    )


def _grade(statement: Statement, principal: Principal) -> str | None:
    """Whether a resource's statement speaks of the caller ``itself``, or of its ``account``."""
    for given in statement.principals or ():
        if given in ("*", principal.arn, principal.identity_arn):
            return "itself"
    for given in statement.principals or ():
        if given in (principal.account, f"arn:aws:iam::{principal.account}:root"):
            return "account"
    return None
