"""The Lambda function starts a deployment of a real Prefect server, with the login that Secrets Manager has."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


@contextmanager
def busy(server: PrefectServer, statuses: list[int], retry_after: str) -> Iterator[str]:
    """The API behind a proxy: each request reaches it, the first ones' answers are ``statuses`` instead (0: not)."""

    class Proxy(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            request = urllib.request.Request(
                server.api_url + self.path.removeprefix("/api"),
                method=self.command,
                data=body,
                headers={"Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    status, content = error.code, error.read()
            if statuses and (instead := statuses.pop(0)):
                status, content = instead, b"later"
            self.send_response(status)
            self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _pass_on  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}/api"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def test_a_scheduled_event_starts_the_configured_deployment(server: PrefectServer) -> None:
    started = handle(event(), None)
    run = server.api("GET", f"/flow_runs/{started['flow_run_id']}")
    assert run["deployment_id"] == server.deployment("refresh/eventbridge")["id"]
    assert (run["parameters"], run["state_type"]) == ({"env": "staging"}, "SCHEDULED")


def test_an_event_that_is_delivered_twice_starts_one_run(server: PrefectServer) -> None:
    twice = event()
    assert handle(twice, None) == handle(twice, None)
    assert handle(event(), None) != handle(twice, None)


def test_a_busy_prefect_is_asked_again_and_an_answer_that_was_lost_starts_no_second_run(
    server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = event()
    # The deployment is found at the third try. The fourth makes the run, but its answer is lost on the way.
    with busy(server, [429, 503, 0, 502, 504], retry_after="0") as api_url:
        monkeypatch.setenv("PREFECT_API_URL", api_url)
        started = handle(once, None)
    runs = server.flow_runs(flow_runs={"idempotency_key": {"any_": [f"eventbridge-{once['id']}"]}})
    assert [run["id"] for run in runs] == [started["flow_run_id"]]


def test_a_prefect_that_stays_busy_is_left_to_lambdas_own_retry_before_the_functions_time_is_up(
    server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with busy(server, [503, 503], retry_after="3600") as api_url:
        monkeypatch.setenv("PREFECT_API_URL", api_url)
        with pytest.raises(PreconditionFailed, match="it answered 503") as caught:
            handle(event(), None)
    assert caught.value.is_transient


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
