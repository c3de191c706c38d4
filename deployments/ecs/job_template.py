"""The pool's base job template, from what the pool is made of. Pure.

All that decides what runs, as whom and where is a literal in it, not a variable: whoever may start a run could else
run any image or command with the task role, and read raw data. A run may choose its size, and nothing more.

``env`` is absent on purpose. Were it a mapping, Prefect would merge a run's ``env`` into it, though it is no variable
(``BaseJobConfiguration.from_template_and_values``). The variables stand in the container definition instead.
"""

from __future__ import annotations

from typing import Any

from deployments.ecs.pool import EcsPool

CONTAINER = "prefect"  # by this name prefect-aws's observer knows the container whose exit code counts
COMMAND = "prefect flow-run execute"
USER = "10001:10001"  # as in the Dockerfile
SCRATCH = "/scratch"  # the one place that can be written to; as in the Dockerfile

# Fargate's sizes from 1 vCPU on: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
CPU_UNITS = (1024, 2048, 4096, 8192, 16384)
MEMORY_MIB = tuple(
    gib * 1024 for gib in (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 48, 60, 64, 96, 120)
)
DEFAULT_CPU_UNITS = 2048
DEFAULT_MEMORY_MIB = 8192

STOP_TIMEOUT_S = (
    120  # the most that Fargate grants; Prefect gives a flow's `finally` 30 s of it, and then stops the rest
)
HEARTBEAT_S = 30  # the least that Prefect takes; lost_heartbeat's automation counts in it


def base_job_template(pool: EcsPool) -> dict[str, Any]:
    """What ``prefect work-pool create --base-job-template`` takes."""
    configuration: dict[str, Any] = {
        "command": COMMAND,
        "cluster": pool.cluster,
        "container_name": CONTAINER,
        # A worker that comes anew finds the definition that its predecessor registered.
        "match_latest_revision_in_family": True,
        "task_definition": _task_definition(pool),
        "task_run_request": _task_run_request(pool),
    }
    if pool.prefect_api_auth_string_secret_arn:
        # The worker then keeps its own copy out of the task's environment.
        configuration["prefect_api_auth_string_secret_arn"] = pool.prefect_api_auth_string_secret_arn
    return {"job_configuration": configuration, "variables": _variables()}


def _variables() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "cpu": {
                "type": "integer",
                "title": "CPU",
                "description": "CPU units of the task; 1024 are one vCPU.",
                "enum": list(CPU_UNITS),
                "default": DEFAULT_CPU_UNITS,
            },
            "memory": {
                "type": "integer",
                "title": "Memory",
                "description": "Memory of the task in MiB. Fargate has not every size with every CPU.",
                "enum": list(MEMORY_MIB),
                "default": DEFAULT_MEMORY_MIB,
            },
        },
    }


def _task_definition(pool: EcsPool) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "family": pool.family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "{{ cpu }}",
        "memory": "{{ memory }}",
        "taskRoleArn": pool.task_role_arn,
        "executionRoleArn": pool.execution_role_arn,
        "containerDefinitions": [_container(pool)],
        "volumes": [{"name": "scratch"}],
    }
    if pool.ephemeral_storage_gib:
        definition["ephemeralStorage"] = {"sizeInGiB": pool.ephemeral_storage_gib}
    return definition


def _container(pool: EcsPool) -> dict[str, Any]:
    environment = {
        **pool.environment,
        "PREFECT_API_URL": pool.prefect_api_url,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        # Else SIGTERM (StopTask, a Fargate retirement) ends the flow without its `finally`, and without a word.
        "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": "reschedule",
    }
    return {
        "name": CONTAINER,
        "image": pool.image,
        "command": COMMAND.split(),
        "essential": True,
        "cpu": "{{ cpu }}",
        "memory": "{{ memory }}",
        "user": USER,
        "readonlyRootFilesystem": True,
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": SCRATCH}],
        "linuxParameters": {"initProcessEnabled": True},
        "stopTimeout": STOP_TIMEOUT_S,
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": pool.log_group,
                "awslogs-region": pool.region,
                "awslogs-stream-prefix": pool.family,
            },
        },
    }


def _task_run_request(pool: EcsPool) -> dict[str, Any]:
    return {
        "launchType": "FARGATE",
        "cluster": pool.cluster,
        "enableExecuteCommand": False,
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(pool.subnet_ids),
                "securityGroups": list(pool.security_group_ids),
                "assignPublicIp": "DISABLED",
            }
        },
        "overrides": {
            "cpu": "{{ cpu }}",
            "memory": "{{ memory }}",
            # The worker adds the run's id to its environment, and needs it here for that.
            "containerOverrides": [{"name": CONTAINER, "cpu": "{{ cpu }}", "memory": "{{ memory }}"}],
        },
    }
