"""Rows that a rule isn't for: they keep what they had, they and no others."""

from __future__ import annotations

import pytest

from contracts.errors import VerificationFailed
from masking.statements.checks import CHANGED, FORM, RAW_VALUES
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone

POLICY = """
tables:
  people:
    columns:
      id: keep
      # The column asks itself, and another that is masked in the same pass.
      email: {email: {}, when: "email NOT LIKE '%@corp.example'", otherwise: {keep: "our own staff"}}
      name: {full_name: {}, when: "email NOT LIKE '%@corp.example'", otherwise: {keep: "our own staff"}}
      phone: {phone: {}, when: value % 2 = 0, otherwise: {constant: '0'}}
      tags: {username: {}, when: value % 2 = 0, otherwise: {keep: "of odd rows"}}
      pay: {number: {}, when: value % 2 = 0, otherwise: {sql: "0"}}
      value: keep
"""


@pytest.fixture
def people(clone: Clone) -> Clone:
    clone.execute(
        "CREATE TABLE people (id int, email varchar(60) NOT NULL, name text, phone text, tags text[],"
        " pay numeric(9, 2), value int) PARTITION BY HASH (id);"
        "CREATE TABLE people_0 PARTITION OF people FOR VALUES WITH (modulus 2, remainder 0);"
        # Its columns stand in another order.
        "CREATE TABLE people_1 (value int, pay numeric(9, 2), tags text[], phone text, name text,"
        " email varchar(60) NOT NULL, id int);"
        "ALTER TABLE people ATTACH PARTITION people_1 FOR VALUES WITH (modulus 2, remainder 1);"
        "CREATE UNIQUE INDEX ON people (id, lower(email));"
        "INSERT INTO people"
        " SELECT i, 'person' || i || CASE WHEN i % 3 = 0 THEN '@corp.example' ELSE '@mail.example' END,"
        " 'Raw Person ' || i / 2, CASE WHEN i % 5 > 0 THEN '(212) 736-' || 1000 + i END, ARRAY['nick' || i, NULL, ' '],"
        " i, i FROM generate_series(1, 60) i"
    )
    return clone


def test_rows_that_a_condition_leaves_out_keep_what_they_had(people: Clone) -> None:
    raw = {row[0]: row for row in people.rows("SELECT id, email, name, phone, tags, pay FROM people")}
    report = people.mask(POLICY)
    assert report.verification.verdict == "passed"
    assert {column.masker for column in report.columns if column.column == "email"} == {"email, else keep"}
    for id_, email, name, phone, tags, pay in people.rows(
        "SELECT id, email, name, phone, tags, pay FROM people"
    ):
        before = raw[id_]
        ours = before[1].endswith("@corp.example")
        assert (email == before[1], name == before[2]) == (ours, ours)
        assert tags[1:] == before[4][1:] if id_ % 2 else tags[0].startswith("user_")
        if id_ % 2:
            assert (tags, pay) == (before[4], 0)
            assert phone == (before[3] and "0")
        else:
            assert before[5] / 2 <= pay < before[5]
            assert phone is before[3] is None or "555-01" in phone


@pytest.mark.parametrize(
    ("tampering", "names"),
    [
        # A value that no kept row had; one that a kept row had, once more; a form that is neither.
        ("UPDATE people SET email = 'person1@mail.example' WHERE id = 2", f"{RAW_VALUES}: public.people.email"),
        ("UPDATE people SET email = 'person3@corp.example' WHERE id = 2", f"{RAW_VALUES}: public.people.email"),
        ("UPDATE people SET email = 'neither@mail.example' WHERE id = 2", f"{FORM}: public.people_"),
        ("UPDATE people SET tags = ARRAY['nick3', 'neither'] WHERE id = 2", f"{FORM}: public.people_"),
        ("UPDATE people SET name = 'Raw Person ' || id / 2", f"{CHANGED}: public.people.name"),
    ],
)  # fmt: skip
def test_a_row_that_should_have_been_masked_is_found(people: Clone, tampering: str, names: str) -> None:
    catalogue, plan = people.plan(POLICY)
    rewrite(people.login, people.database, catalogue, plan, KEYS)
    people.execute(tampering)
    with pytest.raises(VerificationFailed) as caught:
        verify(people.login, people.database, catalogue, plan, KEYS)
    assert names in str(caught.value)
    assert "person" not in str(caught.value).replace("public.people", "")


def test_what_a_script_sets_a_condition_may_keep(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE people (id int, email text, staff bool);"
        "INSERT INTO people SELECT i, 'person' || i || '@mail.example', i % 2 = 0 FROM generate_series(1, 9) i"
    )
    clone.mask(
        """
        tables:
          people:
            columns:
              id: keep
              email: {email: {}, when: NOT staff, otherwise: {keep: "set by the script"}}
              staff: keep
        """,
        {"staff.sql": "UPDATE people SET email = 'staff' || id || '@example.com' WHERE staff"},
    )
    assert (
        clone.value("SELECT count(*) FROM people WHERE staff AND email = 'staff' || id || '@example.com'")
        == 4
    )
    assert clone.value("SELECT count(*) FROM people WHERE email LIKE 'person%'") == 0
