"""Columns of which the policy keeps some rows, or a part of all: what is left there of others is found."""

from __future__ import annotations

from masking.policy.reading import parse_policy
from masking.proof.report import RAW_VALUES_ELSEWHERE
from tasks.postgres.rewrite import rewrite
from tasks.proof.gathering import gather_and_remember, read_raw_values
from tasks.proof.restored import check_restored
from tasks.proof.searching import search_clone
from tests.integration.masking.conftest import KEYS, USERS, Clone

# Of the notes every second one is kept: of those the first five hold others' addresses.
NOTES_OF_SOME = (
    USERS
    + "CREATE TABLE notes (id int, info text, is_ours bool);"
    + "INSERT INTO notes SELECT id, CASE WHEN id <= 10 THEN 'see ' || email ELSE 'note ' || id END, id % 2 = 0"
    + " FROM users"
)
SOME_NOTES = """
    tables:
      users: {columns: {id: keep, email: email, is_test: keep}}
      notes: {columns: {id: keep, info: {free_text: {}, when: NOT is_ours, otherwise: {keep: %s}}, is_ours: keep}}
    """


def test_rows_that_a_condition_keeps_are_searched_too(clone: Clone) -> None:
    clone.execute(NOTES_OF_SOME)
    said = clone.refused(SOME_NOTES % "ours")
    assert "public.notes.info: 5 values hold raw values of public.users.email" in said
    assert "at the column's keep or redact" in said


def test_what_rows_hold_that_a_condition_keeps_may_be_acknowledged(clone: Clone) -> None:
    clone.execute(NOTES_OF_SOME)
    report = clone.mask(SOME_NOTES % '{reason: ours, acknowledge: {raw_values: "they agreed"}}')
    (found,) = report.verification.acknowledged
    assert (found.place, found.rule, found.count, found.reason) == (
        "public.notes.info",
        "raw_values",
        5,
        "they agreed",
    )
    (searched,) = (check for check in report.verification.checks if check.name == RAW_VALUES_ELSEWHERE)
    assert "5 acknowledged" in searched.detail
    assert "public.notes.info" not in {found.column for found in report.verification.not_searched}


def test_kept_rows_may_hold_what_masked_ones_of_their_column_held(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE people (id int, email text, tags text[], about jsonb, is_ours bool) PARTITION BY LIST (id);"
        "CREATE TABLE people_1 PARTITION OF people FOR VALUES IN (1, 2);"
        "CREATE TABLE people_2 (is_ours bool, about jsonb, tags text[], email text, id int);"
        "ALTER TABLE people ATTACH PARTITION people_2 FOR VALUES IN (3, 4);"
        "INSERT INTO people SELECT i, 'kayla@mail.example', '{kayla.tag@mail.example,x}',"
        """ '{"mail": "kayla.about@mail.example"}', i % 2 = 0 FROM generate_series(1, 4) i"""
    )
    report = clone.mask(
        """
        tables:
          people:
            columns:
              id: keep
              email: {email: {}, when: NOT is_ours, otherwise: {keep: ours}}
              tags: {email: {}, when: NOT is_ours, otherwise: {keep: ours}}
              about: {json: {paths: {$.mail: email}}, when: NOT is_ours, otherwise: {keep: ours}}
              is_ours: keep
        """
    )
    assert report.verification.acknowledged == ()
    assert clone.value("SELECT count(*) FROM people WHERE email = 'kayla@mail.example'") == 2


def test_a_value_that_is_another_columns_too_is_found_in_a_row_that_is_kept(clone: Clone) -> None:
    clone.execute(
        USERS
        + "CREATE TABLE logins (id int, name text, is_ours bool);"
        + "INSERT INTO logins SELECT id, email, is_ours FROM users, (VALUES (true), (false)) AS own (is_ours)"
    )
    said = clone.refused(
        """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          logins: {columns: {id: keep, name: {email: {}, when: NOT is_ours, otherwise: {keep: ours}}, is_ours: keep}}
        """
    )
    assert "public.logins.name: 100 values hold raw values of public.users.email" in said


