"""JSON by path: what it holds masks like columns of the same domain, and what no path names doesn't survive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from psycopg import sql
from psycopg.types.json import Json

from contracts.errors import VerificationFailed
from masking.statements.checks import FORM
from tasks.postgres.connection import connect
from tasks.postgres.masking_functions import create_functions
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone

TABLES = """
CREATE TABLE people (
    id int PRIMARY KEY, email text UNIQUE, phone text UNIQUE, ssn text, first_name text, visits int,
    profile jsonb NOT NULL, raw json, shapeless jsonb);
"""
PROFILE = {
    "contact": {"email": "Bob@mail.example", "fax": "212-736-5000"},
    "tags": ["vip", "late payer", ""],
    "phones": [
        {"number": "(212) 736-5000", "kind": "home"},
        {"number": None},
        {"number": 2127365001},
        "loose",
    ],
    "plan": {"name": "gold", "since": 2001},
    "a name": "Adam",
    "visits": 1000,
    "ssn": "123-45-6789",
    "note": "called on 12 May",
    "empty": {},
}
POLICY = """
tables:
  people:
    columns:
      id: keep
      email: email
      phone: phone
      ssn: ssn
      first_name: first_name
      visits: number
      profile: &paths
        json:
          paths:
            $.contact.email: email
            $.tags[*]: pseudonym
            $.phones[*].number: phone
            $.plan: keep
            $."a name": first_name
            $.visits: number
            $.ssn: ssn
            $.empty.list[*]: null
            $.source: {constant: import}
      raw: *paths
      shapeless: {json: {paths: {$.a.b: email}, default: {keep: "settings that the application wrote itself"}}}
"""


@pytest.fixture
def people(clone: Clone) -> Clone:
    clone.execute(TABLES)
    with_source = json.dumps(PROFILE | {"source": "Bob himself"}).replace("'", "''")
    clone.execute(
        f"""
        INSERT INTO people VALUES
        (1, 'Bob@mail.example', '(212) 736-5000', '123-45-6789', 'Adam', 1000, '{with_source}', '{with_source}',
         '{{"a": {{"b": "x@mail.example", "c": 1}}, "d": [2]}}'),
        (2, NULL, NULL, NULL, NULL, NULL, '"Bob"', NULL, '{{"a": "x@mail.example", "d": 3}}'),
        (3, '', '', '', '', 0, '{{}}', 'null', '[1]')"""
    )
    return clone


def test_what_lies_at_a_path_masks_like_a_column_and_the_rest_is_dropped(people: Clone) -> None:
    people.mask(POLICY)  # its verification included
    rows = people.rows(
        "SELECT email, phone, ssn, first_name, visits, profile, raw, shapeless FROM people ORDER BY id"
    )
    email, phone, ssn, first_name, visits, profile, raw, shapeless = rows[0]
    assert profile == {
        "contact": {"email": email},
        "tags": [profile["tags"][0], profile["tags"][1], ""],
        "phones": [{"number": phone}, {"number": None}, {"number": profile["phones"][2]["number"]}],
        "plan": {"name": "gold", "since": 2001},
        "a name": first_name,
        "visits": visits,
        "ssn": ssn,
        "empty": {},
        "source": "import",
    }
    assert raw == profile
    assert email.endswith("@example.com")
    assert isinstance(profile["phones"][2]["number"], int)
    assert "55501" in str(profile["phones"][2]["number"])
    assert len({"vip", "late payer", *profile["tags"]}) == 5
    assert shapeless["a"]["b"].endswith("@example.com")
    assert (shapeless["a"]["c"], shapeless["d"]) == (1, [2])
    # A text where an object should be is dropped even where the default keeps; so is a document of another shape.
    assert [row[5:] for row in rows[1:]] == [(None, None, {"d": 3}), ({}, None, None)]
    assert people.value("SELECT count(*) FROM people WHERE profile IS NULL OR (id = 3 AND raw IS NULL)") == 0


LEFT: list[tuple[Any, bool]] = [
    ({"contact": {"email": "bob@mail.example"}}, True),
    ({"contact": {"email": {"was": "bob@mail.example"}}}, True),
    ({"contact": "bob@mail.example"}, True),
    ({"note": "called on 12 May"}, True),
    ({"phones": [{"number": "212-555-0123"}, {"number": "212-736-5000"}]}, True),
    ({"phones": [{"number": None, "kind": "home"}]}, True),
    ({"source": "Bob himself"}, True),
    ("Bob", True),
    (
        {
            "contact": {"email": "abcdefghijklmnopqr@example.com"},
            "phones": [{"number": "212-555-0123"}],
            "plan": [1],
        },
        False,
    ),
    ({"source": "import", "contact": None, "tags": [None, "", 18 * "a"]}, False),
    (None, False),
]


def test_verification_sees_what_a_path_should_have_masked_or_dropped(clone: Clone) -> None:
    clone.execute(TABLES)
    _, plan = clone.plan(POLICY.replace('$."a name": first_name', '$."a name": username'))
    (use,) = [use for _, use in plan.uses() if use.column.name == "raw" and not use.steps]
    violation = use.violation()
    assert violation is not None
    query = sql.SQL(
        "SELECT {} FROM pg_catalog.unnest(%s::json[]) WITH ORDINALITY AS t (raw, place) ORDER BY place"
    )
    with connect(clone.login, clone.database) as connection:
        connection.execute("CREATE SCHEMA refresh_mask")
        create_functions(connection)
        found = connection.execute(query.format(violation), ([Json(left) for left, _ in LEFT],)).fetchall()
    assert [(left, seen) for (left, _), (seen,) in zip(LEFT, found, strict=True)] == LEFT


CONDITIONED = """
tables:
  people:
    columns:
      id: keep
      email: email
      phone: phone
      ssn: keep
      first_name: keep
      visits: keep
      profile:
        json: {paths: {$.contact.email: email, "$.phones[*]": phone, $.born: {bucket: {width: 10}}}}
        when: visits > 0
        # It holds what is in email and phone too.
        otherwise: {keep: {reason: "written by our own staff", acknowledge: {raw_values: "their own"}}}
      raw:
        json: {paths: {$.phone: phone}}
        when: visits > 0
        otherwise: {json: {paths: {$.phone: ssn}}}
      shapeless: json
