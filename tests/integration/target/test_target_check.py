"""The preflight refuses a target that couldn't be swapped, and says why and what to do."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from contracts.errors import ConfigurationError, DatabaseError, NotOurs, PreconditionFailed
from contracts.ownership import users_comment
from contracts.target import DatabaseLocale
from tasks.postgres.advisory_lock import hold_target
from tasks.postgres.shadow import create_shadow
from tasks.postgres.target_check import check_target

if TYPE_CHECKING:
    from tests.integration.target.conftest import Target


def check(target: Target) -> None:
    check_target(target.login, target.database, target.run(), superuser_patience_s=0)


def test_a_users_own_database_may_be_refreshed(target: Target) -> None:
    state = check_target(target.login, target.database, target.run())
    assert (state.exists, state.is_ours, state.owner) == (True, False, "app_owner")
    assert state.locale == target.locale()


def test_a_missing_database_may_be_refreshed(missing_target: Target) -> None:
    state = check_target(missing_target.login, missing_target.database, missing_target.run())
    assert (state.exists, state.is_ours, state.owner, state.locale) == (False, False, "master", None)


def test_a_refreshed_database_may_be_refreshed_again(target: Target) -> None:
    target.refresh("first")
    target.refresh("second")
    assert check_target(target.login, target.database, target.run()).is_ours


def test_checking_changes_nothing(target: Target) -> None:
    before = target.execute("SELECT d::text FROM pg_database d ORDER BY datname")
    check(target)
    assert target.execute("SELECT d::text FROM pg_database d ORDER BY datname") == before


def test_a_prepared_transaction_is_refused(target: Target) -> None:
    with psycopg.connect(target.superuser_conninfo(target.database), autocommit=True) as connection:
        connection.execute(
            "BEGIN; UPDATE public.marker SET generation = generation; PREPARE TRANSACTION 'forgotten'"
        )
        try:
            with pytest.raises(
                PreconditionFailed, match=r"prepared transaction forgotten .*ROLLBACK PREPARED"
            ):
                check(target)
        finally:
            connection.execute("ROLLBACK PREPARED 'forgotten'")
    check(target)


def test_a_logical_slot_is_refused(target: Target) -> None:
    slot = f"slot_{target.database}"
    target.execute(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
    try:
        with pytest.raises(PreconditionFailed, match=f"replication slot {slot} .*drop the slot"):
            check(target)
    finally:
        target.execute(f"SELECT pg_drop_replication_slot('{slot}')")


def test_a_subscription_is_refused(target: Target) -> None:
    target.execute(
        "CREATE SUBSCRIPTION inbound CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)"
    )
    with pytest.raises(PreconditionFailed, match="subscription inbound"):
        check(target)
    target.execute("DROP SUBSCRIPTION inbound")


def test_a_session_of_a_superuser_is_refused_when_it_stays(target: Target) -> None:
    with (
        psycopg.connect(target.superuser_conninfo(target.database)) as connection,
        pytest.raises(
            PreconditionFailed, match=f"session {connection.info.backend_pid} .client backend of rdsadmin"
        ),
    ):
        check(target)


def test_a_session_of_a_superuser_that_goes_away_is_waited_for(target: Target) -> None:
    connection = psycopg.connect(target.superuser_conninfo(target.database))
    timer = threading.Timer(0.4, connection.close)
    timer.start()
    check_target(target.login, target.database, target.run(), superuser_patience_s=20)
    timer.join()


def test_sessions_of_others_are_no_reason_to_refuse(target: Target) -> None:
    with target.connect():
        check(target)


def test_a_previous_database_without_our_comment_is_refused(target: Target) -> None:
    target.execute(f"CREATE DATABASE {target.database}__previous", "postgres")
    with pytest.raises(NotOurs, match="lacks our line"):
        check(target)
    target.execute(
        f"COMMENT ON DATABASE {target.database}__previous IS 'dev-db-refresh: not json'", "postgres"
    )
    with pytest.raises(NotOurs, match="lacks our line"):
        check(target)


def test_a_shadow_of_someone_else_is_refused(target: Target) -> None:
    run = target.run()
    shadow = run.shadow_database(target.database)
    target.execute(f"CREATE DATABASE {shadow}", "postgres")
    with pytest.raises(NotOurs, match=shadow):
        check_target(target.login, target.database, run)
    # Closed and without a comment isn't enough to be ours: the mark is in its connection limit.
    target.execute(f"ALTER DATABASE {shadow} ALLOW_CONNECTIONS false CONNECTION LIMIT 7", "postgres")
    with pytest.raises(NotOurs, match=shadow):
        check_target(target.login, target.database, run)


def test_an_original_in_the_way_of_a_users_own_database_is_refused(target: Target) -> None:
    target.execute(f"CREATE DATABASE {target.database}__original", "postgres")
    with pytest.raises(PreconditionFailed, match="__original', is taken"):
        check(target)


def test_the_remedy_for_a_refreshed_database_that_lost_its_line_gives_the_line_back(target: Target) -> None:
    target.refresh("first")
    name, comment = target.database, "Kim's\nstaging, C:\\data"
    target.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(comment)))
    with pytest.raises(PreconditionFailed, match="__original', is taken") as refused:
        check(target)
    statement = re.search(r"COMMENT ON DATABASE .*'(?=; otherwise)", str(refused.value))
    assert statement is not None
    target.execute(statement.group())
    assert users_comment(target.comment()) == comment
    target.refresh("second")
    assert target.suffixes() == {"", "__previous", "__original"}
    assert [target.marker(f"{name}{suffix}") for suffix in ("", "__previous", "__original")] == [
        "second",
        "first",
        "users",
    ]
    assert users_comment(target.comment()) == comment


def test_a_target_of_two_environments_is_refused(target: Target) -> None:
    target.refresh("first")
    with pytest.raises(NotOurs, match="two environments have one target"):
        check_target(target.login, target.database, target.run(env="qa"))


def test_a_closed_database_is_refused(target: Target) -> None:
    target.execute(f"ALTER DATABASE {target.database} ALLOW_CONNECTIONS false", "postgres")
    with pytest.raises(PreconditionFailed, match="accepts no connections"):
        check(target)


@pytest.mark.parametrize("name", ["postgres", "template1", "rdsadmin"])
def test_the_clusters_own_databases_are_refused(missing_target: Target, name: str) -> None:
    with pytest.raises(PreconditionFailed, match="belongs to the cluster itself"):
        check(replace(missing_target, database=name))


def test_a_name_without_room_for_ours_is_refused(missing_target: Target) -> None:
    with pytest.raises(ConfigurationError, match="at most 41 bytes"):
        check(replace(missing_target, database="a" * 42))


def test_an_owner_that_we_are_no_member_of_is_refused(target: Target) -> None:
    target.execute(f"ALTER DATABASE {target.database} OWNER TO stranger")
    with pytest.raises(PreconditionFailed, match='GRANT "stranger" TO "master"'):
        check(target)


def test_a_user_who_may_not_create_databases_or_end_sessions_is_refused(target: Target) -> None:
    password = os.urandom(12).hex()
    name = f"weak_{target.database}"
    target.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), password))
    weak = replace(target, login=replace(target.login, username=name, password=lambda: SecretStr(password)))
    with pytest.raises(PreconditionFailed, match="may not create or rename databases"):
        check(weak)
    target.execute(f"ALTER ROLE {name} CREATEDB")
    with pytest.raises(PreconditionFailed, match="may not end other users' sessions"):
        check(weak)
    target.execute(f"GRANT pg_signal_backend TO {name}")
    with pytest.raises(PreconditionFailed, match="can't act as its owner 'app_owner'"):
        check(weak)
    target.execute(f"GRANT app_owner TO {name}")
    check(weak)
    target.execute(f"DROP ROLE {name}")


def test_a_wrong_password_names_the_remedy_and_not_the_password(target: Target) -> None:
    wrong = replace(target, login=replace(target.login, password=lambda: SecretStr("hunter2-wrong")))
    with pytest.raises(DatabaseError) as caught:
        check(wrong)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_locale_that_differs_is_refused_unless_allowed(target: Target) -> None:
    run = target.run()
    wanted = replace(target.locale(), collate="C", ctype="C")
    with hold_target(target.login, target.database, run):
        with pytest.raises(PreconditionFailed, match=r"collate: C, not C\.UTF-8; ctype: C, not C\.UTF-8"):
            create_shadow(target.login, target.database, target.ownership(run), locale=wanted)
        assert target.suffixes() == {""}
        shadow = create_shadow(
            target.login, target.database, target.ownership(run), locale=wanted, allow_locale_change=True
        )
    assert target.execute(
        "SELECT datcollate FROM pg_database WHERE datname = current_database()", shadow
    ) == [("C",)]


def test_a_locale_provider_is_the_sources(missing_target: Target) -> None:
    target, run = missing_target, missing_target.run()
    wanted = DatabaseLocale(
        encoding="UTF8", collate="C.UTF-8", ctype="C.UTF-8", provider="builtin", locale="C.UTF-8"
    )
    with hold_target(target.login, target.database, run):
        if target.server_major < 17:  # which has no builtin one yet
            with pytest.raises(PreconditionFailed, match=r"builtin C\.UTF-8"):
                create_shadow(target.login, target.database, target.ownership(run), locale=wanted)
            return
        create_shadow(target.login, target.database, target.ownership(run), locale=wanted)
        target.swap(run)
    assert check_target(target.login, target.database, target.run()).locale == wanted


def test_a_locale_that_the_server_lacks_is_named(missing_target: Target) -> None:
    target, run = missing_target, missing_target.run()
    wanted = DatabaseLocale(encoding="UTF8", collate="tlh_QO.UTF-8", ctype="tlh_QO.UTF-8")
    with (
        hold_target(target.login, target.database, run),
        pytest.raises(PreconditionFailed, match=r"doesn't have the source's .*tlh_QO"),
    ):
        create_shadow(target.login, target.database, target.ownership(run), locale=wanted)
    assert target.databases() == set()


def test_a_second_refresh_of_one_target_is_told_who_holds_it(target: Target) -> None:
    first, second = target.run(), target.run(env="qa")
    with hold_target(target.login, target.database, first):
        with (
            pytest.raises(
                PreconditionFailed, match=f"held by dev-db-refresh staging {first.key} of master"
            ) as caught,
            hold_target(target.login, target.database, second),
        ):
            pass
        assert caught.value.is_transient
        assert target.login.password().get_secret_value() not in str(caught.value)
    with hold_target(target.login, target.database, second):
        pass


def test_the_lock_of_one_target_does_not_hold_another(target: Target) -> None:
    other = replace(target, database=f"{target.database}x")
    with (
        hold_target(target.login, target.database, target.run()),
        hold_target(other.login, other.database, other.run()),
    ):
        pass


def test_a_lock_may_be_waited_for(target: Target) -> None:
    with ExitStack() as stack:
        stack.enter_context(hold_target(target.login, target.database, target.run()))
        timer = threading.Timer(0.3, stack.pop_all().close)
        timer.start()
        began_at = time.monotonic()
        with hold_target(target.login, target.database, target.run(), wait_s=20):
            assert time.monotonic() - began_at >= 0.2
        timer.join()


def test_the_lock_is_free_again_when_its_session_is_gone(target: Target) -> None:
    run = target.run()
    with hold_target(target.login, target.database, run):
        target.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = 'dev-db-refresh staging {run.key}'"
        )
        with (
            hold_target(target.login, target.database, target.run(), wait_s=5),
            pytest.raises(PreconditionFailed, match="doesn't hold the lock"),
        ):
            create_shadow(target.login, target.database, target.ownership(run), locale=target.locale())
    assert target.suffixes() == {""}
