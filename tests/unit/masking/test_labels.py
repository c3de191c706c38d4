"""PostgreSQL Anonymizer's rule files, as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.maskers import MASKERS
from masking.maskers.parameters import Constant, Expression, Keep
from masking.planning.plan import make_plan
from masking.policy.anonymizer import EQUALS, NO_EQUALS, OWN, TERNARY, WRITTEN
from masking.policy.reading import parse_policy
from masking.policy.rules import ColumnRule
from masking.reference import functions_table
from masking.syntax.position import Position
from tests.unit.masking.shapes import USERS, catalogue

FILE = """\
-- Made by pg_dump.
CREATE EXTENSION IF NOT EXISTS anon CASCADE;
SELECT anon.init();

SECURITY LABEL FOR anon ON FUNCTION pg_catalog.upper(text) IS 'TRUSTED';
SECURITY LABEL FOR anon ON ROLE developer IS 'MASKED';
SECURITY LABEL FOR anon ON COLUMN public.users.email IS 'MASKED WITH FUNCTION anon.fake_email()';
SECURITY LABEL FOR anon ON COLUMN users.ssn IS 'MASKED WITH FUNCTION anon.partial(ssn, 0, $$XXX-XX-$$, 4)';
SECURITY LABEL FOR anon ON COLUMN users.phone IS E'MASKED WITH VALUE \\'555-0100\\'';
"""


def rule(label: str, column: str = "c") -> ColumnRule:
    statement = f"SECURITY LABEL FOR anon ON COLUMN t.{column} IS $label$MASKED WITH {label}$label$"
    policy = parse_policy("", labels={"a.sql": statement})
    return policy.tables[TableName(schema="public", name="t")].columns[column]


def refusal(text: str, policy: str = "") -> str:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(policy, labels={"a.sql": text})
    return str(caught.value)


def test_a_rule_file_is_taken_as_it_is() -> None:
    policy = parse_policy("tables: {users: {columns: {id: keep}}}", labels={"anon.sql": FILE})
    plan = make_plan(catalogue(USERS), policy)
    assert {one.column.name: one.masker for one in plan.tables[0].columns} == {
        "id": None,
        "ssn": "sql",
        "email": "email",
        "phone": "constant",
    }
    rules = policy.tables[USERS.id].columns
    assert rules["email"].position == Position(file="labels/anon.sql", line=7, column=1)
    assert rules["ssn"].parameters == Expression(
        expression="(pg_catalog.substr(ssn, 1, 0) || 'XXX-XX-') || pg_catalog.\"right\"(ssn, 4)"
    )
    assert policy.digest != parse_policy("tables: {users: {columns: {id: keep}}}").digest


@pytest.mark.parametrize(
    ("label", "masker", "parameters"),
    [
        ("VALUE NULL", "null", None),
        ("VALUE NULL::text", "null", None),
        ("VALUE 'x'", "constant", Constant(value="x")),
        ("VALUE $$x$$", "constant", Constant(value="x")),
        ("VALUE 'x'::text", "constant", Constant(value="x")),
        ("VALUE 7", "constant", Constant(value=7)),
        ("VALUE 7.50", "constant", Constant(value="7.50")),
        ("VALUE -1", "constant", Constant(value=-1)),
        ("VALUE 1 + 1", "sql", Expression(expression="1 + 1")),
        ("VALUE true", "constant", Constant(value=True)),
        ("function anon.dummy_last_name_locale('fr_FR')", "last_name", None),
        ("FUNCTION anon.pseudo_email(t.c, 'salt')", "email", None),
        ("FUNCTION anon.hash(public.t.c::text)", "pseudonym", None),
        ("FUNCTION anon.fake_company()", "company", None),
        ("FUNCTION anon.pseudo_iban(c, 'salt')", "iban", None),
        ("FUNCTION anon.fake_country()", "place_country", None),
        ("FUNCTION anon.pseudo_country(c)", "place_country", None),
        ("FUNCTION anon.dummy_country_code()", "place_country", None),
        ("FUNCTION anon.dummy_credit_card_number()", "card_number", None),
        ("FUNCTION anon.noise(c, 0.33)", "number", None),
        ("FUNCTION anon.dnoise(c, INTERVAL '2 weeks')", "date", None),
        ("FUNCTION anon.dnoise(c, '6 hours'::interval)", "date", None),
        ("FUNCTION anon.lorem_ipsum(characters := anon.length(t.c))", "free_text", None),
        (
            "FUNCTION anon.upper(anon.partial(anon.lower(c), d, 'x' || 'y', 0))",
            "sql",
            Expression(
                expression="pg_catalog.upper((pg_catalog.substr(pg_catalog.lower(c), 1, d) || ('x' || 'y'))"
                ' || pg_catalog."right"(pg_catalog.lower(c), 0))'
            ),
        ),
    ],
)
def test_a_function_with_an_equal_becomes_its_masker(label: str, masker: str, parameters: object) -> None:
    found = rule(label)
    assert found.masker.name == masker
    if parameters is not None:
        assert found.parameters == parameters


def test_a_ternary_becomes_a_condition() -> None:
    found = rule("FUNCTION anon.ternary(id > 1000, NULL::TEXT, c)")
    assert (found.masker.name, found.when) == ("null", "id > 1000")
    assert found.otherwise is not None
    assert isinstance(found.otherwise.parameters, Keep)
    assert found.reason == "its label keeps it"
    found = rule("FUNCTION anon.ternary(t.id > 1000, t.c, anon.fake_email())")
    assert (found.masker.name, found.when, found.reason) == (
        "email",
        "id > 1000 IS NOT TRUE",
        "its label keeps it",
    )
    assert rule("FUNCTION anon.ternary(a OR b, c, NULL)").when == "(a OR b) IS NOT TRUE"
    found = rule("FUNCTION anon.ternary(id > 1000, 'x', anon.lower(d))")
    assert found.otherwise is not None
    assert (found.masker.name, found.otherwise.masker.name) == ("constant", "sql")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("\n  UPDATE t SET c = 1", "2:3", "no SECURITY LABEL"),
        ("SELECT anon.shuffle_column('t', 'c', 'id')", "1:1", "no SECURITY LABEL"),
        ("SELECT 1", "1:1", "no SECURITY LABEL"),
        ("SECURITY LABEL FOR", "1:19", "isn't SQL"),
        ("SECURITY LABEL FOR devtests ON COLUMN t.c IS 'NOT MASKED'", "1:1", "a label for devtests"),
        ("SECURITY LABEL FOR anon ON TABLE t IS 'TABLESAMPLE BERNOULLI(10)'", "1:1", "TABLESAMPLE on a table"),
        ("SECURITY LABEL FOR anon ON DATABASE d IS 'tablesample system(1)'", "1:1", "TABLESAMPLE on a database"),
        ("SECURITY LABEL FOR anon ON TABLE t IS 'MASKED'", "1:1", "label on a table"),
        ("SECURITY LABEL FOR anon ON COLUMN t.c IS 'QUASI IDENTIFIER'", "1:1", "isn't one of"),
    ],
)  # fmt: skip
def test_what_isnt_a_rule_file_is_named_with_its_place(text: str, place: str, what: str) -> None:
    message = refusal(text)
    assert message.startswith(f"labels/a.sql:{place}: ")
    assert what in message


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("FUNCTION anon.random_int_between(1, 9)", "chance"),
        ("FUNCTION anon.fake_siret()", "no masker makes one up"),
        ("FUNCTION anon.generalize_int4range(c, 10)", "bucket: {width: 10}"),
        ("FUNCTION anon.dummy_nonsense()", "isn't known"),
        ("FUNCTION anon.pseudo_email(login)", "something else than the column"),
        ("FUNCTION anon.noise(c, 0.9)", "further than 50%"),
        ("FUNCTION anon.noise(c, d)", "further than 50%"),
        ("FUNCTION anon.dnoise(c, '2 years')", "further than a year"),
        ("FUNCTION anon.left(anon.hash(c), 12)", "inside another expression"),
        ("FUNCTION anon.partial(c, 1)", "4 arguments"),
        ("FUNCTION anon.partial(suffix := 1, prefix := 2, ov := c, padding := 'x')", "in their order"),
        ("FUNCTION anon.ternary(a, c, c)", "both of its branches"),
        ("FUNCTION anon.ternary(a, c, anon.ternary(b, NULL, 'x'))", "inside anon.ternary"),
        ("FUNCTION (SELECT 1)", "sub-select"),
        ("FUNCTION anon.fake_email(", "isn't SQL"),
        ("VALUE 1, 2", "more than one"),
    ],
)
def test_a_function_without_an_equal_is_an_error_with_its_place_and_remedy(label: str, what: str) -> None:
    message = refusal(f"SECURITY LABEL FOR anon ON COLUMN t.c IS $$MASKED WITH {label.replace('$$', '')}$$")
    assert message.startswith("labels/a.sql:1:1: column public.t.c: ")
    assert what in message


def test_a_column_has_one_rule() -> None:
    label = "SECURITY LABEL FOR anon ON COLUMN t.c IS 'NOT MASKED'"
    message = refusal(label, "tables:\n  t:\n    columns:\n      c: email")
    assert message.startswith(
        "labels/a.sql:1:1: column public.t.c has a label, and a rule at policy.yaml:4:7"
    )
    assert "policy.yaml:2:3" in refusal(label, "tables:\n  t: empty")


def test_a_later_label_replaces_an_earlier_one_and_null_takes_it_away() -> None:
    labels = {
        "b.sql": "SECURITY LABEL FOR anon ON COLUMN t.a IS NULL;"
        "SECURITY LABEL FOR anon ON COLUMN t.c IS 'MASKED WITH VALUE NULL'",
        "a.sql": "SECURITY LABEL FOR anon ON COLUMN t.a IS 'NOT MASKED';"
        "SECURITY LABEL FOR anon ON COLUMN t.c IS 'NOT MASKED'",
    }
    (table,) = parse_policy("", labels=labels).tables.values()
    assert {name: one.masker.name for name, one in table.columns.items()} == {"c": "null"}


def test_every_function_is_told_once_and_its_masker_is_one_of_ours() -> None:
    names = [
        TERNARY,
        *OWN,
        *(one.function for one in WRITTEN),
        *(name for one in EQUALS for name in one.functions),
        *(name for one in NO_EQUALS for name in one.functions),
    ]
    assert len(names) == len(set(names))
    assert {one.masker for one in EQUALS} <= set(MASKERS)
    table = functions_table()
    assert [name for name in names if f"`{name}`" not in table] == []


def test_the_page_names_where_its_facts_are_from() -> None:
    page = Path(__file__).parents[3] / "docs" / "anonymizer.md"
    assert "postgresql-anonymizer.readthedocs.io" in page.read_text()
