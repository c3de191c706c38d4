"""A task, from PROVISIONING to STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deployments.localaws.ecs.agent import Agent
from deployments.localaws.ecs.containers import CannotStartContainer, Container, Log
from deployments.localaws.ecs.events import send_task_event
from deployments.localaws.ecs.log_streams import NoLogGroup, open_stream
from deployments.localaws.ecs.network import NetworkInterface
from deployments.localaws.ecs.plans import ContainerPlan, log_stream_name
from deployments.localaws.ecs.secret_values import SecretUnavailable, read_secrets

Description = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """What RunTask asked for, with what its task definition says."""

    cluster_arn: str
    definition_arn: str
    plans: list[ContainerPlan]
    task_role_arn: str
    execution_role_arn: str
    cpu: str
    memory: str
    launch_type: str
    group: str
    started_by: str
    overrides: Description
    network: NetworkInterface | None
    account_id: str
    region: str


class Task:
    """moto keeps it and reads ``task_arn``, ``cluster_arn``, ``tags`` and ``desired_status``; so it needs moto's names.

    All that changes does so under the lock of ``agent.jobs``.
    """

    def __init__(self, request: TaskRequest, agent: Agent, *, tags: list[dict[str, str]]) -> None:
        self.id = uuid.uuid4().hex
        self.request = request
        self.tags = tags
        self.cluster_arn = request.cluster_arn
        cluster = request.cluster_arn.rpartition("/")[2]
        prefix = f"arn:aws:ecs:{request.region}:{request.account_id}"
        self.task_arn = f"{prefix}:task/{cluster}/{self.id}"
        self.task_definition_arn = request.definition_arn
        self.container_instance_arn: str | None = None
        self.started_by = request.started_by
        self.desired_status = "RUNNING"
        self.last_status = ""
        self.stop_code = ""
        self.stopped_reason = ""
        self._times: dict[str, datetime] = {"createdAt": datetime.now(UTC)}
        self._version = 0
        self._agent = agent
        self._credentials_path = ""
        self.containers = [
            Container(
                plan,
                arn=f"{prefix}:container/{cluster}/{self.id}/{uuid.uuid4()}",
                directory=agent.new_directory(),
            )
            for plan in request.plans
        ]

    def begin(self) -> None:
        self._enter("PROVISIONING")
        self._agent.jobs.start(self._live)

    def stop(self, reason: str) -> None:
        """What StopTask does: the task sees it by itself. Stopping what is stopped changes nothing."""
        with self._agent.jobs.lock:
            if self.desired_status != "STOPPED":
                self._shall_stop("UserInitiated", reason or "Task stopped by user")

    def _live(self) -> None:
        try:
            self._stay()
            self._enter("PENDING")
            self._stay()
            if self.desired_status == "RUNNING" and self._start_containers():
                self._enter("RUNNING", "startedAt")
                self._agent.jobs.wait_until(self._is_to_stop)
                self._enter("DEACTIVATING")
                self._stop_containers()
        finally:  # local AWS may be ending meanwhile
            for container in self.containers:
                container.discard()
            self._agent.credentials.close(self._credentials_path)
        self._enter("DEPROVISIONING", "executionStoppedAt")
        self._stay()
        if self.request.network is not None:
            self.request.network.delete()
        self._enter("STOPPED", "stoppedAt")

    def _stay(self) -> None:
        self._agent.jobs.wait(self._agent.jobs.least_s)

    def _is_to_stop(self) -> bool:
        ended = [
            container.has_ended() for container in self.containers
        ]  # each is asked: it is how they are reaped
        pairs = zip(self.containers, ended, strict=True)
        if any(has_ended and container.plan.is_essential for container, has_ended in pairs) or all(ended):
            with self._agent.jobs.lock:
                if self.desired_status != "STOPPED":
                    self._shall_stop("EssentialContainerExited", "Essential container in task exited")
        return self.desired_status == "STOPPED"

    def _stop_containers(self) -> None:
        self._enter("STOPPING")
        began = time.monotonic()
        for container in self.containers:
            container.terminate()
        for container in self.containers:
            self._await_end(container, began + container.plan.stop_timeout_s)

    def _await_end(self, container: Container, until: float) -> None:
        """Its end by itself, or SIGKILL at a moment of ``time.monotonic``."""
        self._agent.jobs.wait_until(lambda: container.has_ended() or time.monotonic() > until)
        container.kill()
        self._agent.jobs.wait_until(container.has_ended)

    def _start_containers(self) -> bool:
        """Whether all of them have started; if not, the task says why."""
        for container in self.containers:
            try:
                self._start(container)
            except _CannotStart as error:
                with self._agent.jobs.lock:
                    container.reason = str(error)
                    self._shall_stop("TaskFailedToStart", str(error))
                return False
        return True

    def _start(self, container: Container) -> None:
        plan, request = container.plan, self.request
        image = self._agent.images.get(plan.image)
        if image is None:
            raise _CannotStart(
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {plan.image}: not found"
            )
        try:
            values = read_secrets(
                plan.secrets, role_arn=request.execution_role_arn, task_id=self.id, agent=self._agent
            )
            log: Log = _nowhere
            if plan.log_options is not None:
                stream = log_stream_name(plan, self.id)
                log = open_stream(
                    plan.log_options, stream, account_id=request.account_id, region=request.region
                )
        except (SecretUnavailable, NoLogGroup) as error:
            raise _CannotStart(f"ResourceInitializationError: {error}") from None
        try:
            container.start(image, {**plan.environment, **values, **self._environment()}, log)
        except CannotStartContainer as error:
            raise _CannotStart(f"CannotStartContainerError: {error}") from None

    def _environment(self) -> dict[str, str]:
        """What Fargate adds, and where AWS is."""
        agent, request = self._agent, self.request
        added = {
            "AWS_REGION": request.region,
            "AWS_DEFAULT_REGION": request.region,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": agent.endpoint_url(),
        }
        if request.task_role_arn:
            if not self._credentials_path:
                self._credentials_path = agent.credentials.open(
                    request.task_role_arn, self.id, region=request.region
                )
            added["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.endpoint_url() + self._credentials_path
        return added

    def _shall_stop(self, code: str, reason: str) -> None:
        self.desired_status = "STOPPED"
        self.stop_code = code
        self.stopped_reason = reason
        self._times["stoppingAt"] = datetime.now(UTC)

    def _enter(self, status: str, time_name: str | None = None) -> None:
        with self._agent.jobs.lock:
            self.last_status = status
            self._version += 1
            if time_name:
                self._times[time_name] = datetime.now(UTC)
            detail = {**self.describe(), "updatedAt": datetime.now(UTC)}
        send_task_event(detail, account_id=self.request.account_id, region=self.request.region)

    def describe(self) -> Description:
        """As DescribeTasks gives it, without the tags, and as events carry it."""
        request = self.request
        description: Description = {
            "taskArn": self.task_arn,
            "clusterArn": self.cluster_arn,
            "taskDefinitionArn": self.task_definition_arn,
            "lastStatus": self.last_status,
            "desiredStatus": self.desired_status,
            "version": self._version,
            "cpu": request.cpu,
            "memory": request.memory,
            "group": request.group,
            "launchType": request.launch_type,
            "platformVersion": "1.4.0",
            "connectivity": "CONNECTED",
            "overrides": {"containerOverrides": [], **request.overrides},
            "attachments": [request.network.describe()] if request.network else [],
            "containers": [self._describe_container(container) for container in self.containers],
            **self._times,
        }
        if request.started_by:
            description["startedBy"] = request.started_by
        if self.stop_code:
            description |= {"stopCode": self.stop_code, "stoppedReason": self.stopped_reason}
        return description

    def _describe_container(self, container: Container) -> Description:
        has_started = self.last_status not in {"PROVISIONING", "PENDING"}
        description: Description = {
            "containerArn": container.arn,
            "taskArn": self.task_arn,
            "name": container.plan.name,
            "image": container.plan.image,
            "lastStatus": "RUNNING" if has_started else "PENDING",
            "networkInterfaces": [],
        }
        if container.exit_code is not None:
            description |= {"lastStatus": "STOPPED", "exitCode": container.exit_code}
        elif self.last_status in {"DEPROVISIONING", "STOPPED"}:
            description["lastStatus"] = "STOPPED"
        if container.reason:
            description["reason"] = container.reason
        return description


class _CannotStart(Exception):
    """The message is the task's ``stoppedReason``."""


def _nowhere(_line: str) -> None:
    """The log of a container that has none."""
