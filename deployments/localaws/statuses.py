"""Statuses that take time: a change runs in a thread, and its resource says so meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class HasStatus(Protocol):
    status: str

    @property
    def arn(self) -> str: ...


class Closing(Exception):
    """The emulator is being stopped; what waits gives up."""


class Jobs:
    """Threads that change resources. ``least_s`` is how long each status can be seen, however fast the work is."""

    def __init__(self, *, least_s: float, report: Callable[[str], None]) -> None:
        self.least_s = least_s
        self.lock = threading.RLock()
        self._closing = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._report = report

    def change(
        self,
        resource: HasStatus,
        status: str,
        work: Callable[[], None],
        *,
        then: str | None = "available",
        least_s: float | None = None,
        finish: Callable[[], None] | None = None,
        dispose: Callable[[], None] | None = None,
    ) -> None:
        """Set ``status`` now, do ``work`` in a thread, then set ``then``; on an error set ``failed``.

        A status that somebody else has set meanwhile is left alone. ``finish`` runs with that, under the lock;
        ``dispose`` after it, without the lock, for what takes long and nobody waits for.
        """
        with self.lock:
            resource.status = status

        def run() -> None:
            ends_at = time.monotonic() + (self.least_s if least_s is None else least_s)
            outcome = then
            try:
                work()
            except Closing:
                raise
            except Exception as error:  # noqa: BLE001 - a thread's error is kept, whatever it is
                self._report(f"{resource.arn}: {status} ended with {type(error).__name__}: {error}")
                outcome = "failed"
            self.wait(max(0.0, ends_at - time.monotonic()))
            with self.lock:
                if outcome is not None and resource.status == status:
                    resource.status = outcome
                if finish is not None and outcome != "failed":
                    finish()
            if dispose is not None and outcome != "failed":
                dispose()

        self.start(run)

    def start(self, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Closing:
                pass
            except Exception as error:  # noqa: BLE001 - as above
                self._report(f"a job ended with {type(error).__name__}: {error}")
            finally:
                with self.lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="localaws-job", daemon=True)
        with self.lock:
            if self._closing.is_set():
                raise Closing
            self._threads.add(thread)
        thread.start()

    def wait(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise Closing

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return with the condition seen true; callers that need it to stay so hold the lock and look again."""
        while not condition():
            self.wait(0.02)

    def close(self) -> None:
        self._closing.set()
        with self.lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout=30)
