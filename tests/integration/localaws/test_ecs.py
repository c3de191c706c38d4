"""Local AWS's ECS: a task is a process here, and what is said of it is true."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fix_localaws import refused, wait_until
from tests.fix_localaws_ecs import IMAGE, Ecs

# What a container prints of itself, in one line of JSON.
TELL = """
import json, os, boto3
identity = boto3.client("sts").get_caller_identity()["Arn"]
method = boto3.Session().get_credentials().method
print(json.dumps({"identity": identity, "method": method, "environment": dict(os.environ)}))
"""
LOGS = {"awslogs-group": "/tests", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "run"}


def awslogs(**options: str) -> dict[str, Any]:
    return {"logDriver": "awslogs", "options": {**LOGS, "awslogs-create-group": "true", **options}}


def process_ids(ecs: Ecs, mark: str) -> list[int]:
    """Processes of this machine with ``mark`` in their environment, and alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARK={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def exits(ecs: Ecs, script: str, **container: Any) -> dict[str, Any]:
    return ecs.wait(ecs.run(ecs.define("sh", "-c", script, **container)))


def code(task: dict[str, Any]) -> int | None:
    found: int | None = task["containers"][0].get("exitCode")
    return found


@pytest.fixture(autouse=True, scope="module")
def quick_statuses(ecs: Ecs) -> Iterator[None]:
    """A task has six of them on its way."""
    before, ecs.aws.least_status_s = ecs.aws.least_status_s, 0.02
    yield
    ecs.aws.least_status_s = before


class TestWhatAContainerGets:
    @pytest.fixture(scope="class")
    def told(self, ecs: Ecs) -> dict[str, Any]:
        """What one container found, with everything switched on that the product uses."""
        secret = ecs.client("secretsmanager").create_secret(
            Name=f"{ecs.name}-api", SecretString=json.dumps({"key": "k3y", "other": "x"})
        )["ARN"]
        plain = ecs.client("secretsmanager").create_secret(Name=f"{ecs.name}-plain", SecretString="pl4in")[
            "ARN"
        ]
        os.environ["OF_THIS_MACHINE"] = "must not be seen"
        definition = ecs.define(
            "python",
            "-c",
            "print('overridden')",
            environment=[{"name": "DEFINED", "value": "1"}, {"name": "BOTH", "value": "definition"}],
            secrets=[{"name": "KEY", "valueFrom": f"{secret}:key::"}, {"name": "PLAIN", "valueFrom": plain}],
            logConfiguration=awslogs(),
        )
        override = {
            "name": "main",
            "command": ["python", "-c", TELL],
            "environment": [{"name": "BOTH", "value": "override"}],
        }
        task = ecs.run(definition, overrides={"containerOverrides": [override]})
        assert code(ecs.wait(task)) == 0, ecs.log("/tests", task)
        (line,) = ecs.log("/tests", task)
        found: dict[str, Any] = json.loads(line)
        return {**found, "task": task}

    def test_its_credentials_are_a_session_of_the_task_role_named_after_the_task(
        self, ecs: Ecs, told: dict[str, Any]
    ) -> None:
        role, task_id = ecs.task_role.rpartition("/")[2], told["task"].rpartition("/")[2]
        assert told["identity"] == f"arn:aws:sts::{ecs.account_id}:assumed-role/{role}/{task_id}"

    def test_boto3_gets_them_where_it_gets_them_on_aws(self, told: dict[str, Any]) -> None:
        assert told["method"] == "container-role"

    def test_its_environment_is_the_image_s_the_definition_s_and_the_override_s_in_that_order(
        self, told: dict[str, Any]
    ) -> None:
        environment = told["environment"]
        assert (environment["FROM_IMAGE"], environment["DEFINED"], environment["BOTH"]) == (
            "yes",
            "1",
            "override",
        )
        assert environment["AWS_REGION"] == "eu-west-1"
        assert not {"OF_THIS_MACHINE", "PREFECT_HOME", "AWS_ACCESS_KEY_ID"} & environment.keys()

    def test_its_secrets_are_resolved(self, told: dict[str, Any]) -> None:
        assert (told["environment"]["KEY"], told["environment"]["PLAIN"]) == ("k3y", "pl4in")

    def test_what_it_wrote_is_gone_with_it(self, told: dict[str, Any]) -> None:
        assert not Path(told["environment"]["HOME"]).exists()


class TestHowATaskEnds:
    def test_by_itself_with_the_exit_code_of_its_process(self, ecs: Ecs) -> None:
        task = exits(ecs, "exit 3")
        assert (code(task), task["stopCode"]) == (3, "EssentialContainerExited")
        assert task["stoppedReason"] == "Essential container in task exited"

    def test_killed_from_outside_with_137(self, ecs: Ecs) -> None:
        task = exits(ecs, "kill -KILL $$")
        assert (code(task), task["stopCode"]) == (137, "EssentialContainerExited")

    def test_nothing_of_it_lives_on_not_even_what_has_left_its_session(self, ecs: Ecs) -> None:
        mark = f"{ecs.name}-escaped"
        exits(ecs, "setsid sleep 600 & sleep 600 & exit 0", environment=[{"name": "MARK", "value": mark}])
        assert process_ids(ecs, mark) == []

    def running(self, ecs: Ecs, script: str, **container: Any) -> str:
        """A task whose process has said that it is ready."""
        task = ecs.run(ecs.define("sh", "-c", script, logConfiguration=awslogs(), **container))
        assert ecs.wait(task, "RUNNING")["lastStatus"] == "RUNNING"
        wait_until(lambda: "ready" in ecs.log("/tests", task))
        return task

    def test_stopped_by_sigterm_which_it_may_answer(self, ecs: Ecs) -> None:
        task = self.running(ecs, "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
        ecs.stop(task, reason="a reason")
        stopped = ecs.wait(task)
        assert (code(stopped), stopped["stopCode"], stopped["stoppedReason"]) == (
            0,
            "UserInitiated",
            "a reason",
        )
        assert ecs.log("/tests", task)[-1] == "cleaned"

    def test_stopped_by_sigkill_where_it_ignores_sigterm_for_longer_than_its_stop_timeout(
        self, ecs: Ecs
    ) -> None:
        task = self.running(ecs, "trap '' TERM; echo ready; while :; do sleep 0.1; done", stopTimeout=2)
        ecs.stop(task)
        stopped = ecs.wait(task)
        assert (code(stopped), stopped["stopCode"]) == (137, "UserInitiated")
        assert (stopped["stoppedAt"] - stopped["stoppingAt"]).total_seconds() >= 2

    @pytest.mark.parametrize(
        ("broken", "says"),
        [
            ({"image": "example.com/nobody:latest"}, "CannotPullContainerError"),
            ({"command": ["no-such-program"]}, "CannotStartContainerError"),
            (
                {"secrets": [{"name": "X", "valueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:none"}]},
                "ResourceInitializationError: unable to pull secrets",
            ),
            (
                {"logConfiguration": {"logDriver": "awslogs", "options": {**LOGS, "awslogs-group": "/none"}}},
                "ResourceInitializationError: failed to validate logger args",
            ),
        ],
        ids=["image", "command", "secret", "log group"],
    )
    def test_what_cannot_start_says_why_and_has_no_exit_code(
        self, ecs: Ecs, broken: dict[str, Any], says: str
    ) -> None:
        task = exits(ecs, "exit 0", **broken)
        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"].startswith(says)
        assert code(task) is None


class TestWhatOthersHear:
    def test_every_step_is_an_event_in_the_queue_of_the_rule(self, ecs: Ecs) -> None:
        task = ecs.run(ecs.define("sh", "-c", "exit 5"))
        events = ecs.events(task)
        assert [event["detail"]["lastStatus"] for event in events] == [
            "PROVISIONING",
            "PENDING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED",
        ]
        last = events[-1]
        assert (last["source"], last["detail-type"]) == ("aws.ecs", "ECS Task State Change")
        assert last["resources"] == [task]
        assert last["detail"]["containers"][0]["exitCode"] == 5
        assert last["detail"]["stopCode"] == "EssentialContainerExited"
        assert last["time"].endswith("Z")

    def test_boto3_s_waiters_see_it_run_and_stop(self, ecs: Ecs) -> None:
        task = ecs.run(ecs.define("sleep", "600"))
        often = {"Delay": 1, "MaxAttempts": 60}
        ecs.ecs.get_waiter("tasks_running").wait(cluster=ecs.name, tasks=[task], WaiterConfig=often)
        assert task in ecs.ecs.list_tasks(cluster=ecs.name)["taskArns"]
        ecs.stop(task)
        ecs.ecs.get_waiter("tasks_stopped").wait(cluster=ecs.name, tasks=[task], WaiterConfig=often)
        assert task not in ecs.ecs.list_tasks(cluster=ecs.name)["taskArns"]
        assert task in ecs.ecs.list_tasks(cluster=ecs.name, desiredStatus="STOPPED")["taskArns"]

    def test_its_tags_are_told_only_to_who_asks_for_them(self, ecs: Ecs) -> None:
        tags = [{"key": "prefect.io/flow-run-id", "value": "1"}]
        task = ecs.run(ecs.define("true"), tags=tags)
        assert ecs.describe(task)["tags"] == tags
        assert not ecs.ecs.describe_tasks(cluster=ecs.name, tasks=[task])["tasks"][0].get("tags")

    def test_its_network_interface_is_gone_with_it(self, ecs: Ecs) -> None:
        task = ecs.wait(ecs.run(ecs.define("true")))
        (attachment,) = task["attachments"]
        details = {item["name"]: item["value"] for item in attachment["details"]}
        interfaces = ecs.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
        assert details["networkInterfaceId"] not in {item["NetworkInterfaceId"] for item in interfaces}


class TestWhatIsRefused:
    def test_a_size_that_fargate_has_not(self, ecs: Ecs) -> None:
        definition = ecs.define("true")
        with refused("ClientException"):
            ecs.run(definition, overrides={"cpu": "256", "memory": "8192"})
        with refused("ClientException"):
            ecs.ecs.register_task_definition(
                family="odd",
                requiresCompatibilities=["FARGATE"],
                cpu="300",
                memory="512",
                containerDefinitions=[{"name": "main", "image": IMAGE}],
            )

    def test_a_subnet_a_container_a_cluster_or_a_task_that_is_not_there(self, ecs: Ecs) -> None:
        definition = ecs.define("true")
        with refused("InvalidParameterException"):
            ecs.run(definition, networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0"]}})
        with refused("InvalidParameterException"):
            ecs.run(definition, overrides={"containerOverrides": [{"name": "other"}]})
        with refused("ClusterNotFoundException"):
            ecs.ecs.run_task(cluster="none", taskDefinition=definition)
        with refused("InvalidParameterException"):
            ecs.stop("0" * 32)
        answer = ecs.ecs.describe_tasks(cluster=ecs.name, tasks=["0" * 32])
        assert (answer["tasks"], answer["failures"][0]["reason"]) == ([], "MISSING")

    def test_logs_without_an_execution_role(self, ecs: Ecs) -> None:
        with refused("ClientException"):
            ecs.ecs.register_task_definition(
                family="mute",
                requiresCompatibilities=["FARGATE"],
                cpu="256",
                memory="512",
                containerDefinitions=[{"name": "main", "image": IMAGE, "logConfiguration": awslogs()}],
            )


def test_credentials_are_given_at_no_address_but_a_running_task_s(ecs: Ecs) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    task = ecs.run(
        ecs.define("sh", "-c", "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI", logConfiguration=awslogs())
    )
    ecs.wait(task)
    (address,) = ecs.log("/tests", task)
    assert address.startswith(ecs.aws.endpoint_url)
    with pytest.raises(HTTPError):
        urlopen(address)