"""


@pytest.fixture
def visitors(clone: Clone) -> Clone:
    clone.execute(TABLES)
    clone.execute(
        """
        INSERT INTO people (id, email, phone, visits, profile, raw)
        SELECT i, format('p%s@mail.example', i), format('212-736-%s', 5000 + i), i % 2,
               jsonb_build_object('contact', jsonb_build_object('email', format('p%s@mail.example', i)),
                                  'phones', jsonb_build_array(format('212-736-%s', 5000 + i)), 'born', 1990 + i,
                                  'note', format('note %s', i)),
               json_build_object('phone', format('212-736-%s', 5000 + i))
        FROM generate_series(1, 40) i"""
    )
    return clone


def test_a_condition_says_whose_documents_are_masked(visitors: Clone) -> None:
    visitors.mask(CONDITIONED)
    for id_, email, phone, visits, profile, raw in visitors.rows(
        "SELECT id, email, phone, visits, profile, raw FROM people ORDER BY id"
    ):
        if visits:
            # As in the column, which is unique: inside documents too, no two people have one number.
            assert profile == {
                "contact": {"email": email},
                "phones": [phone],
                "born": (1990 + id_) // 10 * 10,
            }
            assert raw == {"phone": phone}
        else:
            assert profile["contact"]["email"] == f"p{id_}@mail.example"
            assert profile["note"] == f"note {id_}"
            assert raw["phone"].startswith("9")


def test_a_document_that_should_have_been_masked_is_found(visitors: Clone) -> None:
    catalogue, plan = visitors.plan(CONDITIONED)
    rewrite(visitors.login, visitors.database, catalogue, plan, KEYS)
    visitors.execute('UPDATE people SET profile = \'{"note": "another one"}\' WHERE id = 1')
    with pytest.raises(VerificationFailed) as caught:
        verify(visitors.login, visitors.database, catalogue, plan, KEYS)
    assert f"{FORM}: public.people.profile" in str(caught.value)
