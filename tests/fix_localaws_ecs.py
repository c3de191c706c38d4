"""pytest plugin: short ways to run tasks on local AWS's ECS."""

from __future__ import annotations

import itertools
import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fix_localaws import ACCOUNT, wait_until

if TYPE_CHECKING:
    from deployments.localaws import LocalAws

IMAGE = "example.com/worker@sha256:" + "0" * 64
"""An image of this Python and a shell."""


class Ecs:
    """A cluster of one account, a queue that hears of its tasks, and roles."""

    def __init__(self, aws: LocalAws, *, account_id: str = ACCOUNT) -> None:
        self.aws = aws
        self.account_id = account_id
        self.ecs: Any = self.client("ecs")
        self.name = f"ecs-{uuid.uuid4().hex[:8]}"
        self._numbers = itertools.count(1)
        self.ecs.create_cluster(clusterName=self.name)
        self.task_role = self.role("task")
        self.execution_role = self.role("execution")
        self.queue_url = self._listen()
        vpc = self.client("ec2").describe_subnets()["Subnets"]
        self.network = {"awsvpcConfiguration": {"subnets": [vpc[0]["SubnetId"]], "securityGroups": []}}

    def client(self, service: str) -> Any:
        return self.aws.client(service, account_id=self.account_id)

    def role(self, name: str) -> str:
        made = self.client("iam").create_role(RoleName=f"{self.name}-{name}", AssumeRolePolicyDocument="{}")
        return str(made["Role"]["Arn"])

    def _listen(self) -> str:
        sqs, events = self.client("sqs"), self.client("events")
        url: str = sqs.create_queue(QueueName=self.name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        cluster = f"arn:aws:ecs:{self.aws.region}:{self.account_id}:cluster/{self.name}"
        pattern = {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {"clusterArn": [cluster]},
        }
        events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": arn}])
        return url

    def define(self, *command: str, task: dict[str, Any] | None = None, **container: Any) -> str:
        """The ARN of a task definition with one container called ``main``."""
        defined = self.ecs.register_task_definition(
            family=f"{self.name}-{next(self._numbers)}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            taskRoleArn=self.task_role,
            executionRoleArn=self.execution_role,
            containerDefinitions=[
                {"name": "main", "image": IMAGE, "command": list(command), "essential": True, **container}
            ],
            **(task or {}),
        )
        return str(defined["taskDefinition"]["taskDefinitionArn"])

    def run(self, definition: str, **options: Any) -> str:
        """The ARN of a task that has been asked for."""
        answer = self.ecs.run_task(
            cluster=self.name,
            taskDefinition=definition,
            launchType="FARGATE",
            **{"networkConfiguration": self.network, **options},
        )
        return str(answer["tasks"][0]["taskArn"])

    def describe(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_tasks(cluster=self.name, tasks=[task], include=["TAGS"])[
            "tasks"
        ][0]
        return found

    def wait(self, task: str, status: str = "STOPPED") -> dict[str, Any]:
        wait_until(lambda: self.describe(task)["lastStatus"] in {status, "STOPPED"})
        return self.describe(task)

    def stop(self, task: str, **options: Any) -> None:
        self.ecs.stop_task(cluster=self.name, task=task, **options)

    def events(self, task: str) -> list[dict[str, Any]]:
        """What the queue heard of a task until it had stopped, in the order of its versions."""
        heard: dict[int, dict[str, Any]] = {}
        sqs = self.client("sqs")

        def has_stopped() -> bool:
            for message in sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                event = json.loads(message["Body"])
                if event["detail"]["taskArn"] == task:
                    heard[event["detail"]["version"]] = event
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            return any(event["detail"]["lastStatus"] == "STOPPED" for event in heard.values())

        wait_until(has_stopped)
        return [heard[version] for version in sorted(heard)]

    def log(self, group: str, task: str, prefix: str = "run") -> list[str]:
        stream = f"{prefix}/main/{task.rpartition('/')[2]}"
        found = self.client("logs").get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in found["events"]]


@pytest.fixture(scope="session")
def ecs(local_aws: LocalAws) -> Iterator[Ecs]:
    """A cluster on the shared local AWS."""
    from deployments.localaws.ecs.images import Image  # as moto, only where it's used

    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    local_aws.images[IMAGE] = Image(directory=Path("/"), environment={"PATH": path, "FROM_IMAGE": "yes"})
    yield Ecs(local_aws)
    del local_aws.images[IMAGE]
