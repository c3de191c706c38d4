"""Ways back and ways on: a retry begins at the archive, a rollback brings the database before back."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from contracts.errors import DatabaseError
from tasks.postgres.connection import connect
from tests.e2e.conftest import Env
from tests.fix_prefect import Daemon


def test_a_retry_after_a_failed_restore_begins_at_the_archive(
    env: Env, prefect_worker: Callable[..., Daemon]
) -> None:
    broken = env.policy / "post_restore" / "20_fails.sql"
    broken.write_text("SELECT 1 / (SELECT count(*) FROM users WHERE id < 0);\n")
    deployment = env.deploy(prefect_worker)
    assert env.prefect.wait_for_run(env.prefect.run_deployment(deployment, env=env.name)) == "Failed"
    first = env.run_key()

    broken.unlink()
    env.cli("flow-run", "retry", str(first.flow_run_id))
    wait_for_second_attempt(env)
    assert env.run_key() == first
    assert len(env.runs("snapshot")) == 1, "production was left alone the second time"
    assert len(env.runs("restore")) == 2
    assert len(env.runs("cleanup")) == 2
    assert env.query("SELECT count(*) FROM users") == [(3000,)]
    assert env.leftovers(archive_of=first) == []


def test_a_retry_after_the_policy_changed_masks_again(
    env: Env, prefect_worker: Callable[..., Daemon]
) -> None:
    """The archive of the attempt before isn't masked as the policy now wants it, so it is no beginning."""
    policy = env.policy / "policy.yaml"
    good = policy.read_text()
    policy.write_text(good.replace("      last_name: last_name", '      last_name: {keep: "a mistake"}'))
    broken = env.policy / "post_restore" / "20_fails.sql"
    broken.write_text("SELECT 1 / (SELECT count(*) FROM users WHERE id < 0);\n")
    deployment = env.deploy(prefect_worker)
    assert env.prefect.wait_for_run(env.prefect.run_deployment(deployment, env=env.name)) == "Failed"
    policy.write_text(good)
    broken.unlink()
    env.cli("flow-run", "retry", str(env.run_key().flow_run_id))
    wait_for_second_attempt(env)
    assert len(env.runs("mask")) == 2
    with psycopg.connect(env.world.source_conninfo()) as connection:
        raw = connection.execute("SELECT last_name FROM users ORDER BY id LIMIT 20").fetchall()
    assert env.query("SELECT last_name FROM users ORDER BY id LIMIT 20") != raw


def wait_for_second_attempt(env: Env) -> None:
    deadline = time.monotonic() + 180
    while (
        env.runs()[0]["state_name"] not in {"Completed", "Failed", "Crashed"}
        or env.runs()[0]["run_count"] < 2
    ):
        assert time.monotonic() < deadline, env.runs()[0]["state"]
        time.sleep(0.5)
    assert env.runs()[0]["state_name"] == "Completed", env.runs()[0]["state"]


def test_a_rollback_with_nothing_to_go_back_to_says_so(env: Env) -> None:
    before = env.fingerprint()
    done = env.run_python("-m", "flows.rollback", "--env", env.name)
    assert done.returncode != 0
    assert env.database in done.stderr
    assert env.fingerprint() == before


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """An env that was refreshed once, and what a client that looped queries on it meanwhile met."""

    env: Env
    before: dict[str, str]
    after: dict[str, str]
    seen: Counter[int]
    errors: Counter[str]
    answered_at: list[float]


@pytest.fixture(scope="module")
def swapped(envs: Any) -> Iterator[Swapped]:
    env: Env = envs()
    before = env.fingerprint()
    login = env.login()
    seen: Counter[int] = Counter()
    errors: Counter[str] = Counter()
    answered_at: list[float] = []
    stop = threading.Event()

    def look(connection: psycopg.Connection[Any]) -> None:
        while not stop.is_set():
            row = connection.execute("SELECT count(*) FROM public.users").fetchone()
            assert row
            seen[row[0]] += 1
            answered_at.append(time.monotonic())
            time.sleep(0.005)

    def loop() -> None:
        while not stop.is_set():
            try:
                with closing(connect(login, env.database, autocommit=True)) as connection:
                    look(connection)
            except (DatabaseError, psycopg.Error) as error:
                errors[error.sqlstate or str(error)] += 1

    client = threading.Thread(target=loop)
    client.start()
    try:
        done = env.refresh()
    finally:
        time.sleep(1)
        stop.set()
        client.join()
    assert done.returncode == 0, done.stderr[-3000:]
    yield Swapped(
        env=env,
        before=before,
        after=env.fingerprint(),
        seen=seen,
        errors=errors,
        answered_at=answered_at,
    )
    env.forget()


def test_a_client_that_loops_through_the_swap_sees_the_old_database_or_the_new_one(
    swapped: Swapped, record_property: Callable[[str, object], None]
) -> None:
    """Never half of one, and no errors but 57P01 (terminated) and 3D000 (no such database, for a moment)."""
    assert set(swapped.seen) == {20, 3000}, swapped.seen
    assert set(swapped.errors) <= {"57P01", "3D000"}, swapped.errors
    gaps = [after - before for before, after in itertools.pairwise(swapped.answered_at)]
    record_property("longest_gap_s", round(max(gaps), 3))
    record_property("errors", dict(swapped.errors))


def test_a_rollback_brings_the_database_before_back_and_another_undoes_it(swapped: Swapped) -> None:
    env, refreshed = swapped.env, swapped.after
    assert refreshed != swapped.before

    back = env.run_python("-m", "flows.rollback", "--env", env.name)
    assert back.returncode == 0, back.stderr[-3000:]
    assert env.fingerprint() == swapped.before
    assert env.query("SHOW statement_timeout") == [("90s",)]

    again = env.run_python("-m", "flows.rollback", "--env", env.name)
    assert again.returncode == 0, again.stderr[-3000:]
    assert env.fingerprint() == refreshed


def test_a_second_refresh_replaces_the_first_and_keeps_the_original(swapped: Swapped) -> None:
    env = swapped.env
    first = env.run_key()
    assert env.refresh().returncode == 0
    assert env.run_key() != first
    databases = {name for (name,) in env.query("SELECT datname FROM pg_database", "postgres")}
    mine = {name for name in databases if name.startswith(env.database) and name != env.database}
    assert mine == {f"{env.database}__previous", f"{env.database}__original"}
    assert env.query("SELECT count(*) FROM users", f"{env.database}__original") == [(20,)]
