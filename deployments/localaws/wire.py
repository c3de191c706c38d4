"""AWS's protocols as far as local AWS looks at them itself: what a request asks for, and how a refusal is worded."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import botocore.session

from deployments.localaws.faults import Refusal

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_MOST_OF_A_BODY = 1 << 20  # what is longer is data, and says nothing about the action


@dataclass(frozen=True, kw_only=True)
class Request:
    service: str
    action: str
    region: str
    access_key: str
    parameters: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    """Of the URL, where the parameters don't have it: S3's."""
    headers: dict[str, str] = field(default_factory=dict)
    """AWS's own, ``x-amz-…``, in small letters."""
    body: bytes = b""
    """Of S3's ``DeleteObjects`` alone."""


def read_request(environ: dict[str, Any]) -> Request | None:
    """What a signed request asks for; None if it isn't signed. The body is put back for the next reader."""
    signed = _CREDENTIAL.search(
        environ.get("HTTP_AUTHORIZATION", "") or unquote(environ.get("QUERY_STRING", ""))
    )
    if signed is None:
        return None
    access_key, region, service = signed.groups()
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    parameters = dict(query)
    kept = b""
    if service == "s3":
        action, named = _s3_action(
            environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"), parameters, environ
        )
        parameters = named
        kept = _body(environ) if action == "DeleteObjects" else b""
    else:
        body = _body(environ)
        if target := environ.get("HTTP_X_AMZ_TARGET"):
            action = target.split(".")[-1]
            parameters = _flat(_json(body))
        else:
            parameters.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            action = parameters.pop("Action", f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}")
            parameters.pop("Version", None)
    return Request(
        service=service,
        action=action,
        region=region,
        access_key=access_key,
        parameters=parameters,
        query=query if service == "s3" else {},
        headers={
            name.removeprefix("HTTP_").lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_X_AMZ_")
        },
        body=kept,
    )


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= _MOST_OF_A_BODY:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """``{"Tags": [{"Key": "a"}]}`` as ``{"Tags.1.Key": "a"}``, as the query protocol writes it."""
    if isinstance(value, dict):
        pairs = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(str(index), inner) for index, inner in enumerate(value, start=1)]
    else:
        return {name: str(value)}
    flat: dict[str, str] = {}
    for key, inner in pairs:
        flat.update(_flat(inner, f"{name}.{key}" if name else key))
    return flat


def _s3_action(
    method: str, path: str, query: Mapping[str, str], environ: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """The operation of botocore's model whose method, path and fixed query keys fit best."""
    bucket, _, key = path.lstrip("/").partition("/")
    named = {name: value for name, value in (("Bucket", bucket), ("Key", key)) if value}
    depth = len(named)
    is_copy = "HTTP_X_AMZ_COPY_SOURCE" in environ
    best = ("", -1)
    for name, (its_method, its_depth, keys) in _s3_operations().items():
        if its_method != method or its_depth != depth or not keys <= set(query):
            continue
        if ("Copy" in name) != is_copy and name in (
            "CopyObject",
            "UploadPartCopy",
            "PutObject",
            "UploadPart",
        ):
            continue
        if len(keys) > best[1]:
            best = (name, len(keys))
    return best[0] or f"{method} {path}", named


@cache
def _s3_operations() -> dict[str, tuple[str, int, set[str]]]:
    """Name → (HTTP method, whether it is of the service, a bucket or an object: 0 to 2, query keys it needs)."""
    model: Any = botocore.session.get_session().get_service_model("s3")
    operations = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        keys = {key for key, value in parse_qsl(query, keep_blank_values=True) if not value}
        keys |= {f"{key}" for key, value in parse_qsl(query) if key == "list-type"}
        if operation.input_shape is not None:
            keys |= {
                member.serialization["name"]
                for required in operation.input_shape.required_members
                for member in [operation.input_shape.members[required]]
                if member.serialization.get("location") == "querystring"
            }
        depth = 2 if "{Key+}" in path else 1 if "{Bucket}" in path else 0
        if operation.name not in ("ListObjects", "WriteGetObjectResponse", "SelectObjectContent"):
            operations[name] = (operation.http["method"], depth, keys)
    operations["ListObjects"] = ("GET", 1, set())
    return operations


def word_refusal(refusal: Refusal, *, service: str, is_json: bool) -> tuple[str, str, bytes]:
    """(status line, content type, body) of a refusal in the protocol of the service."""
    status, code, message = refusal.status, refusal.code, escape(refusal.message)
    if is_json:
        body = json.dumps({"__type": code, "message": refusal.message})
        return f"{status} {code}", "application/x-amz-json-1.1", body.encode()
    if service == "s3":
        if code == "Throttling":  # S3's own word for it
            status, code = 503, "SlowDown"
        body = f"<Error><Code>{escape(code)}</Code><Message>{message}</Message></Error>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
            f"<Message>{message}</Message></Error><RequestId>refused</RequestId></ErrorResponse>"
        )
    return f"{status} {code}", "text/xml", body.encode()
