"""A refresh whose secrets are all in Vault, while the passwords of both its clusters are rotated under it."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.secretsmanager.models import secretsmanager_backends

from deployments.demo.world import SOURCE_CLUSTER, TARGET_CLUSTER, World
from tests.e2e.canaries import canaries_of
from tests.e2e.conftest import Env
from tests.e2e.talkative import everything_at_debug
from tests.fix_localaws import wait_until
from tests.fix_vault import VaultServer

#: Readings of the clone's secret, from the masking on, after which its password is changed.
TURNS = {3, 13, 23}


@dataclass
class Rotations:
    """New passwords for the clone and the target, as AWS's rotation sets them: first the server, then the secret."""

    env: Env
    vault: VaultServer
    passwords: list[str] = field(default_factory=list)
    #: Of the clone, each between the answer to GetSecretValue and the connection that it is for.
    of_the_clone: int = 0
    of_the_target: int = 0

    def set_password(self, cluster: str) -> str:
        password, rds = secrets.token_hex(16), self.env.world.aws.client("rds")
        self.passwords.append(password)
        rds.modify_db_cluster(DBClusterIdentifier=cluster, MasterUserPassword=password, ApplyImmediately=True)
        wait_until(
            lambda: (
                not rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0].get(
                    "PendingModifiedValues"
                )
            )
        )
        return password

    def rotate_target(self) -> None:
        login = {"username": "master", "password": self.set_password(TARGET_CLUSTER)}
        self.vault.put(f"{self.env.name}/target", **login)
        # The other envs of the world read it there.
        self.env.world.aws.client("secretsmanager").put_secret_value(
            SecretId=self.env.world.secrets["target"], SecretString=json.dumps(login)
        )
        self.of_the_target += 1

    @contextmanager
    def under_way(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """The target's once masking has begun; the clone's just after some of the readings of its secret.

        Whoever reads it meanwhile gets an answer when the new version is there.
        """
        world = self.env.world
        backend: Any = secretsmanager_backends[world.aws.account_id][world.aws.region]
        is_masking, is_over = threading.Event(), threading.Event()
        answer, reads, rotating = backend.get_secret_value, [0], threading.Lock()

        def rotate(found: Any) -> None:
            login = {
                "username": "master",
                "password": self.set_password(found["Name"].removesuffix("-master")),
            }
            world.aws.client("secretsmanager").put_secret_value(
                SecretId=found["ARN"], SecretString=json.dumps(login)
            )
            self.of_the_clone += 1

        def get_secret_value(*arguments: Any, **named: Any) -> Any:
            with rotating:
                found = answer(*arguments, **named)
                if "clone-master" in found["Name"] and is_masking.is_set():
                    reads[0] += 1
                    if reads[0] in TURNS:
                        rotate(found)
            return found

        def wait_for_the_masking() -> None:
            while not is_over.wait(0.1):
                if self.env.runs("mask"):
                    is_masking.set()
                    self.rotate_target()
                    return

        patch.setattr(backend, "get_secret_value", get_secret_value)
        watching = threading.Thread(target=wait_for_the_masking)
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()
            patch.undo()


@dataclass(frozen=True, kw_only=True)
class Done:
    env: Env
    output: subprocess.CompletedProcess[str]
    began_at: datetime
    ended_at: datetime
    rotations: Rotations
    secret_id: str


@pytest.fixture(scope="module")
def done(
    envs: Any, world: World, vault_server: VaultServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Done]:
    env: Env = envs()
    store = world.aws.client("secretsmanager")
    role_id, secret_id = vault_server.let_role_read(f"{env.name}/*", token_ttl="20s")
    named = store.create_secret(Name=f"masking/{env.name}/secret-id", SecretString=secret_id)["ARN"]
    target = json.loads(store.get_secret_value(SecretId=world.secrets["target"])["SecretString"])
    vault_server.put(f"{env.name}/target", **target)
    vault_server.put(f"{env.name}/keys", root=world.root_key, other="not this one")
    vault_server.put(f"{env.name}/slack", url=world.slack.url)
    env.write(
        vault=json.loads(vault_server.settings(role_id, named).model_dump_json()),
        target={"secret": {"vault": f"{env.name}/target"}},
        masking={"root_key_secret": {"vault": f"{env.name}/keys", "field": "root"}},
        slack={"webhook_secret": {"vault": f"{env.name}/slack"}},
    )
    rotations = Rotations(env, vault_server)
    began_at = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch, rotations.under_way(patch):
        output = env.refresh(**everything_at_debug(tmp_path_factory.mktemp("logging")))
    yield Done(
        env=env,
        output=output,
        began_at=began_at,
        ended_at=datetime.now(UTC),
        rotations=rotations,
        secret_id=secret_id,
    )
    env.forget()


def test_it_ends_well_and_leaves_nothing(done: Done, world: World) -> None:
    assert done.output.returncode == 0, done.output.stderr[-6000:]
    assert done.rotations.of_the_target == 1
    assert done.rotations.of_the_clone >= 2
    assert done.env.query("SELECT count(*) FROM users WHERE email NOT LIKE 'user\\_%@example.dev'") == [(0,)]
    assert done.env.leftovers(archive_of=done.env.run_key()) == []
    assert SOURCE_CLUSTER in done.env.slack()[-1]


def test_secrets_manager_is_asked_for_the_secret_id_and_the_clones_own_password_alone(
    done: Done, world: World
) -> None:
    calls = world.aws.calls.select(
        service="secretsmanager", action="GetSecretValue", since=done.began_at, until=done.ended_at
    )
    names = {call.parameters["SecretId"].split(":secret:")[-1].split("-clone-master")[0] for call in calls}
    run = done.env.run_key().aws_identifier("clone").removesuffix("-clone")
    of_this_run = {name for name in names if done.env.name in name}
    assert {name.rsplit("-", 1)[0] if "secret-id" in name else name for name in of_this_run} == {
        f"masking/{done.env.name}/secret-id",
        run,
    }
    assert not [name for name in names if name.startswith("masking/staging/")]


def test_nobody_hears_a_secret(done: Done, world: World) -> None:
    unheard = [*canaries_of(world), *done.rotations.passwords, done.secret_id, world.root_key]
    said = done.output.stdout + done.output.stderr
    assert " | DEBUG   | psycopg" in said
    assert [line for line in said.splitlines() for value in unheard if value in line] == []
    assert done.env.prefect.holding(unheard) == []
