"""What a container gets is decided as ECS documents it."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.localaws.ecs.fargate_sizes import is_fargate_size
from deployments.localaws.ecs.plans import SecretReference, log_stream_name, plan_containers

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-AbCdEf"


def definition(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "image": "i", "command": ["run"], **fields}


def override(**fields: Any) -> dict[str, Any]:
    return {"containerOverrides": [{"name": "main", **fields}]}


def test_an_override_replaces_the_command_but_not_the_entry_point() -> None:
    (plan,) = plan_containers([definition(entryPoint=["sh", "-c"])], override(command=["other"]))
    assert plan.command == ("sh", "-c", "other")


def test_an_override_adds_to_the_environment_and_wins() -> None:
    given = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
    overridden = override(environment=[{"name": "B", "value": "2"}])
    (plan,) = plan_containers([definition(environment=given)], overridden)
    assert plan.environment == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("given", "seconds"), [({}, 30), ({"stopTimeout": 90}, 90), ({"stopTimeout": 300}, 120)]
)
def test_a_container_has_30_seconds_to_stop_unless_it_says_otherwise_and_120_at_most(
    given: dict[str, Any], seconds: int
) -> None:
    assert plan_containers([definition(**given)], {})[0].stop_timeout_s == seconds


def test_a_container_is_essential_unless_it_says_otherwise() -> None:
    plans = plan_containers([definition(), definition(name="side", essential=False)], {})
    assert [plan.is_essential for plan in plans] == [True, False]


def test_a_log_stream_is_named_by_prefix_container_and_task() -> None:
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "p"}
    log = {"logDriver": "awslogs", "options": options}
    assert log_stream_name(plan_containers([definition(logConfiguration=log)], {})[0], "t") == "p/main/t"


def test_a_secret_is_a_whole_one_or_a_key_of_its_json() -> None:
    assert SecretReference.parse(SECRET) == SecretReference(arn=SECRET)
    assert SecretReference.parse(f"{SECRET}:key::") == SecretReference(arn=SECRET, json_key="key")
    with pytest.raises(ValueError, match="Secrets Manager"):
        SecretReference.parse("/a/parameter")


@pytest.mark.parametrize(
    ("cpu", "memory", "is_one"),
    [
        ("256", "512", True),
        ("1024", "2048", True),
        ("8192", "20480", True),
        ("256", "4096", False),
        ("300", "512", False),
        ("8192", "17408", False),
        (None, "512", False),
        ("1 vCPU", "2 GB", True),
    ],
)
def test_fargate_has_the_sizes_that_aws_documents(cpu: str | None, memory: str, is_one: bool) -> None:
    assert is_fargate_size(cpu, memory) == is_one
