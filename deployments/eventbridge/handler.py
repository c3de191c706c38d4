"""The Lambda function ``deployments.eventbridge.handler.handle``: starts a run, and doesn't wait for it.

What it starts is in its configuration, not in the event, so that whoever may send an event chooses no flow, and no env
or snapshot unless the configuration lets it:

===================== ==============================================================================================
PREFECT_API_URL       https://prefect.internal.example.com/api
PREFECT_SECRET_ARN    secret with the server's ``user:password``, or with an API key of Prefect Cloud
DEPLOYMENT            such as ``refresh/ci``
PARAMETERS            its parameters as JSON, such as ``{"env": "staging"}``
EVENT_PARAMETERS      names, with commas between, of those that an event's ``detail.parameters`` may set; else none
===================== ==============================================================================================

The event's ``id`` is Prefect's idempotency key: Lambda and EventBridge deliver an event again when they are in doubt.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html (at least once)
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contracts.errors import AwsError, ConfigurationError, PreconditionFailed

TIMEOUT_S = 20.0
"""Of one question."""
DEADLINE_S = 45.0
"""Of all of them, well below the function's timeout (docs/triggers.md)."""
PAUSES_S = (1.0, 2.0, 4.0, 8.0)
ASK_AGAIN = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""A busy database, a server that is being replaced, Prefect Cloud's rate limit."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Start the deployment, or find the run that this event has started before; its id and name.

    Raises:
        ConfigurationError: a variable is missing, the deployment doesn't exist, or it refuses the parameters.
        PreconditionFailed: Prefect couldn't be asked, or refused the login. Lambda may try again.
    """
    event_id = event.get("id")
    if not isinstance(event_id, str) or not event_id:
        raise ConfigurationError(
            "it has no id, by which a second delivery would be known",
            resource="the event",
            remedy='In an EventBridge Scheduler\'s input, write {"id": "<aws.scheduler.execution-id>"}.',
        )
    api = _Api(_configured("PREFECT_API_URL").rstrip("/"), _secret(_configured("PREFECT_SECRET_ARN")))
    name = _configured("DEPLOYMENT")
    deployment = api.ask("GET", f"/deployments/name/{quote(name)}")
    if deployment is None:
        raise ConfigurationError(
            "it doesn't exist on this Prefect server",
            resource=f"deployment {name}",
            remedy="Deploy it (prefect deploy --all), or correct the function's DEPLOYMENT.",
        )
    body = {
        "parameters": _parameters(event),
        "idempotency_key": f"eventbridge-{event_id}",
        "state": {"type": "SCHEDULED", "message": "Started by EventBridge"},
        "enforce_parameter_schema": True,
        "tags": ["eventbridge"],
    }
    run = api.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)
    if run is None:
        raise ConfigurationError(
            "it was deleted just now", resource=f"deployment {name}", remedy="Deploy it: prefect deploy --all"
        )
    return {"flow_run_id": str(run["id"]), "flow_run_name": str(run["name"])}


def _configured(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError("it isn't set", resource=f"the function's variable {name}", remedy="Set it.")
    return value


def _parameters(event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        fixed = json.loads(os.environ.get("PARAMETERS") or "{}")
        asked = (event.get("detail") or {}).get("parameters") or {}
        found = {**fixed, **asked}
        differ = {name for name in asked if fixed.get(name) != asked[name]}
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            "they aren't a JSON object",
            resource="the parameters, in PARAMETERS or in the event's detail",
            remedy='Write an object, such as {"env": "staging"}.',
        ) from None
    settable = {name.strip() for name in os.environ.get("EVENT_PARAMETERS", "").split(",")}
    if refused := sorted(differ - settable):
        raise ConfigurationError(
            f"an event may not set {', '.join(refused)}",
            resource="the parameters in the event's detail",
            remedy="Take them out, or list them in the function's EVENT_PARAMETERS, which lets every event choose.",
        )
    return found


def _secret(arn: str) -> str:
    try:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=arn)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        raise AwsError(
            f"AWS refused to let it be read ({code})",
            resource=f"secret {arn}",
            remedy="Check PREFECT_SECRET_ARN, and the function's role.",
            code=code,
        ) from None
    except BotoCoreError as error:
        raise AwsError(
            f"Secrets Manager couldn't be asked ({type(error).__name__})",
            resource=f"secret {arn}",
            remedy="Check the function's network and role.",
            is_transient=True,
        ) from None
    return str(answer["SecretString"]).strip()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: urllib would hand the login on to wherever it points."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


class _Api:
    """Prefect's REST API. https://docs.prefect.io/v3/api-ref/rest-api"""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._deadline = time.monotonic() + DEADLINE_S
        # Prefect Cloud's keys have no colon; user:password has one.
        basic = "Basic " + base64.b64encode(secret.encode()).decode()
        self._authorization = basic if ":" in secret else f"Bearer {secret}"

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any] | None:
        """Its answer; None for 404. Asked again while it is busy: what we change, we change by an idempotency key."""
        request = urllib.request.Request(  # noqa: S310 - the address is our own configuration
            f"{self._url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": self._authorization},
        )
        pauses = iter(PAUSES_S)
        while True:
            try:
                with _OPENER.open(request, timeout=max(1.0, min(TIMEOUT_S, self._left_s()))) as answer:
                    found: dict[str, Any] = json.load(answer)
                    return found
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == HTTPStatus.NOT_FOUND:
                        return None
                    wait_s = _wait_s(error, next(pauses, None))
                    if wait_s is None or wait_s >= self._left_s():
                        raise self._refused(error) from None
                time.sleep(wait_s)
            except (urllib.error.URLError, TimeoutError, ValueError) as error:
                raise PreconditionFailed(
                    f"it couldn't be asked ({type(error).__name__})",
                    resource=f"Prefect at {self._url}",
                    remedy="Check PREFECT_API_URL and the function's network.",
                    is_transient=True,
                ) from None

    def _left_s(self) -> float:
        return self._deadline - time.monotonic()

    def _refused(self, error: urllib.error.HTTPError) -> ConfigurationError | PreconditionFailed:
        resource = f"Prefect at {self._url}"
        if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return PreconditionFailed(
                f"it refused the login ({error.code})",
                resource=resource,
                remedy="Store the server's user:password in the secret that PREFECT_SECRET_ARN names.",
            )
        if error.code in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
            return ConfigurationError(
                f"it refused the parameters ({error.code}: {_detail(error)})",
                resource=resource,
                remedy="Correct PARAMETERS, or the event's detail.parameters.",
            )
        return PreconditionFailed(
            f"it answered {error.code}", resource=resource, remedy="See its log.", is_transient=True
        )


def _wait_s(error: urllib.error.HTTPError, pause_s: float | None) -> float | None:
    """Until it is asked again: what its Retry-After says, if that is in seconds, else ``pause_s``; None for never."""
    if error.code not in ASK_AGAIN or pause_s is None:
        return None
    try:
        return max(0.0, float(error.headers.get("Retry-After") or pause_s))
    except ValueError:
        return pause_s


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error).get("detail", ""))[:300]
    except (ValueError, AttributeError):
        return ""
