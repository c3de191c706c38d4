"""Looks at a refresh's clone while it lives: its password and its log are gone with it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from pydantic import SecretStr

from contracts.errors import DatabaseError
from contracts.login import Login
from tasks.postgres.connection import connect_once
from tests.e2e.conftest import Env

PAUSE_S = 0.1


class CloneWatch:
    """What was seen of the clone; each is there once the refresh has come so far."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._log: IO[str] | None = None
        self.cluster: dict[str, Any] | None = None
        #: The clone's one-run password.
        self.password: str | None = None
        #: How the clone answered to production's password once the clone step had ended: a SQLSTATE, '' for a login.
        self.answer_to_the_old_password: str | None = None

    @property
    def log(self) -> str:
        """All that the clone's server ever wrote, though it is deleted."""
        assert self._log is not None, "the clone's server was never seen"
        self._log.seek(0)
        return self._log.read()

    def look(self) -> None:
        aws, name = self._env.world.aws, f"refresh-{self._env.name}-"
        if self._log is None:
            for cluster in aws.client("rds").describe_db_clusters()["DBClusters"]:
                if cluster["DBClusterIdentifier"].startswith(name) and cluster["DBClusterMembers"]:
                    self.cluster = cluster
                    self._log = aws.open_server_log(cluster["DBClusterIdentifier"])
        if self._log is not None and self.password is None:
            secrets = aws.client("secretsmanager")
            for secret in secrets.list_secrets()["SecretList"]:
                if secret["Name"].startswith(name):
                    text = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
                    self.password = json.loads(text)["password"]
        if self.password is not None and self.answer_to_the_old_password is None:
            self._try_the_old_password()

    def _try_the_old_password(self) -> None:
        if [run["state_name"] for run in self._env.runs("clone")] != ["Completed"]:
            return
        assert self.cluster is not None
        login = Login(
            host=self.cluster["Endpoint"],
            port=self.cluster["Port"],
            username="master",
            password=lambda: SecretStr(self._env.world.source_password),
            ca_bundle=self._env.world.aws.ca_bundle,
        )
        try:
            connect_once(login, self._env.world.database).close()
        except DatabaseError as error:
            self.answer_to_the_old_password = error.sqlstate
        else:
            self.answer_to_the_old_password = ""

    def close(self) -> None:
        if self._log is not None:
            self._log.close()


@contextmanager
def watched_clone(env: Env) -> Iterator[CloneWatch]:
    """Look at the clone of the refresh inside, as often as it may change. Its log can be read until the end."""
    watch = CloneWatch(env)
    is_over = threading.Event()

    def watching() -> None:
        while not is_over.wait(PAUSE_S):
            try:
                watch.look()
            except Exception:  # noqa: BLE001 - it came or went between two questions; what was never seen fails a test
                continue

    thread = threading.Thread(target=watching)
    thread.start()
    try:
        yield watch
    except BaseException:
        watch.close()
        raise
    finally:
        is_over.set()
        thread.join()
