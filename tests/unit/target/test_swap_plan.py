"""Whatever is swapped, rolled back and swapped again: no database is lost, and the user's own never becomes ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import PreconditionFailed, RefreshError
from contracts.naming import RunKey
from contracts.ownership import Ownership, users_comment
from contracts.target import DatabaseLocale
from tasks.postgres.database_ownership import TargetDatabase
from tasks.postgres.swap_plan import (
    SwapPlan,
    is_rolled_back,
    is_swapped,
    plan_rollback,
    plan_swap,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEEP = NOW + timedelta(days=7)
USERS_OID = 1
Databases = dict[str, TargetDatabase]


def run(number: int) -> RunKey:
    return RunKey(env="staging", flow_run_id=UUID(int=number))


def ownership(number: int) -> Ownership:
    return Ownership(env="staging", flow_run_id=UUID(int=number), expires_at=NOW)


def database(name: str, oid: int, comment: str | None) -> TargetDatabase:
    return TargetDatabase(
        oid=oid,
        name=name,
        owner="o",
        comment=comment,
        allows_connections=True,
        connection_limit=-1,
        is_template=False,
        locale=DatabaseLocale(encoding="UTF8", collate="C", ctype="C"),
    )


def users_own() -> Databases:
    return {"app": database("app", USERS_OID, "Kim's")}


def after(databases: Databases, plan: SwapPlan) -> Databases:
    """As PostgreSQL would do it: one rename after another, none onto a name that is taken."""
    found = dict(databases)
    for rename in plan.renames:
        assert rename.new_name not in found
        found[rename.new_name] = replace(found.pop(rename.database.name), name=rename.new_name)
    for name, comment in plan.comments.items():
        found[name] = replace(found[name], comment=comment)
    return found


def refreshed(databases: Databases, number: int) -> Databases:
    shadow = run(number).shadow_database("app")
    previous = databases.get("app__previous")
    left = {name: found for name, found in databases.items() if found is not previous}
    left[shadow] = database(shadow, 1000 + number, ownership(number).comment_line())
    swapped = after(left, plan_swap(left, "app", ownership(number), previous_expires_at=KEEP))
    assert is_swapped(swapped, "app", run(number))
    return swapped


def rolled_back(databases: Databases, number: int) -> Databases:
    found = after(databases, plan_rollback(databases, "app", run(number), previous_expires_at=KEEP))
    assert is_rolled_back(found, "app", run(number))
    return found


def can_roll_back(databases: Databases) -> bool:
    return len(databases) > 1


@given(st.lists(st.booleans(), max_size=8))
@settings(max_examples=60)
def test_the_users_own_database_survives_any_series_of_refreshes_and_rollbacks(steps: list[bool]) -> None:
    databases = users_own()
    for number, is_refresh in enumerate(steps, start=1):
        if is_refresh:
            databases = refreshed(databases, number)
        elif can_roll_back(databases):
            databases = rolled_back(databases, number)
        else:
            with pytest.raises(PreconditionFailed, match="to roll back to"):
                rolled_back(databases, number)
        (users,) = (found for found in databases.values() if found.oid == USERS_OID)
        assert users.name in ("app", "app__original")
        assert users.comment == "Kim's"
        assert "app" in databases
        assert set(databases) <= {"app", "app__previous", "app__original"}
        assert users_comment(databases["app"].comment) == "Kim's"
        if "app__previous" in databases:
            assert databases["app__previous"].ownership is not None


@given(st.lists(st.booleans(), min_size=1, max_size=4))
@settings(max_examples=25)
def test_two_rollbacks_are_none(more: list[bool]) -> None:
    databases = users_own()
    for number, _ in enumerate(more, start=1):
        databases = refreshed(databases, number)
    again = rolled_back(rolled_back(databases, 98), 99)
    assert {name: found.oid for name, found in again.items()} == {
        name: found.oid for name, found in databases.items()
    }


def test_previous_keeps_its_run_and_gets_the_swaps_expiry() -> None:
    databases = refreshed(refreshed(users_own(), 1), 2)
    assert databases["app__previous"].ownership == replace(ownership(1), expires_at=KEEP)
    assert databases["app"].ownership == ownership(2)


def test_a_swap_that_a_later_refresh_followed_is_not_taken_for_done() -> None:
    databases = refreshed(refreshed(users_own(), 1), 2)
    assert not is_swapped(databases, "app", run(1))
    assert not is_swapped(databases, "app", RunKey(env="qa", flow_run_id=run(2).flow_run_id))


def test_a_refresh_after_a_rollback_forgets_that_there_was_one() -> None:
    databases = refreshed(rolled_back(refreshed(refreshed(users_own(), 1), 2), 3), 4)
    assert not is_rolled_back(databases, "app", run(3))


@pytest.mark.parametrize(
    "comment", [None, "Kim's", "dev-db-refresh: {}", 'dev-db-refresh: {"env": "staging"}']
)
def test_a_database_with_anything_less_than_our_line_is_the_users(comment: str | None) -> None:
    databases = {"app": database("app", USERS_OID, comment)}
    assert refreshed(databases, 1)["app__original"].oid == USERS_OID


def test_a_name_that_is_taken_stops_the_swap() -> None:
    databases = users_own() | {"app__original": database("app__original", 2, None)}
    with pytest.raises(PreconditionFailed, match="__original', is taken"):
        refreshed(databases, 1)
    databases = refreshed(users_own(), 1)
    shadow = run(2).shadow_database("app")
    databases[shadow] = database(shadow, 9, ownership(2).comment_line())
    databases["app__previous"] = database("app__previous", 10, ownership(1).comment_line())
    with pytest.raises(RefreshError, match="in the way"):
        plan_swap(databases, "app", ownership(2), previous_expires_at=KEEP)


def test_a_database_that_lets_nobody_in_never_becomes_live() -> None:
    shadow = run(1).shadow_database("app")
    made = database(shadow, 9, ownership(1).comment_line())
    for closed in (replace(made, allows_connections=False), replace(made, connection_limit=-2)):
        with pytest.raises(PreconditionFailed, match="no connections"):
            plan_swap(users_own() | {shadow: closed}, "app", ownership(1), previous_expires_at=KEEP)
    databases = refreshed(refreshed(users_own(), 1), 2)
    databases["app__previous"] = replace(databases["app__previous"], allows_connections=False)
    with pytest.raises(PreconditionFailed, match="no connections"):
        rolled_back(databases, 3)


def test_a_refreshed_database_that_lost_its_line_takes_no_place_but_a_free_one() -> None:
    """A person's COMMENT replaces ours; from then on it may be the person's own, which nothing of ours drops."""
    databases = refreshed(users_own(), 1)
    live = replace(databases["app"], comment="the app's staging")
    with pytest.raises(PreconditionFailed, match="COMMENT ON DATABASE"):
        refreshed(databases | {"app": live}, 2)
    previous = database("app__previous", 50, ownership(9).comment_line())
    with pytest.raises(PreconditionFailed, match="COMMENT ON DATABASE"):
        rolled_back(databases | {"app": live, "app__previous": previous}, 3)
    again = refreshed({"app": live}, 2)
    assert (again["app__original"].oid, again["app__original"].comment) == (live.oid, "the app's staging")
