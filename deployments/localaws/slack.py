"""A receiver of Slack's incoming webhooks on this machine: what was posted is kept and can be looked at."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class SlackReceiver:
    """``with SlackReceiver() as slack:`` — post to ``slack.url``, read ``slack.messages``.

    ``slack.refuse(times)`` lets the next posts fail with HTTP 500, as Slack does now and then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[dict[str, Any]] = []
        self._to_refuse = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("SlackReceiver isn't started: use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_address[1]}/services/T00000000/B00000000/local"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The payloads posted so far, oldest first, as Slack would read them."""
        with self._lock:
            return list(self._messages)

    def refuse(self, times: int = 1) -> None:
        with self._lock:
            self._to_refuse = times

    def receive(self, body: bytes, content_type: str) -> int:
        """Keep one post; the HTTP status of the answer."""
        with self._lock:
            if self._to_refuse:
                self._to_refuse -= 1
                return 500
        try:
            if content_type.startswith("application/x-www-form-urlencoded"):
                payload = json.loads(parse_qs(body.decode())["payload"][0])
            else:
                payload = json.loads(body)
        except (ValueError, KeyError):
            return 400
        if not isinstance(payload, dict):
            return 400
        with self._lock:
            self._messages.append(payload)
        return 200

    def __enter__(self) -> SlackReceiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status = receiver.receive(body, self.headers.get("Content-Type") or "")
                answer = {200: b"ok", 400: b"invalid_payload"}.get(status, b"internal_error")
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                """Requests are kept, not printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None
