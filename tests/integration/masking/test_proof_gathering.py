"""What the proof looks for: raw values, gathered before any is gone, and never again once one may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.errors import PreconditionFailed, RefreshError
from contracts.verdict import Verdict
from masking.proof.signing import check_report
from tasks.archive.saved_report import read_report
from tasks.archive.saved_schema import save_schema
from tasks.postgres.rewrite import remember, rewrite
from tasks.proof.concluding import conclude
from tasks.proof.gathering import gather_and_remember, gather_raw_values
from tests.integration.masking.conftest import KEYS, USERS, Clone


def test_scripts_columns_are_searched_for_unless_their_line_says_why_not(clone: Clone) -> None:
    clone.execute(
        USERS + "CREATE TABLE notes (id int, note text); INSERT INTO notes SELECT id, email FROM users"
    )
    policy = """
        tables:
          users: {columns: {id: keep, email: {script: {domain: email%s}}, is_test: keep}}
          notes: {columns: {id: keep, note: keep}}
        """
    scripts = {"1.sql": "UPDATE users SET email = 'user' || id || '@example.dev'"}
    assert "100 values hold raw values of public.users.email" in clone.refused(policy % "", scripts)


def test_a_scripts_column_may_be_left_out_with_a_reason_that_the_report_has(clone: Clone) -> None:
    clone.execute(
        USERS + "CREATE TABLE notes (id int, note text); INSERT INTO notes SELECT id, email FROM users"
    )
    report = clone.mask(
        """
        tables:
          users:
            columns: {id: keep, email: {script: {domain: email, not_searched: "of test users"}}, is_test: keep}
          notes: {columns: {id: keep, note: keep}}
        """,
        {"1.sql": "UPDATE users SET email = 'user' || id || '@example.dev'"},
    )
    unsearched = {found.column: found.reason for found in report.verification.not_searched}
    assert unsearched["public.users.email"] == "the policy says: of test users"
    assert unsearched["public.users.id"] == "a key of numbers"


def test_rows_that_a_condition_keeps_are_no_ones_raw_values(clone: Clone) -> None:
    clone.execute(
        USERS + "CREATE TABLE notes (id int, note text); INSERT INTO notes SELECT id, email FROM users"
    )
    said = clone.refused(
        """
        tables:
          users:
            columns:
              id: keep
              email: {email: {}, when: "NOT is_test", otherwise: {keep: "ours"}}
              is_test: keep
          notes: {columns: {id: keep, note: keep}}
        """,
    )
    assert "public.notes.note: 90 values" in said


AUDIT = (
    "CREATE TABLE people (id int PRIMARY KEY, email text, first_name text, last_name text, phones text[], sku text);"
    "INSERT INTO people SELECT i, 'kayla' || i || '@mail.example', 'Kayla', 'Murby' || chr(96 + i),"
    " ARRAY['(310) 736-50' || 10 + i], 'SKU-10000' || i FROM generate_series(1, 9) i;"
    "CREATE TABLE notes (id int, a text, b text, c text, d text);"
    "INSERT INTO notes"
    " SELECT id, 'to ' || email, 'by ' || first_name || ' ' || last_name, phones::text, sku FROM people"
)


def test_copies_of_rows_that_are_left_out_are_found(clone: Clone) -> None:
    clone.execute(AUDIT)
    said = clone.refused(
        """
        tables:
          people:
            where: id > 7
            columns: {id: keep, email: email, first_name: first_name, last_name: last_name, phones: phone, sku: keep}
          notes: {where: id < 6, columns: {id: keep, a: keep, b: keep, c: keep, d: keep}}
        """,
    )
    assert "public.notes.a: 5 values hold raw values of public.people.email" in said
    assert "public.notes.b: 5 values hold raw values of public.people.first_name with last_name" in said
    assert "public.notes.c: 5 values hold raw values of public.people.phones" in said


def test_copies_of_what_an_emptied_table_held_are_found_as_far_as_its_names_tell_what_that_is(
    clone: Clone,
) -> None:
    clone.execute(AUDIT)
    columns = "{id: keep, a: keep, b: keep, c: keep, d: keep}"
    said = clone.refused(f"tables: {{people: empty, notes: {{columns: {columns}}}}}")
    assert "public.notes.a: 9 values hold raw values of public.people.email" in said
    assert "public.notes.b: 9 values hold raw values of public.people.first_name with last_name" in said
    assert "public.notes.c: 9 values hold raw values of public.people.phones" in said
    assert "public.notes.d" not in said


def test_what_is_not_searched_for_of_an_emptied_table_is_in_the_report(clone: Clone) -> None:
    clone.execute(AUDIT + "; CREATE TABLE jobs (id int, payload jsonb)")
    report = clone.mask(
        """
        tables:
          people: {empty: {not_searched: "of test users"}}
          jobs: empty
          notes: {columns: {id: keep, a: keep, b: keep, c: {keep: {acknowledge: {phone: "of test users"}}}, d: keep}}
        """
    )
    unsearched = {found.column: found.reason for found in report.verification.not_searched}
    assert unsearched["public.people.*"] == "the policy says: of test users"
    assert unsearched["public.jobs.*"].startswith("the policy empties the table, and of no column")


def test_what_was_left_out_by_a_process_that_died_is_not_proved(clone: Clone) -> None:
    clone.execute(USERS)
    catalogue, plan = clone.plan("tables: {users: empty}")
    remember(clone.login, clone.database, catalogue, plan, KEYS)
    with pytest.raises(PreconditionFailed, match="is gone with that process"):
        gather_raw_values(clone.login, clone.database, catalogue, plan)


def test_what_was_begun_by_a_process_that_died_is_not_proved(clone: Clone) -> None:
    clone.execute(USERS)
    catalogue, plan = clone.plan("tables: {users: {columns: {id: keep, email: email, is_test: keep}}}")
    remember(clone.login, clone.database, catalogue, plan, KEYS)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    with pytest.raises(PreconditionFailed, match="masked already"):
        gather_raw_values(clone.login, clone.database, catalogue, plan)


@pytest.mark.parametrize("holds_for_owners", [False, True])
def test_whole_filtered_and_emptied_tables_are_gathered_from_and_remembered_at_once(
    clone: Clone, holds_for_owners: bool
) -> None:
    clone.execute(
        USERS
        + """
        CREATE TABLE leads AS SELECT id, 'lead' || id || '@mail.example' AS email FROM users;
        CREATE TABLE sent AS SELECT id, 'sent' || id || '@mail.example' AS email FROM users;
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER t BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION nothing();
        ALTER TABLE leads ENABLE ALWAYS TRIGGER t;
        """
    )
    if holds_for_owners:
        clone.execute(
            "ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
            "ALTER TABLE sent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
    catalogue, plan = clone.plan(
        """
        tables:
          users: {where: is_test, columns: {id: keep, email: email, is_test: keep}}
          leads: {columns: {id: keep, email: email}}
          sent: empty
        """
    )
    raw = gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    assert sum(raw.counts) == 300
    assert dict(clone.rows("SELECT table_name, rows FROM refresh_mask.row_counts")) == {
        "public.users": 10,
        "public.leads": 100,
        "public.sent": 0,
    }
    assert clone.value("SELECT tgenabled FROM pg_trigger WHERE tgname = 't'") == "A"


VERDICT = Verdict(
    run_key="0123456789ab",
    env="staging",
    clone="refresh-staging-0123456789ab-clone",
    snapshot_arn="arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:nightly",
    policy_digest="",
    code_version="",
    report_sha256="",
    result="passed",
)


def test_a_clone_whose_masking_died_at_its_very_end_is_not_masked_again(
    clone: Clone, as_superuser: Callable[[str], None]
) -> None:
    policy = "tables: {users: {columns: {id: keep, email: email, is_test: keep}}}"
    clone.execute(USERS)
    save_schema(clone.login, clone.database)
    report = clone.mask(policy, finishes=False)
    catalogue, plan = clone.plan(policy)
    # It may not be dropped, as if the connection was lost just then.
    as_superuser("ALTER SCHEMA refresh_mask OWNER TO CURRENT_USER")
    with pytest.raises(RefreshError):
        conclude(clone.login, clone.database, report, VERDICT, KEYS)
    as_superuser(f"ALTER SCHEMA refresh_mask OWNER TO {clone.login.username}")
    with pytest.raises(PreconditionFailed, match="masked already"):
        gather_raw_values(clone.login, clone.database, catalogue, plan)

    kept = conclude(clone.login, clone.database, report, VERDICT, KEYS)
    with pytest.raises(PreconditionFailed, match="masked already"):
        gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    assert clone.value("SELECT to_regnamespace('refresh_mask')") is None
    assert read_report(clone.login, clone.database) == kept
    assert check_report(kept, KEYS, resource="the clone").clone == VERDICT.clone
    with pytest.raises(PreconditionFailed, match="masked already"):
        gather_raw_values(clone.login, clone.database, catalogue, plan)