def test_masks_that_are_somebodys_raw_values_by_coincidence_raise_no_alarm_beside_kept_rows(
    clone: Clone,
) -> None:
    # The one table's masks, SSNs that are never issued and names of a list, become raw values of the other.
    clone.execute(
        "CREATE TABLE people (id int PRIMARY KEY, ssn text, name text, ours bool);"
        "INSERT INTO people SELECT i, 219090000 + i, 'Raw Person' || chr(96 + i), i > 6 FROM generate_series(1, 9) i;"
        "CREATE TABLE others (id int PRIMARY KEY, ssn text, name text)"
    )
    policy = """
        tables:
          people:
            columns:
              id: keep
              ssn: {ssn: {}, when: NOT ours, otherwise: {keep: ours}}
              name: {full_name: {}, when: NOT ours, otherwise: {keep: ours}}
              ours: keep
          others: {columns: {id: keep, ssn: ssn, name: full_name}}
        """
    catalogue, plan = clone.plan(policy)
    gather_and_remember(clone.login, clone.database, catalogue, plan, KEYS)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute("INSERT INTO others SELECT id, ssn, name FROM people WHERE NOT ours")
    raw = read_raw_values(clone.login, clone.database, catalogue, plan)
    assert search_clone(clone.login, clone.database, catalogue, plan, raw).found.findings == []
    clone.execute("INSERT INTO others SELECT id, ssn, name FROM people WHERE ours")
    raw = read_raw_values(clone.login, clone.database, catalogue, plan)
    found = search_clone(clone.login, clone.database, catalogue, plan, raw).found.findings
    assert [str(finding) for finding in found] == [
        "public.people.ssn: 3 values hold raw values of public.others.ssn",
        "public.people.name: 3 values hold raw values of public.others.name",
    ]


def test_what_redact_leaves_is_searched_too(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE users (id int PRIMARY KEY, nick text, name text);"
        "INSERT INTO users SELECT i, 'nick' || i || 'abcd', 'Kayla Murby' || chr(96 + i) FROM generate_series(1, 9) i;"
        "CREATE TABLE notes (id int, info text, more text);"
        "INSERT INTO notes SELECT id, 'asked by ' || nick, CASE WHEN id < 4 THEN name ELSE 'x' END FROM users"
    )
    policy = """
        tables:
          users: {columns: {id: keep, nick: username, name: full_name}}
          notes:
            columns:
              id: keep
              info: {redact: %s}
              more: {redact: "support reads it", when: id > 1, otherwise: free_text}
        """
    said = clone.refused(policy % '"support reads it"')
    assert "public.notes.info: 9 values hold raw values of public.users.nick" in said
    assert "public.notes.more: 2 values hold raw values of public.users.name" in said


def test_what_redact_leaves_may_be_acknowledged(clone: Clone) -> None:
    clone.execute(
        USERS + "CREATE TABLE notes (id int, info text);"
        "INSERT INTO notes VALUES (1, 'ask jo@mail.fr, key ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ')"
    )
    policy = """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          notes: {columns: {id: keep, info: {redact: {reason: "support reads it"%s}}}}
        """
    report = clone.mask(policy % ', acknowledge: {api_token: "revoked"}')
    (found,) = report.verification.acknowledged
    assert (found.place, found.rule, found.reason) == ("public.notes.info", "api_token", "revoked")


def test_what_a_script_made_of_rows_that_are_kept_is_searched_too(clone: Clone) -> None:
    clone.execute(
        USERS
        + "CREATE TABLE people (id int, email text, is_ours bool);"
        + "INSERT INTO people SELECT id, 'jo' || id || '@mail.example', is_test FROM users"
    )
    said = clone.refused(
        """
        tables:
          users: {columns: {id: keep, email: email, is_test: keep}}
          people:
            columns:
              id: keep
              email: {email: {}, when: NOT is_ours, otherwise: {keep: "set by the script"}}
              is_ours: keep
        """,
        {"1.sql": "UPDATE people SET email = 'was kayla' || id || '@mail.example' WHERE is_ours"},
    )
    assert "public.people.email: 10 values hold raw values of public.users.email" in said


def test_the_restored_database_doesnt_know_which_rows_were_kept_and_is_searched_for_shapes_elsewhere(
    clone: Clone,
) -> None:
    clone.execute(NOTES_OF_SOME)
    policy = SOME_NOTES % '{reason: ours, acknowledge: {raw_values: "they agreed"}}'
    signed = clone.mask(policy)
    checks = check_restored(clone.login, clone.database, parse_policy(policy), signed)
    assert {check.result for check in checks} == {"passed"}
