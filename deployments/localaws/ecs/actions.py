"""moto's ECS with its tasks replaced by ones that run.

moto keeps clusters, task definitions, services and tags; RunTask, StopTask, DescribeTasks and ListTasks are answered
here. It is hooked in as RDS is: see ``deployments/localaws/rds.py``.
"""

from __future__ import annotations

from typing import Any

import moto.ecs.models
import moto.ecs.urls
from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

from deployments.localaws.ecs.agent import Agent
from deployments.localaws.ecs.fargate_sizes import is_fargate_size
from deployments.localaws.ecs.network import attach
from deployments.localaws.ecs.plans import plan_containers
from deployments.localaws.ecs.tasks import Description, Task, TaskRequest

_MOST_TASKS = 10  # of one RunTask

_agent: Agent | None = None


class EcsBackend(EC2ContainerServiceBackend):
    """moto's backend of one account and region; ``tasks`` holds ours."""

    __module__ = "moto.ecs.models"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        if _agent is None:
            raise RuntimeError("no local AWS is running in this process")
        self.agent = _agent

    def run(self, given: dict[str, Any]) -> list[Task]:
        cluster = self._get_cluster(given.get("cluster") or "default")
        definition: Any = self.describe_task_definition(given["taskDefinition"])
        if definition.status != "ACTIVE":
            raise EcsClientException("TaskDefinition is inactive")
        overrides = given.get("overrides") or {}
        cpu, memory = (overrides.get(name) or getattr(definition, name) or "" for name in ("cpu", "memory"))
        if not is_fargate_size(cpu, memory):
            raise EcsClientException(
                f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
            )
        try:
            plans = plan_containers(definition.container_definitions, overrides)
        except ValueError as error:
            raise InvalidParameterException(str(error)) from None
        tasks = []
        for _ in range(min(int(given.get("count") or 1), _MOST_TASKS)):
            request = TaskRequest(
                cluster_arn=cluster.arn,
                definition_arn=definition.arn,
                plans=plans,
                task_role_arn=overrides.get("taskRoleArn")
                or getattr(definition, "task_role_arn", None)
                or "",
                execution_role_arn=(
                    overrides.get("executionRoleArn") or getattr(definition, "execution_role_arn", None) or ""
                ),
                cpu=cpu,
                memory=memory,
                launch_type="FARGATE",
                group=given.get("group") or f"family:{definition.family}",
                started_by=given.get("startedBy") or "",
                overrides=overrides,
                network=attach(
                    given.get("networkConfiguration"), account_id=self.account_id, region=self.region_name
                ),
                account_id=self.account_id,
                region=self.region_name,
            )
            task = Task(request, self.agent, tags=list(given.get("tags") or []))
            held: Any = self.tasks.setdefault(cluster.name, {})
            held[task.task_arn] = task
            task.begin()
            tasks.append(task)
        return tasks

    def find(self, cluster: str, identifier: str) -> Task | None:
        """By ARN or by its last part."""
        held: Any = self.tasks.get(self._get_cluster(cluster).name, {})
        wanted = identifier.rpartition("/")[2]
        found: Task | None = next((task for task in held.values() if task.id == wanted), None)
        return found


class EcsResponse(EC2ContainerServiceResponse):
    __module__ = "moto.ecs.responses"

    @property
    def _backend(self) -> EcsBackend:
        backend: Any = self.ecs_backend
        assert isinstance(backend, EcsBackend)
        return backend

    @property
    def _cluster(self) -> str:
        return str(self._get_param("cluster") or "default")

    def register_task_definition(self) -> ActionResult:
        """Refused as AWS refuses what Fargate couldn't run."""
        if "FARGATE" in (self._get_param("requiresCompatibilities") or []):
            cpu, memory = self._get_param("cpu"), self._get_param("memory")
            if not is_fargate_size(cpu, memory):
                raise EcsClientException(
                    f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
                )
            if not self._get_param("executionRoleArn"):
                for container in self._get_param("containerDefinitions"):
                    if container.get("secrets"):
                        raise EcsClientException(
                            "When you are specifying container secrets, you must also specify a value for"
                            " 'executionRoleArn'."
                        )
                    if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
                        raise EcsClientException(
                            "Fargate requires task definition to have execution role ARN to support log driver"
                            " awslogs."
                        )
        return super().register_task_definition()

    def run_task(self) -> ActionResult:
        names = (
            "cluster",
            "taskDefinition",
            "count",
            "overrides",
            "startedBy",
            "tags",
            "group",
            "networkConfiguration",
        )
        launch_type = self._get_param("launchType")
        providers = [item["capacityProvider"] for item in self._get_param("capacityProviderStrategy") or []]
        if launch_type not in (None, "FARGATE") or not set(providers) <= {"FARGATE", "FARGATE_SPOT"}:
            raise InvalidParameterException(
                "Local AWS runs tasks on FARGATE alone: it has no container instances."
            )
        with self._backend.agent.jobs.lock:
            tasks = self._backend.run({name: self._get_param(name) for name in names})
            return ActionResult({"tasks": [_with_tags(task) for task in tasks], "failures": []})

    def describe_tasks(self) -> ActionResult:
        identifiers = self._get_param("tasks") or []
        if not identifiers:
            raise InvalidParameterException("Tasks cannot be empty.")
        describe = _with_tags if "TAGS" in (self._get_param("include") or []) else Task.describe
        with self._backend.agent.jobs.lock:
            found = {identifier: self._backend.find(self._cluster, identifier) for identifier in identifiers}
            return ActionResult(
                {
                    "tasks": [describe(task) for task in found.values() if task is not None],
                    "failures": [
                        {"arn": identifier, "reason": "MISSING"}
                        for identifier, task in found.items()
                        if task is None
                    ],
                }
            )

    def list_tasks(self) -> ActionResult:
        """As on AWS, without a ``desiredStatus`` only of those that are to run."""
        wanted = self._get_param("desiredStatus") or "RUNNING"
        family = self._get_param("family")
        started_by = self._get_param("startedBy")
        with self._backend.agent.jobs.lock:
            cluster = self._backend._get_cluster(self._cluster)
            held: Any = self._backend.tasks.get(cluster.name, {})
            found = [
                task.task_arn
                for task in held.values()
                if task.desired_status == wanted
                and (not started_by or task.started_by == started_by)
                and (not family or f":task-definition/{family}:" in task.task_definition_arn)
            ]
        return ActionResult({"taskArns": found})

    def stop_task(self) -> ActionResult:
        with self._backend.agent.jobs.lock:
            task = self._backend.find(self._cluster, self._get_param("task") or "")
            if task is None:
                raise InvalidParameterException("The referenced task was not found.")
            task.stop(self._get_param("reason") or "")
            return ActionResult({"task": task.describe()})


def _with_tags(task: Task) -> Description:
    return {**task.describe(), "tags": task.tags}


def install(agent: Agent) -> None:
    """Let moto's ECS be ours. The process has one at a time."""
    global _agent
    _agent = agent
    moto.ecs.models.ecs_backends.backend = EcsBackend
    moto.ecs.urls.url_paths = {"{0}/$": EcsResponse.dispatch}


def uninstall() -> None:
    """Give moto its own ECS back."""
    global _agent
    _agent = None
    moto.ecs.models.ecs_backends.backend = EC2ContainerServiceBackend
    moto.ecs.urls.url_paths = {"{0}/$": EC2ContainerServiceResponse.dispatch}
