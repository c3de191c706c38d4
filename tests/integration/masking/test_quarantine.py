"""What could still act or authenticate outward is gone after quarantine; each thing that can exist here is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.errors import NotOurs, PreconditionFailed
from tasks.postgres.quarantine import Quarantined, event_triggers_as_at_the_source, quarantine
from tasks.postgres.verification import finish
from tests.integration.masking.conftest import Clone

SuperUser = Callable[[str], None]


def test_nothing_is_found_in_an_ordinary_database_and_nothing_changes(clone: Clone) -> None:
    assert quarantine(clone.login, clone.database) == Quarantined()
    finish(clone.login, clone.database)
    assert clone.value("SELECT to_regnamespace('refresh_mask')") is None


def test_subscriptions_are_dropped_without_reaching_for_their_publisher(clone: Clone) -> None:
    clone.execute(
        "CREATE SUBSCRIPTION orders_in CONNECTION 'host=publisher.invalid password=hush' PUBLICATION p"
        " WITH (connect = false, slot_name = 'orders_in')"
    )
    assert quarantine(clone.login, clone.database).subscriptions == 1
    assert clone.value("SELECT count(*) FROM pg_subscription") == 0
    assert quarantine(clone.login, clone.database).subscriptions == 0


def test_user_mappings_are_dropped_and_their_servers_stay(clone: Clone) -> None:
    clone.execute(
        "CREATE EXTENSION postgres_fdw;"
        "CREATE SERVER warehouse FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'warehouse.invalid');"
        "CREATE USER MAPPING FOR PUBLIC SERVER warehouse OPTIONS (user 'u', password 'hush');"
        "CREATE USER MAPPING FOR CURRENT_USER SERVER warehouse OPTIONS (user 'u', password 'hush')"
    )
    assert quarantine(clone.login, clone.database).user_mappings == 2
    assert clone.value("SELECT count(*) FROM pg_user_mappings") == 0
    assert clone.value("SELECT count(*) FROM pg_foreign_server") == 1


def test_logical_slots_of_the_database_are_dropped(clone: Clone, as_superuser: SuperUser) -> None:
    as_superuser(f"SELECT pg_create_logical_replication_slot('slot_of_{clone.database}', 'pgoutput')")
    assert quarantine(clone.login, clone.database).replication_slots == 1
    assert clone.value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") == 0


def test_the_jobs_of_pg_cron_are_deleted(clone: Clone, as_superuser: SuperUser) -> None:
    clone.execute(
        "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid int, command text); INSERT INTO cron.job VALUES (1, 'x')"
    )
    # pg_cron needs its library preloaded; another extension under its name owns a table just as well.
    as_superuser(
        "CREATE EXTENSION citext; UPDATE pg_catalog.pg_extension SET extname = 'pg_cron' WHERE extname = 'citext'"
    )
    as_superuser("ALTER EXTENSION pg_cron ADD TABLE cron.job")
    assert quarantine(clone.login, clone.database).scheduled_jobs == 1
    assert clone.value("SELECT count(*) FROM cron.job") == 0


def test_a_table_of_the_users_own_is_no_schedule_whatever_its_name(clone: Clone) -> None:
    clone.execute(
        "CREATE SCHEMA cron; CREATE TABLE cron.job (id int, title text); INSERT INTO cron.job VALUES (1, 'x')"
    )
    assert quarantine(clone.login, clone.database).scheduled_jobs == 0
    assert clone.value("SELECT count(*) FROM cron.job") == 1


EVENT_TRIGGER = """
    CREATE TABLE ddl_log (tag text);
    CREATE FUNCTION log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO ddl_log VALUES (tg_tag); END $$;
    CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION log_ddl();
"""


def test_an_ordinary_event_trigger_never_fires_and_stays_as_it_is(
    clone: Clone, as_superuser: SuperUser
) -> None:
    as_superuser(EVENT_TRIGGER)
    before = clone.value("SELECT evtenabled::text FROM pg_event_trigger")
    assert quarantine(clone.login, clone.database).event_triggers == 0
    finish(clone.login, clone.database)
    as_superuser("GRANT SELECT ON ddl_log TO PUBLIC")
    assert clone.rows("SELECT tag FROM ddl_log") == [("GRANT",)]
    assert clone.value("SELECT evtenabled::text FROM pg_event_trigger") == before


def test_an_event_trigger_that_always_fires_is_disabled_but_while_the_schema_is_read(
    clone: Clone, as_superuser: SuperUser
) -> None:
    as_superuser(EVENT_TRIGGER)
    as_superuser("ALTER EVENT TRIGGER watch ENABLE ALWAYS; GRANT SELECT, INSERT ON ddl_log TO PUBLIC")
    with pytest.raises(PreconditionFailed, match="event trigger 'watch'"):
        quarantine(clone.login, clone.database)
    # Aurora lets the master user own event triggers; here only a superuser may, so that it is one for a moment.
    as_superuser(f"ALTER ROLE {clone.login.username} SUPERUSER")
    try:
        assert quarantine(clone.login, clone.database).event_triggers == 1
        assert clone.value("SELECT evtenabled::text FROM pg_event_trigger") == "D"
        assert quarantine(clone.login, clone.database).event_triggers == 0
        with event_triggers_as_at_the_source(clone.login, clone.database):
            assert clone.value("SELECT evtenabled::text FROM pg_event_trigger") == "A"
        finish(clone.login, clone.database)
        assert clone.value("SELECT evtenabled::text FROM pg_event_trigger") == "D"
    finally:
        as_superuser(f"ALTER ROLE {clone.login.username} NOSUPERUSER")


def test_an_event_trigger_at_login_adds_no_row_after_quarantine_nor_while_the_dump_logs_in(
    clone: Clone, as_superuser: SuperUser
) -> None:
    clone.execute("CREATE TABLE logins (at timestamptz DEFAULT now())")
    as_superuser(
        "CREATE FUNCTION note_login() RETURNS event_trigger LANGUAGE plpgsql AS $$"
        " BEGIN INSERT INTO public.logins DEFAULT VALUES; END $$;"
        "CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION note_login();"
        f"GRANT INSERT ON logins TO PUBLIC; ALTER ROLE {clone.login.username} SUPERUSER"
    )
    try:
        assert quarantine(clone.login, clone.database).event_triggers == 1
        before = clone.value("SELECT count(*) FROM logins")
        report = clone.mask("tables: {logins: {columns: {at: keep}}}")
        assert report.verification.verdict == "passed"
        assert {found.table: found.rows for found in report.tables} == {"public.logins": before}
        # Each is a login of its own.
        assert [clone.value("SELECT count(*) FROM logins") for _ in range(2)] == [before, before]
    finally:
        as_superuser(f"ALTER ROLE {clone.login.username} NOSUPERUSER")


def test_a_schema_of_that_name_that_isnt_ours_is_left_alone(clone: Clone) -> None:
    clone.execute("CREATE SCHEMA refresh_mask; CREATE TABLE refresh_mask.theirs ()")
    with pytest.raises(NotOurs, match="schema refresh_mask"):
        quarantine(clone.login, clone.database)
    assert clone.value("SELECT to_regclass('refresh_mask.theirs')::text") == "refresh_mask.theirs"
