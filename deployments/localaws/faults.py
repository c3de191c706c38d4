"""What a test switches on to see how its subject takes it: throttling, refusals, quotas, slow deletes, bad ends."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that a call gets instead of being carried out."""

    code: str
    message: str
    status: int


class Faults:
    """``action`` is an API action such as ``CreateDBCluster``, or ``s3:PutObject`` where two services share a name.

    All are off at first; :meth:`reset` switches them off again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusals: dict[str, list[Refusal]] = {}
        self._endings: dict[str, list[str]] = {}
        self._quotas: dict[str, int] = {}
        self.slow_delete_s = 0.0

    def reset(self) -> None:
        with self._lock:
            self._refusals.clear()
            self._endings.clear()
            self._quotas.clear()
            self.slow_delete_s = 0.0

    def throttle(self, action: str, times: int = 1) -> None:
        """Refuse the next calls of ``action`` as AWS does when they come too fast."""
        self._add(action, Refusal(code="Throttling", message="Rate exceeded", status=400), times)

    def fail(
        self,
        action: str,
        code: str,
        times: int = 1,
        *,
        message: str = "Switched on by a test.",
        status: int = 400,
    ) -> None:
        """Refuse the next calls of ``action`` with the error ``code``."""
        self._add(action, Refusal(code=code, message=message, status=status), times)

    def end_in(self, action: str, status: str, times: int = 1) -> None:
        """Let the next resources that ``action`` makes end in ``status`` instead of ``available``.

        For ``CreateDBCluster``, the two restores, ``CreateDBClusterSnapshot``, ``CopyDBClusterSnapshot`` and
        ``CreateDBInstance``; a status such as ``failed``, ``incompatible-network`` or ``storage-full``.
        """
        with self._lock:
            self._endings.setdefault(action, []).extend([status] * times)

    def quota(self, name: str, limit: int) -> None:
        """Limit what an account may have: ``clusters``, ``instances``, ``manual-snapshots``, or ``storage`` in GiB."""
        if name not in ("clusters", "instances", "manual-snapshots", "storage"):
            raise ValueError(f"{name!r} is no quota of local AWS")
        with self._lock:
            self._quotas[name] = limit

    def slow_delete(self, seconds: float) -> None:
        """Let every delete of a cluster, an instance or a snapshot take at least this long."""
        self.slow_delete_s = seconds

    def limit_of(self, quota: str, default: int) -> int:
        with self._lock:
            return self._quotas.get(quota, default)

    def take_refusal(self, service: str, action: str) -> Refusal | None:
        """The refusal that this call gets, used up by asking; None if it's to be carried out."""
        with self._lock:
            for key in (f"{service}:{action}", action):
                if waiting := self._refusals.get(key):
                    return waiting.pop(0)
        return None

    def take_ending(self, action: str) -> str | None:
        with self._lock:
            waiting = self._endings.get(action)
            return waiting.pop(0) if waiting else None

    def _add(self, action: str, refusal: Refusal, times: int) -> None:
        with self._lock:
            self._refusals.setdefault(action, []).extend([refusal] * times)
