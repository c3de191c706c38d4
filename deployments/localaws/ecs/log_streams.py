"""Where a container's lines go: a stream of CloudWatch Logs, as the awslogs driver makes it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from moto.logs.models import logs_backends

_lock = threading.Lock()  # moto has none


class NoLogGroup(Exception):
    """The message is what AWS says of it."""


def open_stream(
    options: Mapping[str, str], stream: str, *, account_id: str, region: str
) -> Callable[[str], None]:
    """Make the stream, and the group if the options say so; what is returned takes lines."""
    backend = logs_backends[account_id][options.get("awslogs-region", region)]
    group = options["awslogs-group"]
    with _lock:
        if options.get("awslogs-create-group") == "true" and group not in backend.groups:
            backend.create_log_group(group, {})
        if group not in backend.groups:
            raise NoLogGroup(
                "failed to validate logger args: failed to create Cloudwatch log stream:"
                f" ResourceNotFoundException: The specified log group does not exist: {group}"
            )
        backend.ensure_log_stream(group, stream)

    def put(line: str) -> None:
        if line:  # CloudWatch takes no empty event
            with _lock:
                backend.put_log_events(
                    group, stream, [{"timestamp": int(time.time() * 1000), "message": line}]
                )

    return put
