"""The Lambda function starts a deployment of a real Prefect server, with the login that Secrets Manager has."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.errors import AwsError, ConfigurationError, PreconditionFailed
from deployments.eventbridge.handler import handle
from deployments.localaws import LocalAws
from tests.fix_prefect import PrefectServer

SCHEMA = {
    "type": "object",
    "properties": {"env": {"type": "string", "enum": ["dev", "staging"]}},
    "required": ["env"],
    "additionalProperties": False,
}


@pytest.fixture
def server(
    prefect_server: PrefectServer, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrefectServer]:
    """A server with the deployment ``refresh/eventbridge``, which nobody runs, and the function's configuration."""
    flow = prefect_server.api("POST", "/flows/", {"name": "refresh"})["id"]
    deployment = {
        "name": "eventbridge",
        "flow_id": flow,
        "parameter_openapi_schema": SCHEMA,
        "enforce_parameter_schema": True,
    }
    made = prefect_server.api("POST", "/deployments/", deployment)
    secret = local_aws.client("secretsmanager").create_secret(
        Name=f"prefect-{uuid.uuid4().hex}", SecretString="admin:a-password"
    )["ARN"]
    settings = {
        "AWS_ENDPOINT_URL": local_aws.endpoint_url,
        "AWS_DEFAULT_REGION": local_aws.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "PREFECT_API_URL": prefect_server.api_url,
        "PREFECT_SECRET_ARN": secret,
        "DEPLOYMENT": "refresh/eventbridge",
        "PARAMETERS": '{"env": "staging"}',
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield prefect_server
    prefect_server.api("DELETE", f"/deployments/{made['id']}")


def event(**detail: Any) -> dict[str, Any]:
    """As EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "detail": detail,
    }


def test_a_scheduled_event_starts_the_configured_deployment(server: PrefectServer) -> None:
    started = handle(event(), None)
    run = server.api("GET", f"/flow_runs/{started['flow_run_id']}")
    assert run["deployment_id"] == server.deployment("refresh/eventbridge")["id"]
    assert (run["parameters"], run["state_type"]) == ({"env": "staging"}, "SCHEDULED")


def test_an_event_that_is_delivered_twice_starts_one_run(server: PrefectServer) -> None:
    twice = event()
    assert handle(twice, None) == handle(twice, None)
    assert handle(event(), None) != handle(twice, None)


def test_an_event_chooses_no_deployment_and_the_functions_parameters_win_over_its_own(
    server: PrefectServer,
) -> None:
    started = handle(event(parameters={"env": "staging"}, deployment="rollback/rollback"), None)
    run = server.api("GET", f"/flow_runs/{started['flow_run_id']}")
    assert run["parameters"] == {"env": "staging"}
    assert run["deployment_id"] == server.deployment("refresh/eventbridge")["id"]
    with pytest.raises(ConfigurationError, match=r"an event may not set env"):
        handle(event(parameters={"env": "dev"}), None)


def test_an_event_sets_the_parameters_that_the_configuration_lets_it(
    server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_PARAMETERS", "env, from_snapshot")
    started = handle(event(parameters={"env": "dev"}), None)
    run = server.api("GET", f"/flow_runs/{started['flow_run_id']}")
    assert run["parameters"] == {"env": "dev"}
    with pytest.raises(ConfigurationError, match=r"an event may not set code"):
        handle(event(parameters={"env": "dev", "code": "x"}), None)


@pytest.mark.usefixtures("server")
def test_parameters_that_the_deployment_does_not_take_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_PARAMETERS", "env,code")
    for parameters in ({"env": "production"}, {"env": "dev", "code": "x"}):
        with pytest.raises(ConfigurationError, match="refused the parameters"):
            handle(event(parameters=parameters), None)


@pytest.mark.usefixtures("server")
def test_a_deployment_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYMENT", "refresh/nowhere")
    with pytest.raises(ConfigurationError, match="deployment refresh/nowhere: it doesn't exist"):
        handle(event(), None)


@pytest.mark.usefixtures("server")
def test_an_event_without_an_id_is_refused_since_its_second_delivery_could_not_be_known() -> None:
    with pytest.raises(ConfigurationError, match="no id"):
        handle({"detail": {}}, None)


@pytest.mark.usefixtures("server")
def test_a_secret_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SECRET_ARN", "prefect-nowhere")
    with pytest.raises(AwsError, match="secret prefect-nowhere") as caught:
        handle(event(), None)
    assert not isinstance(caught.value.__cause__, ClientError)


@pytest.mark.usefixtures("server")
def test_a_server_that_cannot_be_reached_is_a_reason_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(PreconditionFailed, match="couldn't be asked") as caught:
        handle(event(), None)
    assert caught.value.is_transient
    assert "a-password" not in str(caught.value)
