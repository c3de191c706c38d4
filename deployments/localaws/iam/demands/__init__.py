"""What each call demands: which actions on which resources, with what is known of the request.

Which resources an action checks is AWS's Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable

from deployments.localaws.iam.demands import compute, kms, rds, s3, secretsmanager
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.wire import Request

_SERVICES: dict[str, Callable[[Request, Facts], list[Demand]]] = {
    "rds": rds.demands,
    "s3": s3.demands,
    "secretsmanager": secretsmanager.demands,
    "kms": kms.demands,
    "ecs": compute.ecs,
    "iam": compute.iam,
    "logs": compute.logs,
    "sqs": compute.sqs,
    "sts": compute.sts,
}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: nobody can be denied it.
_ALWAYS_ALLOWED = {("sts", "GetCallerIdentity")}
# Where the prefix of an action isn't the name that requests are signed for.
_PREFIXES = {"tagging": "tag", "monitoring": "cloudwatch"}


def demands_of(request: Request, facts: Facts) -> list[Demand]:
    """All must be allowed. A call that nothing is known of demands its action on ``*``: only that allows it."""
    if (request.service, request.action) in _ALWAYS_ALLOWED:
        return []
    make = _SERVICES.get(request.service)
    if make is not None:
        return make(request, facts)
    prefix = _PREFIXES.get(request.service, request.service)
    return [Demand(action=f"{prefix}:{request.action}", resource="*")]
