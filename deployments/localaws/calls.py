"""The log of API calls: who called what on which resources, without the values that are secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

#: A parameter is left out if its name holds one of these.
_SECRET = (
    "password",
    "secretstring",
    "secretbinary",
    "plaintext",
    "ciphertext",
    "token",
    "credential",
    "private",
)


@dataclass(frozen=True, kw_only=True)
class Call:
    time: datetime
    account: str
    region: str
    service: str
    action: str
    parameters: dict[str, str]
    """By the dotted name that they have in the API, for instance ``Tags.1.Key``; secrets are left out."""
    status: int
    """HTTP status of the answer."""

    def names(self, identifier: str) -> bool:
        """Whether a parameter is this identifier, or an ARN that ends in it."""
        wanted = identifier.lower()
        values = [value.lower() for value in self.parameters.values()]
        return any(value == wanted or value.endswith((f":{wanted}", f"/{wanted}")) for value in values)


class CallLog:
    """Thread-safe; each call is also a line of JSON in ``file``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)

    def add(self, call: Call) -> None:
        line = json.dumps({**asdict(call), "time": call.time.isoformat()})
        with self._lock:
            self._calls.append(call)
            with self._file.open("a") as file:
                file.write(line + "\n")

    def select(
        self,
        *,
        service: str | None = None,
        action: str | None = None,
        names: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Call]:
        """The calls for which all that is given holds; ``names`` is the identifier of a resource."""
        return [
            call
            for call in self
            if (service is None or call.service == service)
            and (action is None or call.action == action)
            and (names is None or call.names(names))
            and (since is None or call.time >= since)
            and (until is None or call.time <= until)
        ]


def now() -> datetime:
    return datetime.now(UTC)


def without_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in parameters.items()
        if not any(word in name.lower().replace("_", "").replace("-", "") for word in _SECRET)
    }
