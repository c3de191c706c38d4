"""What the open-source server does by itself when a run has died without a word."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from deployments.localaws import LocalAws
from deployments.localaws.slack import SlackReceiver
from tests.fix_prefect import PrefectServer

PATIENCE_S = 120.0
LOST_AFTER_S = 10  # the least that Prefect takes


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not after {PATIENCE_S:.0f} s"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def automated(
    prefect_server: PrefectServer, local_aws: LocalAws
) -> Iterator[tuple[PrefectServer, SlackReceiver]]:
    """A server with a refresh and a janitor that no worker runs, and the automations, applied twice."""
    server = prefect_server
    janitor = server.api("POST", "/flows/", {"name": "janitor"})["id"]
    server.api("POST", "/deployments/", {"name": "janitor", "flow_id": janitor})
    with SlackReceiver() as slack:
        secret = local_aws.client("secretsmanager").create_secret(
            Name=f"slack-{uuid.uuid4().hex}", SecretString=slack.url
        )["ARN"]
        command = [
            "-m",
            "deployments.automations",
            "--lost-after-s",
            str(LOST_AFTER_S),
            "--janitor-after-s",
            "0",
        ]
        for arguments in ([*command, "--slack-secret", secret], command):
            apply(server, arguments, local_aws)
        yield server, slack
        for automation in server.api("POST", "/automations/filter", {}):
            server.api("DELETE", f"/automations/{automation['id']}")


def apply(server: PrefectServer, arguments: list[str], aws: LocalAws) -> None:
    environment = {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    done = server.python(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is set") == 3


def running(server: PrefectServer, flow: str) -> dict[str, Any]:
    """A run that the server calls Running. There is no process."""
    flow_id = server.api("POST", "/flows/", {"name": flow})["id"]
    body = {"flow_id": flow_id, "name": f"{flow}-{uuid.uuid4().hex[:6]}", "state": {"type": "RUNNING"}}
    run: dict[str, Any] = server.api("POST", "/flow_runs/", body)
    return run


def beat(server: PrefectServer, run: dict[str, Any], flow: str) -> None:
    """What the engine sends every 30 s."""
    event = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {
            "prefect.resource.id": f"prefect.flow-run.{run['id']}",
            "prefect.resource.name": run["name"],
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{run['flow_id']}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": flow,
            }
        ],
    }
    server.api("POST", "/events", [event])


def janitors(server: PrefectServer) -> int:
    return len(server.flow_runs(deployments={"id": {"any_": [server.deployment("janitor/janitor")["id"]]}}))


def test_applying_them_again_makes_no_second_ones(automated: tuple[PrefectServer, SlackReceiver]) -> None:
    names = [automation["name"] for automation in automated[0].api("POST", "/automations/filter", {})]
    assert len(names) == len(set(names)) == 3


def test_a_refresh_that_falls_silent_has_crashed_and_the_janitor_and_slack_hear_of_it(
    automated: tuple[PrefectServer, SlackReceiver],
) -> None:
    server, slack = automated
    silent, ended = running(server, "refresh"), running(server, "refresh")
    before = janitors(server)
    beat(server, silent, "refresh")
    beat(server, ended, "refresh")
    server.api("POST", f"/flow_runs/{ended['id']}/set_state", {"state": {"type": "COMPLETED"}})
    assert server.wait_for_run(silent["id"], timeout_s=PATIENCE_S) == "Crashed"
    # A busy server may handle an event twice; a second sweep finds nothing to do.
    wait_until(lambda: janitors(server) > before, "a run of the janitor")
    wait_until(lambda: any(silent["name"] in message["text"] for message in slack.messages), "Slack hears")
    told = next(message["text"] for message in slack.messages if silent["name"] in message["text"])
    assert "has crashed" in told
    assert "Nothing was heard of it" in told
    assert server.api("GET", f"/flow_runs/{ended['id']}")["state_name"] == "Completed"


def test_a_crashed_janitor_is_told_and_brings_no_further_one(
    automated: tuple[PrefectServer, SlackReceiver],
) -> None:
    server, slack = automated
    crashed = running(server, "janitor")
    crash(server, crashed)
    wait_until(lambda: any(crashed["name"] in message["text"] for message in slack.messages), "Slack hears")
    # Events are handled in their order: when this later one has brought the janitor, the first has done what it does.
    later = running(server, "refresh")
    crash(server, later)
    wait_until(lambda: later["id"] in brought_by(server), "the later crash brings the janitor")
    assert crashed["id"] not in brought_by(server)


def crash(server: PrefectServer, run: dict[str, Any]) -> None:
    body = {"state": {"type": "CRASHED", "message": "killed"}}
    server.api("POST", f"/flow_runs/{run['id']}/set_state", body)


def brought_by(server: PrefectServer) -> set[str]:
    """Ids of the runs whose crash has triggered the janitor's automation."""
    triggered = events(server, "prefect.automation.triggered")
    causes = {
        related["prefect.resource.id"].removeprefix("prefect.event.")
        for event in triggered
        if "janitor" in event["resource"]["prefect.resource.name"]
        for related in event["related"]
    }
    return {
        event["resource"]["prefect.resource.id"].removeprefix("prefect.flow-run.")
        for event in events(server, "prefect.flow-run.Crashed")
        if event["id"] in causes
    }


def events(server: PrefectServer, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api(
        "POST", "/events/filter", {"filter": {"event": {"name": [name]}}}
    )["events"]
    return found
