"""The world of the end-to-end tests: one local AWS with a production and a staging cluster, one Prefect server.

Each test has an env of its own: its own target database in the staging cluster, its own file, its own policy. What it
breaks is its own too.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from blocks.environment_files import read_environment
from blocks.refresh_environment import make_block
from contracts.login import Login
from contracts.naming import RunKey
from contracts.results import Leftover
from deployments.demo.world import World, build_world, load_look_alike, load_staging
from deployments.localaws import LocalAws
from deployments.localaws.slack import SlackReceiver
from tasks.leftovers import find_leftovers
from tasks.target_login import target_login
from tests.fix_prefect import CHECKOUT, Daemon, PrefectServer

REFRESH_TIMEOUT_S = 240
# What `blocks.register` and `prefect deploy` do, in one process: each would take seconds to come up.
REGISTER_AND_DEPLOY = f"""
import sys
from prefect import Flow
from blocks.register import register_env

name, pool = sys.argv[1:]
register_env(name)
refresh = Flow.from_source(source={str(CHECKOUT)!r}, entrypoint="flows/refresh.py:refresh")
refresh.deploy(name=name, work_pool_name=pool, print_next_steps=False)
"""
SHOP_POLICY = CHECKOUT / "sql" / "databases" / "shop"


@pytest.fixture(scope="session")
def world(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Production and staging on local AWS, the look-alike loaded; no env has a file yet."""
    with SlackReceiver() as slack:
        world = build_world(local_aws, slack, config_root=tmp_path_factory.mktemp("config"), database="shop")
        load_look_alike(world)
        for file in (world.config_root / "deployments" / "environments").glob("*.yaml"):
            file.unlink()
        yield world


@dataclass(kw_only=True)
class Env:
    """One env of one test: how it is broken, refreshed, and looked at."""

    name: str
    database: str
    world: World
    prefect: PrefectServer

    @property
    def policy(self) -> Path:
        """The directory of its policy, which the test may change."""
        return self.world.config_root / "sql" / "databases" / self.name

    @property
    def file(self) -> Path:
        return self.world.config_root / "deployments" / "environments" / f"{self.name}.yaml"

    @property
    def process_environment(self) -> dict[str, str]:
        """The environment of a process that refreshes: local AWS, the tests' Prefect, the tests' files."""
        return self.prefect.environment(
            {
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "REFRESH_CONFIG_ROOT": str(self.world.config_root),
            }
        )

    def write(self, **changes: Any) -> None:
        """Write its file, with ``changes`` merged into the sections."""
        target = {"database": self.database, **changes.pop("target", {})}
        masking = {"policy": self.name, **changes.pop("masking", {})}
        self.world.write_environment(self.name, target=target, masking=masking, **changes)

    def run_python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``python …``, waited for; stderr is apart from stdout."""
        return self.prefect.python(
            *arguments, environment=self.process_environment | environment, timeout_s=REFRESH_TIMEOUT_S
        )

    def refresh(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``python -m flows.refresh --env …``, waited for."""
        return self.run_python("-m", "flows.refresh", "--env", self.name, *arguments, **environment)

    def deploy(self, prefect_worker: Callable[..., Daemon]) -> str:
        """Register it and deploy ``refresh/{name}`` to a pool of its own, with a worker; returns the deployment."""
        pool = f"pool-{self.name}"
        self.prefect.create_process_pool(pool)
        deployed = self.run_python("-c", REGISTER_AND_DEPLOY, self.name, pool)
        assert deployed.returncode == 0, deployed.stderr
        prefect_worker(pool, environment=self.process_environment)
        return f"refresh/{self.name}"

    def cli(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """``prefect …`` in this env's surroundings."""
        return self.prefect.cli(*arguments, environment=self.process_environment, expect=expect)

    def runs(self, flow: str = "refresh") -> list[dict[str, Any]]:
        """The env's flow runs of ``flow``, the newest first, as Prefect's API gives them."""
        return self.prefect.flow_runs(
            flows={"name": {"any_": [flow]}},
            flow_runs={"name": {"any_": [f"{flow}-{self.name}"]}},
            sort="START_TIME_DESC",
        )

    def run_key(self) -> RunKey:
        """The key of its newest refresh."""
        return RunKey(env=self.name, flow_run_id=UUID(self.runs()[0]["id"]))

    def leftovers(self, *, archive_of: RunKey | None = None) -> list[Leftover]:
        """What refreshes of any env left in AWS, and what this one's left in its bucket prefix and target."""
        with self._process_is_the_envs():
            block = make_block(read_environment(self.name))
            return list(find_leftovers(block, archive_of=archive_of))

    @contextmanager
    def _process_is_the_envs(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REFRESH_CONFIG_ROOT", str(self.world.config_root))
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "local")
            yield

    def query(self, text: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query on the target, as local AWS's own superuser."""
        with psycopg.connect(self.world.target_conninfo(database or self.database)) as connection:
            return connection.execute(text.encode()).fetchall()

    def forget(self) -> None:
        """Remove its file and its block, so that nobody sweeps it any more."""
        self.file.unlink(missing_ok=True)
        path = f"/block_types/slug/refresh-environment/block_documents/name/{self.name}"
        with suppress(HTTPError):
            self.prefect.api("DELETE", f"/block_documents/{self.prefect.api('GET', path)['id']}")

    def login(self) -> Login:
        """The target's master user, who is what an application is: no superuser, over TLS."""
        with self._process_is_the_envs():
            return target_login(make_block(read_environment(self.name)))

    def fingerprint(self, database: str | None = None) -> dict[str, str]:
        return fingerprint(self.world.target_conninfo(database or self.database))

    def slack(self) -> list[str]:
        """What Slack heard of this env."""
        texts = [str(message["text"]) for message in self.world.slack.messages]
        return [text for text in texts if f"*{self.name}*" in text]


@pytest.fixture(scope="session")
def envs(world: World, prefect_server: PrefectServer) -> Any:
    """``envs()`` makes an env with a staging database of its own and a copy of the shop's policy."""
    numbers = itertools.count(1)

    def make(**changes: Any) -> Env:
        number = next(numbers)
        env = Env(name=f"e{number}", database=f"shop_e{number}", world=world, prefect=prefect_server)
        with psycopg.connect(world.target_conninfo("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER master TEMPLATE template0").format(
                    sql.Identifier(env.database)
                )
            )
        load_staging(world, env.database)
        shutil.copytree(SHOP_POLICY, env.policy)
        env.write(**changes)
        return env

    return make


@pytest.fixture
def env(envs: Any, world: World) -> Iterator[Env]:
    """A fresh env for one test. Faults that the test switches on end with it."""
    made: Env = envs()
    yield made
    world.aws.faults.reset()
    made.forget()


def fingerprint(conninfo: str) -> dict[str, str]:
    """Every table of a database with a checksum of its rows, whatever their order."""
    with psycopg.connect(conninfo) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        found = {}
        for schema, table in tables:
            row = connection.execute(
                sql.SQL(
                    "SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} t"
                ).format(sql.Identifier(schema, table))
            ).fetchone()
            assert row
            found[f"{schema}.{table}"] = row[0]
    return found
