"""The janitor drops what has expired and is ours by its comment, and nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from contracts.errors import NotOurs
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.shadow import create_shadow, drop_expired, drop_previous, drop_shadow
from tasks.postgres.swap import rollback
from tasks.postgres.target_database import our_databases

if TYPE_CHECKING:
    from contracts.naming import RunKey
    from contracts.target import Swept
    from tests.integration.target.conftest import Target

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shadow_of(target: Target, run: RunKey, *, expires_in: timedelta) -> str:
    with hold_target(target.login, target.database, run):
        return create_shadow(
            target.login,
            target.database,
            target.ownership(run, expires_in=expires_in),
            locale=target.locale(),
        )


def sweep(
    target: Target, *, live: bool | None = False, after: timedelta = timedelta(0), env: str = "staging"
) -> Swept:
    return drop_expired(
        target.login,
        target.database,
        target.run(env=env),
        now=datetime.now(UTC) + after,
        run_is_live=lambda _: live,
    )


def test_a_dead_runs_shadow_is_dropped(target: Target) -> None:
    name = shadow_of(target, target.run(), expires_in=HOUR)
    assert sweep(target).dropped == (name,)
    assert target.suffixes() == {""}


def test_a_shadow_is_left_while_its_run_may_be_alive(target: Target) -> None:
    name = shadow_of(target, target.run(), expires_in=HOUR)
    for live in (True, None):
        swept = sweep(target, live=live, after=HOUR * 2)
        assert swept.dropped == ()
        assert name in swept.left[0]
    assert sweep(target, live=None, after=HOUR * 2 + DAY).dropped == (name,)


def test_previous_is_dropped_at_its_expiry_and_the_original_never(target: Target) -> None:
    target.refresh("first")
    target.refresh("second")
    assert sweep(target, after=DAY * 6).dropped == ()
    assert sweep(target, after=DAY * 8).dropped == (f"{target.database}__previous",)
    assert sweep(target, after=DAY * 9999).dropped == ()
    assert target.suffixes() == {"", "__original"}
    assert (target.marker(), target.marker(f"{target.database}__original")) == ("second", "users")


def test_live_is_never_dropped_however_long_ago_it_expired(target: Target) -> None:
    target.refresh("first")
    assert sweep(target, live=None, after=DAY * 9999).dropped == ()
    assert target.marker() == "first"


def test_the_users_own_database_is_not_dropped_after_a_rollback(target: Target) -> None:
    target.refresh("first")
    run = target.run()
    with hold_target(target.login, target.database, run):
        rollback(target.login, target.database, run, previous_expires_at=datetime.now(UTC) + DAY)
    assert sweep(target, after=DAY * 2).dropped == (f"{target.database}__previous",)
    assert target.marker() == "users"


def test_nothing_is_dropped_by_its_name_alone(target: Target) -> None:
    planted = (f"{target.database}__previous", f"{target.database}__refresh_0123456789ab")
    for name in planted:
        target.execute(f"CREATE DATABASE {name}", "postgres")
    swept = sweep(target, after=DAY * 9999)
    assert swept.dropped == ()
    assert [reason.split(": ")[0] for reason in swept.left] == list(planted)
    run = target.run()
    with hold_target(target.login, target.database, run), pytest.raises(NotOurs):
        drop_previous(target.login, target.database, run)
    assert set(planted) <= target.databases()


def test_nothing_of_another_env_is_dropped(target: Target) -> None:
    name = shadow_of(target, target.run(env="qa"), expires_in=-HOUR)
    swept = sweep(target)
    assert (swept.dropped, swept.left) == ((), (f"{name}: it belongs to env 'qa'",))
    assert sweep(target, env="qa").dropped == (name,)


def test_nothing_of_another_database_is_dropped(target: Target) -> None:
    """Its name may well begin with this one's."""
    name = f"{target.database}__previous__previous"
    target.execute(f"CREATE DATABASE {name}", "postgres")
    line = target.ownership(target.run(), expires_in=-DAY * 99).comment_line()
    target.execute(f"COMMENT ON DATABASE {name} IS '{line}'", "postgres")
    assert sweep(target).dropped == ()
    assert name in target.databases()


def test_nothing_is_dropped_while_a_refresh_holds_the_target(target: Target) -> None:
    name = shadow_of(target, target.run(), expires_in=-HOUR)
    with hold_target(target.login, target.database, target.run()):
        began_at = time.monotonic()
        swept = sweep(target)
        assert time.monotonic() - began_at < 3, "the next sweep does it: this one doesn't wait"
        assert swept.dropped == ()
        assert "under way" in swept.left[0]
    assert sweep(target).dropped == (name,)


def test_sessions_do_not_keep_a_shadow(target: Target) -> None:
    run = target.run()
    name = shadow_of(target, run, expires_in=HOUR)
    with target.connect(name):
        assert drop_shadow(target.login, target.database, run)
    assert not drop_shadow(target.login, target.database, run)


def test_cleanup_drops_only_its_own_runs_shadow(target: Target) -> None:
    run, other = target.run(), target.run()
    name = shadow_of(target, run, expires_in=HOUR)
    assert not drop_shadow(target.login, target.database, other)
    same_key = type(run)(env="qa", flow_run_id=run.flow_run_id)
    with pytest.raises(NotOurs, match="of env 'staging'"):
        drop_shadow(target.login, target.database, same_key)
    assert name in target.databases()


def test_all_that_belongs_to_a_target_is_listed_with_its_kind_and_owner(target: Target) -> None:
    first, second = target.refresh("first"), target.refresh("second")
    third = target.run()
    shadow = shadow_of(target, third, expires_in=HOUR)
    orphan = f"{target.database}__refresh_0123456789ab"
    renamed = f"{target.database}_renamed"
    for name in (orphan, renamed):
        target.execute(f"CREATE DATABASE {name}", "postgres")
    target.execute(f"COMMENT ON DATABASE {renamed} IS '{target.ownership(third).comment_line()}'", "postgres")
    listed = {
        item.name.removeprefix(target.database): (item.kind, item.ownership and item.ownership.run)
        for item in our_databases(target.login, target.database)
        if item.name.startswith(target.database)
    }
    assert listed == {
        "": ("live", second),
        "__previous": ("previous", first),
        "__original": ("original", None),
        shadow.removeprefix(target.database): ("shadow", third),
        "__refresh_0123456789ab": ("shadow", None),
        "_renamed": ("other", third),
    }


def test_an_interrupted_drop_is_finished(target: Target) -> None:
    """PostgreSQL marks such a database by the connection limit -2; it can only be dropped."""
    run = target.run()
    name = shadow_of(target, run, expires_in=HOUR)
    target.execute(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'", "postgres")
    assert drop_shadow(target.login, target.database, run)


def test_prefect_is_asked_about_the_run_in_the_comment(target: Target) -> None:
    run, asked = target.run(), list[UUID]()
    shadow_of(target, run, expires_in=HOUR)

    def run_is_live(flow_run_id: UUID) -> bool:
        asked.append(flow_run_id)
        return True

    drop_expired(target.login, target.database, target.run(), now=datetime.now(UTC), run_is_live=run_is_live)
    assert asked == [run.flow_run_id]
