"""What a work pool on ECS needs around it, made on local AWS: a cluster, roles, a log group, the worker's queue."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from blocks.config_root import CHECKOUT
from deployments.demo.world import World
from deployments.ecs.pool import EcsPool
from deployments.localaws.ecs.images import Image

CLUSTER = "refresh"
LOG_GROUP = "/refresh/tasks"
QUEUE = "refresh-ecs-events"
IMAGE = f"local/refresh@sha256:{'0' * 64}"
"""There is no docker here: it stands for this checkout with its virtual environment."""

_ECS_TASKS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def make_ecs(world: World, *, prefect_api_url: str, environment: Mapping[str, str]) -> EcsPool:
    """Make it all in the world's account, and say what the pool is made of."""
    aws = world.aws
    cluster = aws.client("ecs").create_cluster(clusterName=CLUSTER)["cluster"]["clusterArn"]
    roles = [_make_role(world, f"refresh-{name}") for name in ("task", "execution")]
    aws.client("logs").create_log_group(logGroupName=LOG_GROUP)
    _make_queue(world, cluster)
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="refresh-task", Description="Tasks that refresh", VpcId=vpc)
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    aws.images[IMAGE] = Image(
        directory=CHECKOUT,
        environment={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONUNBUFFERED": "1"},
    )
    return EcsPool(
        image=IMAGE,
        region=aws.region,
        cluster=cluster,
        task_role_arn=roles[0],
        execution_role_arn=roles[1],
        subnet_ids=tuple(subnet["SubnetId"] for subnet in subnets),
        security_group_ids=(group["GroupId"],),
        log_group=LOG_GROUP,
        prefect_api_url=prefect_api_url,
        environment={"REFRESH_CONFIG_ROOT": str(world.config_root), **environment},
    )


def worker_environment(world: World) -> dict[str, str]:
    """What an ECS worker needs to reach local AWS and hear of its tasks."""
    return {
        "AWS_ENDPOINT_URL": world.aws.endpoint_url,
        "AWS_DEFAULT_REGION": world.aws.region,
        "AWS_ACCESS_KEY_ID": world.aws.account_id,
        "AWS_SECRET_ACCESS_KEY": "local",
        "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME": QUEUE,
    }


def _make_role(world: World, name: str) -> str:
    iam = world.aws.client("iam")
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_ECS_TASKS))["Role"]["Arn"])


def _make_queue(world: World, cluster_arn: str) -> None:
    """ECS tells EventBridge of each change of a task, and a rule passes it on to the queue that the worker reads."""
    sqs, events = world.aws.client("sqs"), world.aws.client("events")
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"clusterArn": [cluster_arn]},
    }
    events.put_rule(Name=QUEUE, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=QUEUE, Targets=[{"Id": "worker", "Arn": arn}])
