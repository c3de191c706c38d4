"""Calls of ECS, IAM, STS, SQS and CloudWatch Logs, as far as a role of this project may make them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re

from deployments.localaws.iam.demands.request_tags import request_tags, tags_of
from deployments.localaws.iam.evaluation import Demand
from deployments.localaws.iam.facts import Facts
from deployments.localaws.wire import Request

_IAM_RESOURCES = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "PolicyName": "policy",
    "InstanceProfileName": "instance-profile",
}


def ecs(request: Request, facts: Facts) -> list[Demand]:
    given, action = request.parameters, request.action
    context = {**request_tags(tags_of(given))}
    cluster = given.get("cluster", "default")
    cluster_arn = cluster if cluster.startswith("arn:") else facts.arn("ecs", f"cluster/{cluster}")
    context["ecs:cluster"] = (cluster_arn,)
    resource = "*"
    if action == "RunTask":
        definition = given.get("taskDefinition", "")
        resource = (
            definition if definition.startswith("arn:") else facts.arn("ecs", f"task-definition/{definition}")
        )
    elif action == "StopTask":
        resource = _task_arn(given.get("task", ""), cluster_arn)
    elif action == "DescribeTasks":
        resource = _task_arn(given.get("tasks.1", ""), cluster_arn)
    passed = {
        value
        for name, value in given.items()
        if re.fullmatch(r"(overrides\.)?(taskRoleArn|executionRoleArn)", name)
    }
    return [
        Demand(action=f"ecs:{action}", resource=resource, context=context),
        *(
            Demand(
                action="iam:PassRole",
                resource=role,
                context={"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)},
            )
            for role in sorted(passed | _roles_of_definition(action, resource))
        ),
    ]


def _task_arn(task: str, cluster_arn: str) -> str:
    if task.startswith("arn:"):
        return task
    return cluster_arn.replace(":cluster/", ":task/") + f"/{task}"


def _roles_of_definition(action: str, arn: str) -> set[str]:
    """Running a task passes the roles that its definition names."""
    if action != "RunTask":
        return set()
    from moto.ecs.models import ecs_backends

    _, _, _, region, account, name = arn.split(":", 5)
    family, _, revision = name.removeprefix("task-definition/").partition(":")
    revisions = ecs_backends[account][region].task_definitions.get(family, {})
    if not revisions:
        return set()
    definition = revisions.get(int(revision)) if revision.isdigit() else revisions[max(revisions)]
    roles = (getattr(definition, name, None) for name in ("task_role_arn", "execution_role_arn"))
    return {str(role) for role in roles if role}


def iam(request: Request, facts: Facts) -> list[Demand]:
    given = request.parameters
    named = [
        f"arn:aws:iam::{facts.account}:{kind}/{given[name]}"
        for name, kind in _IAM_RESOURCES.items()
        if given.get(name)
    ]
    context = dict(request_tags(tags_of(given)))
    if given.get("PolicyArn"):
        context["iam:policyarn"] = (given["PolicyArn"],)
    return [Demand(action=f"iam:{request.action}", resource=named[0] if named else "*", context=context)]


def sts(request: Request, facts: Facts) -> list[Demand]:
    role = request.parameters.get("RoleArn", "")
    if request.action != "AssumeRole" or not role.startswith("arn:"):
        return [Demand(action=f"sts:{request.action}", resource=role or "*")]
    external = request.parameters.get("ExternalId")
    return [
        Demand(
            action="sts:AssumeRole",
            resource=role,
            context={"sts:externalid": (external,)} if external else {},
            resource_policy=facts.trust_policy(role),
        )
    ]


def sqs(request: Request, facts: Facts) -> list[Demand]:
    name = request.parameters.get("QueueUrl", "").rsplit("/", 1)[-1] or request.parameters.get("QueueName")
    return [Demand(action=f"sqs:{request.action}", resource=facts.arn("sqs", name) if name else "*")]


def logs(request: Request, facts: Facts) -> list[Demand]:
    given = request.parameters
    group, stream = given.get("logGroupName"), given.get("logStreamName")
    if not group:
        return [Demand(action=f"logs:{request.action}", resource="*")]
    rest = f"log-group:{group}:log-stream:{stream}" if stream else f"log-group:{group}"
    return [Demand(action=f"logs:{request.action}", resource=facts.arn("logs", rest))]
