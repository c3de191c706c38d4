"""Swapping a restored database in, and back out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from contracts.errors import NotOurs, PreconditionFailed
from contracts.ownership import users_comment
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.shadow import create_shadow, drop_previous
from tasks.postgres.swap import is_swapped, rollback

if TYPE_CHECKING:
    from contracts.naming import RunKey
    from contracts.target import Swapped
    from tests.integration.target.conftest import Target

IN_A_WEEK = timedelta(days=7)


def roll_back(target: Target, run: RunKey | None = None) -> Swapped:
    run = run or target.run()
    with hold_target(target.login, target.database, run):
        return rollback(target.login, target.database, run, previous_expires_at=datetime.now(UTC) + IN_A_WEEK)


def test_the_first_refresh_keeps_the_users_own_database_as_original(target: Target) -> None:
    target.execute(f"COMMENT ON DATABASE {target.database} IS 'Ask Kim\nbefore you change it'")
    run = target.refresh("first")
    assert target.suffixes() == {"", "__original"}
    assert target.marker() == "first"
    assert target.marker(f"{target.database}__original") == "users"
    assert target.comment(f"{target.database}__original") == "Ask Kim\nbefore you change it"
    assert users_comment(target.comment()) == "Ask Kim\nbefore you change it"
    owner = target.owner_line()
    assert owner is not None
    assert owner.run == run


def test_a_later_refresh_keeps_the_one_before_as_previous_with_an_expiry(target: Target) -> None:
    first, second = target.refresh("first"), target.refresh("second")
    assert target.suffixes() == {"", "__original", "__previous"}
    assert [target.marker(), target.marker(f"{target.database}__previous")] == ["second", "first"]
    live, previous = target.owner_line(), target.owner_line(f"{target.database}__previous")
    assert live is not None
    assert previous is not None
    assert (live.run, previous.run) == (second, first)
    assert abs(previous.expires_at - datetime.now(UTC) - IN_A_WEEK) < timedelta(minutes=1)


def test_a_third_refresh_drops_the_previous_one_and_never_the_original(target: Target) -> None:
    for generation in ("first", "second", "third"):
        target.refresh(generation)
    assert target.suffixes() == {"", "__original", "__previous"}
    names = (target.database, f"{target.database}__previous", f"{target.database}__original")
    assert [target.marker(name) for name in names] == ["third", "second", "users"]


def test_a_first_refresh_makes_a_live_database_that_was_missing(missing_target: Target) -> None:
    run = missing_target.refresh("first")
    assert missing_target.suffixes() == {""}
    assert missing_target.marker() == "first"
    assert is_swapped(missing_target.login, missing_target.database, run)


def test_a_swap_that_is_repeated_after_its_commit_does_nothing(target: Target) -> None:
    run = target.refresh("first")
    with hold_target(target.login, target.database, run):
        again = target.swap(run)
    assert again.already_done
    assert (again.set_aside, again.sessions_terminated) == (f"{target.database}__original", 0)
    assert target.marker() == "first"


def test_a_swap_without_a_shadow_is_refused(target: Target) -> None:
    run = target.run()
    with (
        hold_target(target.login, target.database, run),
        pytest.raises(PreconditionFailed, match="nothing to make live"),
    ):
        target.swap(run)


def test_a_swap_without_the_lock_is_refused(target: Target) -> None:
    run = target.run()
    with hold_target(target.login, target.database, run):
        target.restore(run, "first")
    with pytest.raises(PreconditionFailed, match=r"doesn't hold the lock.*nobody holds it"):
        target.swap(run)
    with (
        hold_target(target.login, target.database, target.run()),
        pytest.raises(PreconditionFailed, match="held by dev-db-refresh staging"),
    ):
        target.swap(run)
    assert target.marker() == "users"


def test_a_swap_refuses_a_shadow_of_another_run(target: Target) -> None:
    run, thief = target.run(), target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        target.execute(f"COMMENT ON DATABASE {shadow} IS '{target.ownership(thief).comment_line()}'")
        with pytest.raises(NotOurs, match=str(thief.flow_run_id)):
            target.swap(run)
    assert target.marker() == "users"


def test_a_swap_never_replaces_a_database_in_its_way(target: Target) -> None:
    run = target.run()
    target.execute(f"CREATE DATABASE {target.database}__original", "postgres")
    with hold_target(target.login, target.database, run):
        target.restore(run, "first")
        with pytest.raises(PreconditionFailed, match="__original', is taken"):
            target.swap(run)
    assert target.marker() == "users"


def test_a_session_that_cannot_be_ended_leaves_everything_as_it_was(target: Target) -> None:
    run = target.run()
    with hold_target(target.login, target.database, run):
        shadow = target.restore(run, "first")
        with psycopg.connect(target.superuser_conninfo(target.database)):
            before = target.execute(
                "SELECT datname, datallowconn, datconnlimit, datacl FROM pg_database ORDER BY 1"
            )
            with pytest.raises(PreconditionFailed, match=r"session \d+ \(client backend of rdsadmin\)"):
                target.swap(run)
            after = target.execute(
                "SELECT datname, datallowconn, datconnlimit, datacl FROM pg_database ORDER BY 1"
            )
        assert after == before
        assert target.marker() == "users"
        assert target.swap(run).set_aside == f"{target.database}__original"
        assert shadow not in target.databases()


def test_a_swap_that_waits_in_vain_ends_no_session_of_another_database(target: Target) -> None:
    """The statement that ends sessions runs hundreds of times meanwhile, prepared and with a generic plan."""
    run = target.run()
    with hold_target(target.login, target.database, run), target.connect("postgres") as bystander:
        target.restore(run, "first")
        with psycopg.connect(target.superuser_conninfo("postgres")) as other:
            other.execute(f"COMMENT ON DATABASE {target.database} IS NULL".encode())  # locks it until COMMIT
            with pytest.raises(PreconditionFailed, match="stayed in use through 1 attempts"):
                target.swap(run, attempts=1)
        assert bystander.execute("SELECT 1").fetchone() == (1,)
        assert target.swap(run).sessions_terminated == 0
    assert target.marker() == "first"


def test_a_rollback_brings_the_previous_database_back_and_another_one_undoes_it(target: Target) -> None:
    first, second = target.refresh("first"), target.refresh("second")
    rolled_back = roll_back(target)
    assert (rolled_back.database, rolled_back.set_aside) == (target.database, f"{target.database}__previous")
    assert [target.marker(), target.marker(f"{target.database}__previous")] == ["first", "second"]
    live, previous = target.owner_line(), target.owner_line(f"{target.database}__previous")
    assert live is not None
    assert previous is not None
    assert (live.run, previous.run) == (first, second)
    roll_back(target)
    assert [target.marker(), target.marker(f"{target.database}__previous")] == ["second", "first"]
    assert target.suffixes() == {"", "__original", "__previous"}


def test_a_rollback_after_the_first_refresh_brings_the_users_own_database_back(target: Target) -> None:
    target.execute(f"COMMENT ON DATABASE {target.database} IS 'Kim''s'")
    target.refresh("first")
    roll_back(target)
    assert target.suffixes() == {"", "__previous"}
    assert (target.marker(), target.comment()) == ("users", "Kim's")
    roll_back(target)
    assert target.suffixes() == {"", "__original"}
    assert (target.marker(), target.marker(f"{target.database}__original")) == ("first", "users")
    assert target.comment(f"{target.database}__original") == "Kim's"


def test_a_rollback_behind_a_later_refresh_never_surprises_with_the_users_own_database(
    target: Target,
) -> None:
    """It is as old as the first refresh; the database that live followed has been dropped."""
    target.refresh("monday")
    target.refresh("tuesday")
    run = target.run()
    with hold_target(target.login, target.database, run):
        drop_previous(target.login, target.database, run)
        with pytest.raises(PreconditionFailed, match="live didn't follow"):
            rollback(target.login, target.database, run, previous_expires_at=datetime.now(UTC))
    assert target.marker() == "tuesday"


def test_a_refresh_after_a_rollback_keeps_the_users_own_database(target: Target) -> None:
    target.refresh("first")
    roll_back(target)
    target.refresh("second")
    assert target.suffixes() == {"", "__original"}
    assert (target.marker(), target.marker(f"{target.database}__original")) == ("second", "users")


def test_a_rollback_that_is_repeated_by_the_same_run_does_nothing(target: Target) -> None:
    target.refresh("first")
    target.refresh("second")
    run = target.run()
    assert not roll_back(target, run).already_done
    assert roll_back(target, run).already_done
    assert target.marker() == "first"


def test_a_rollback_with_nothing_to_go_back_to_is_refused(target: Target) -> None:
    with pytest.raises(PreconditionFailed, match="to roll back to"):
        roll_back(target)
    assert target.marker() == "users"


def test_a_rollback_brings_a_lost_live_database_back(target: Target) -> None:
    target.refresh("first")
    target.refresh("second")
    target.execute(f"DROP DATABASE {target.database} WITH (FORCE)", "postgres")
    assert roll_back(target).set_aside is None
    assert target.marker() == "first"


def test_a_rollback_refuses_a_previous_database_that_is_not_ours(target: Target) -> None:
    target.refresh("first")
    target.execute(f"CREATE DATABASE {target.database}__previous", "postgres")
    with pytest.raises(NotOurs, match="lacks our line"):
        roll_back(target)
    target.execute(f"DROP DATABASE {target.database}__previous", "postgres")
    with pytest.raises(NotOurs, match="by env 'staging'"):
        roll_back(target, target.run(env="qa"))
    assert target.marker() == "first"


def test_previous_can_be_dropped_right_after_the_swap(target: Target) -> None:
    target.refresh("first")
    run = target.refresh("second")
    with hold_target(target.login, target.database, run):
        assert drop_previous(target.login, target.database, run) == f"{target.database}__previous"
        assert drop_previous(target.login, target.database, run) is None
    assert target.suffixes() == {"", "__original"}


def test_a_run_may_begin_again_while_its_first_shadow_is_there(target: Target) -> None:
    run = target.run()
    with hold_target(target.login, target.database, run):
        target.restore(run, "half")
        target.restore(run, "whole")
        target.swap(run)
    assert target.marker() == "whole"


def test_a_shadow_needs_the_lock_too(target: Target) -> None:
    with pytest.raises(PreconditionFailed, match="doesn't hold the lock"):
        create_shadow(target.login, target.database, target.ownership(target.run()), locale=target.locale())
    assert target.suffixes() == {""}
