"""Calls of KMS, and what other services ask of a key in the caller's name.

https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from __future__ import annotations

from deployments.localaws.iam.demands.request_tags import request_tags, resource_tags, tags_of
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.iam.patterns import Context
from deployments.localaws.wire import Request

_WITHOUT_KEY = {"CreateKey", "ListKeys", "ListAliases", "GenerateRandom"}


def demands(request: Request, facts: Facts) -> list[Demand]:
    given = request.parameters
    context = request_tags(tags_of(given))
    if request.action in _WITHOUT_KEY:
        return [Demand(action=f"kms:{request.action}", resource="*", context=context)]
    key = given.get("KeyId") or given.get("TargetKeyId") or given.get("AliasName") or ""
    return [_on_key(f"kms:{request.action}", facts.key_arn(key), facts, context)]


def via_service(
    service: str, actions: tuple[str, ...], key: str | None, facts: Facts, **context: tuple[str, ...]
) -> list[Demand]:
    """What ``service`` asks of a customer's key for the caller. AWS's own keys ask nothing of the caller."""
    if not key:
        return []
    arn = facts.key_arn(key)
    if facts.is_managed_by_aws(arn):
        return []
    known = {
        "kms:viaservice": (f"{service}.{facts.region}.amazonaws.com",),
        "kms:calleraccount": (facts.account,),
        **{key.replace("__", ":"): values for key, values in context.items()},
    }
    return [_on_key(f"kms:{action}", arn, facts, known) for action in actions]


def _on_key(action: str, arn: str, facts: Facts, context: Context) -> Demand:
    return Demand(
        action=action,
        resource=arn,
        context={**context, **resource_tags(facts.key_tags(arn))},
        resource_policy=facts.key_policy(arn),
    )
