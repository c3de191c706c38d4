"""What could still act or authenticate outward is gone after quarantine; each thing that can exist here is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from pydantic import SecretStr

from contracts.errors import NotOurs, PreconditionFailed, RefreshError
from contracts.login import Login
from deployments.localaws.binaries import find_binaries
from masking.proof.literals import search_literals
from tasks.archive.saved_schema import read_saved_schema, save_schema
from tasks.postgres.connection import connect
from tasks.postgres.quarantine import Quarantined, event_triggers_as_at_the_source, quarantine
from tasks.postgres.verification import finish
from tasks.proof.schema_entries import extensions_left_out, read_schema_entries
from tests.integration.masking.conftest import Clone

SuperUser = Callable[[str], None]


def replace_user(login: Login, username: str) -> Login:
    return replace(login, username=username, password=lambda: SecretStr("hush"))


def test_nothing_is_found_in_an_ordinary_database_and_nothing_changes(clone: Clone) -> None:
    # Roles of tests beside this one may log in before.
    assert replace(quarantine(clone.login, clone.database), others=0) == Quarantined()
    finish(clone.login, clone.database)
    assert clone.value("SELECT to_regnamespace('refresh_mask')") is None


def test_nobody_else_may_log_in_and_who_has_is_put_out(clone: Clone, as_superuser: SuperUser) -> None:
    reader, granted = f"reader_{clone.database}", f"granted_{clone.database}"
    for role in (reader, granted):
        as_superuser(f"CREATE ROLE {role} LOGIN PASSWORD 'hush'")
    as_superuser(f"GRANT CONNECT ON DATABASE {clone.database} TO {granted} WITH GRANT OPTION")
    theirs = [replace_user(clone.login, role) for role in (reader, granted)]
    try:
        with connect(theirs[0], clone.database) as session:
            session.execute("SELECT")
            assert quarantine(clone.login, clone.database).others >= 2
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT")
        for login in theirs:
            with pytest.raises(RefreshError), connect(login, clone.database):
                pass
        # Again, and we ourselves still may.
        assert quarantine(clone.login, clone.database).others == 0
    finally:
        as_superuser(f"DROP OWNED BY {reader}, {granted}; DROP ROLE {reader}, {granted}")


def test_a_role_that_has_the_master_users_rights_stops_the_run(clone: Clone, as_superuser: SuperUser) -> None:
    twin = f"twin_{clone.database}"
    as_superuser(f"CREATE ROLE {twin} LOGIN IN ROLE {clone.login.username}")
    try:
        with pytest.raises(PreconditionFailed, match=twin):
            quarantine(clone.login, clone.database)
    finally:
        as_superuser(f"DROP ROLE {twin}")


def test_options_of_servers_that_look_like_secrets_are_dropped_and_the_others_stay(
    clone: Clone, as_superuser: SuperUser
) -> None:
    as_superuser(
        "CREATE FOREIGN DATA WRAPPER plain OPTIONS (level '3');"
        f"GRANT USAGE ON FOREIGN DATA WRAPPER plain TO {clone.login.username}"
    )
    clone.execute(
        "CREATE SERVER warehouse FOREIGN DATA WRAPPER plain"
        " OPTIONS (host 'warehouse.invalid', password 'hush', dsn 'pg://u:hush@warehouse.invalid/w')"
    )
    assert quarantine(clone.login, clone.database).secret_options == 2
    save_schema(clone.login, clone.database)
    saved = "".join(entry.text for entry in read_schema_entries(clone.login, clone.database))
    assert "hush" not in saved
    assert "host 'warehouse.invalid'" in saved
    assert "level '3'" in saved


def test_settings_made_for_the_database_are_in_no_archive(clone: Clone, as_superuser: SuperUser) -> None:
    role = f"app_{clone.database}"
    as_superuser(
        f"CREATE ROLE {role}; ALTER ROLE {role} IN DATABASE {clone.database} SET app.salt = E'hush\\n;hush';"
        f"ALTER DATABASE {clone.database} SET app.jwt_secret = 'hush';"
        f"COMMENT ON DATABASE {clone.database} IS 'ask jo@mail.fr'"
    )
    try:
        save_schema(clone.login, clone.database)
        with connect(clone.login, clone.database) as connection:
            assert b"hush" not in read_saved_schema(connection, clone.database).toc
        entries = read_schema_entries(clone.login, clone.database)
        findings = search_literals(entries, None, {}).findings
        assert [(finding.place, finding.rule) for finding in findings] == [
            (f"COMMENT DATABASE {clone.database}", "email")
        ]
    finally:
        as_superuser(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_names_of_roles_are_searched_as_the_archive_has_them(clone: Clone, as_superuser: SuperUser) -> None:
    role = f"jo{clone.database}@mail.fr"
    as_superuser(f'CREATE ROLE "{role}"')
    clone.execute(f'CREATE TABLE t (); GRANT SELECT ON t TO "{role}"')
    try:
        save_schema(clone.login, clone.database)
        entries = read_schema_entries(clone.login, clone.database)
        assert [finding.place for finding in search_literals(entries, None, {}).findings] == [
            "ACL public.TABLE t"
        ]
    finally:
        as_superuser(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def test_extensions_of_operations_are_left_out_of_the_archive_unless_something_needs_them(
    clone: Clone,
) -> None:
    clone.execute("CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pgrowlocks; CREATE EXTENSION citext")
    clone.execute("CREATE VIEW slow AS SELECT query FROM pg_stat_statements")
    save_schema(clone.login, clone.database)
    entries = read_schema_entries(clone.login, clone.database)
    made = {entry.name for entry in entries if entry.kind == "EXTENSION" and entry.text.strip()}
    assert made == {"citext", "pg_stat_statements"}
    assert extensions_left_out(clone.login, clone.database, entries) == ("pgrowlocks",)


@pytest.mark.skipif(
    find_binaries().major < 16, reason="before PostgreSQL 16 only a superuser subscribes, and Aurora has none"
)
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


@pytest.mark.skipif(find_binaries().major < 17, reason="before PostgreSQL 17 none fires at a login")
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
