"""Calls of Secrets Manager.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
"""

from __future__ import annotations

from deployments.localaws.iam.demands.kms import via_service
from deployments.localaws.iam.demands.request_tags import (
    removed_tag_keys,
    request_tags,
    resource_tags,
    tags_of,
)
from deployments.localaws.iam.documents import read_document
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.wire import Request

_WITHOUT_SECRET = {"ListSecrets", "GetRandomPassword", "BatchGetSecretValue"}
_WRITING = {"CreateSecret", "PutSecretValue", "UpdateSecret"}


def demands(request: Request, facts: Facts) -> list[Demand]:
    given, action = request.parameters, request.action
    tags = tags_of(given)
    context = {**request_tags(tags)}
    if keys := removed_tag_keys(given):
        context["aws:tagkeys"] = keys
    if action in _WITHOUT_SECRET:
        return [Demand(action=f"secretsmanager:{action}", resource="*", context=context)]
    name = given.get("SecretId") or given.get("Name", "")
    secret = facts.secret(name)
    # The six characters at the end of an ARN come with the secret: before, there are none to match.
    arn = (
        str(secret.arn)
        if secret is not None
        else name
        if name.startswith("arn:")
        else facts.arn("secretsmanager", f"secret:{name}")
    )
    context |= resource_tags(facts.secret_tags(secret), "secretsmanager:resourcetag")
    if action == "CreateSecret":
        context["secretsmanager:name"] = (name,)
    policy = read_document(secret.policy) if secret is not None and secret.policy else None
    needed = [
        Demand(
            action=f"secretsmanager:{each}",
            resource=arn,
            context=context,
            resource_policy=policy,
        )
        for each in (action, *(("TagResource",) if tags and action == "CreateSecret" else ()))
    ]
    key = given.get("KmsKeyId") or getattr(secret, "kms_key_id", None)
    if action in _WRITING:
        needed += via_service("secretsmanager", ("GenerateDataKey", "Decrypt"), key, facts)
    elif action == "GetSecretValue":
        needed += via_service("secretsmanager", ("Decrypt",), key, facts)
    return needed
