"""A suggested policy is complete and valid, whatever the database calls things and whatever binds them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.catalogue import Catalogue, Check, Column, ForeignKey, Index, Table, TableName
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from masking.suggestion import Samples, suggest_policy
from tests.unit.suggestion.labelled import DATABASES, labelled

_NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12
) | st.sampled_from(
    ["null", "yes", "on", "1", "1.5", "~", "a.b", 'say "hi"', "a: b", "# no", "- x", "e mail", "\\"]
)


def _planned(catalogue: Catalogue, samples: Samples | None = None) -> Plan:
    return make_plan(catalogue, parse_policy(suggest_policy(catalogue, samples)))


def _maskers(plan: Plan) -> dict[str, str | None]:
    return {column.column.name: column.masker for table in plan.tables for column in table.columns}


def _people(*columns: Column, **of_table: object) -> Table:
    table = Table(schema="public", name="people", columns=columns, estimated_rows=1000)
    return replace(table, **of_table)  # type: ignore[arg-type]


def _column(name: str, base_type: str = "text", **more: object) -> Column:
    length = more.get("max_length")
    declared = f"character varying({length})" if length else base_type
    return replace(Column(name=name, type=declared, base_type=base_type), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DATABASES)
def test_the_planner_accepts_what_is_suggested(name: str) -> None:
    catalogue = labelled(name).catalogue
    plan = _planned(catalogue)
    assert {table.table.id for table in plan.tables} == set(catalogue.tables_by_id)


@settings(max_examples=25, deadline=None)
@given(st.lists(_NAMES, min_size=1, max_size=4, unique=True), _NAMES, _NAMES)
def test_every_name_survives_the_way_through_yaml(columns: list[str], table: str, schema: str) -> None:
    built = Table(schema=schema, name=table, columns=tuple(map(_column, columns)))
    plan = _planned(Catalogue(database="d", tables=(built,)))
    assert [column.column.name for column in plan.tables[0].columns] == columns


def test_a_unique_index_over_lower_case_gets_distinct_masks() -> None:
    index = Index(name="k", unique=True, columns=("email",), key_columns=(None,), keys=("lower(email)",))
    plan = _planned(
        Catalogue(database="d", tables=(_people(_column("email", not_null=True), indexes=(index,)),))
    )
    (use,) = (use for _, use in plan.uses())
    assert use.distinct
    assert use.masker.name == "email"


def test_a_short_unique_column_gets_null_or_its_table_is_emptied() -> None:
    def people(*, not_null: bool) -> Catalogue:
        index = Index(name="k", unique=True, columns=("pin",), key_columns=("pin",), keys=("pin",))
        pin = _column("pin", "varchar", max_length=4, not_null=not_null)
        return Catalogue(database="d", tables=(_people(pin, indexes=(index,)),))

    assert _maskers(_planned(people(not_null=False))) == {"pin": "null"}
    assert _planned(people(not_null=True)).tables[0].action == "empty"


def test_a_table_that_is_emptied_takes_those_that_refer_to_it_along() -> None:
    """Whatever fits no masker isn't kept: the rows go, and the rows that need them."""
    index = Index(name="k", unique=True, columns=("pin",), key_columns=("pin",), keys=("pin",))
    key = Index(name="p", unique=True, primary=True, columns=("id",), key_columns=("id",), keys=("id",))
    people = _people(
        _column("id", "int8", not_null=True),
        _column("pin", "varchar", max_length=4, not_null=True),
        indexes=(index, key),
    )
    visits = Table(
        schema="public",
        name="visits",
        columns=(_column("person_id", "int8"),),
        foreign_keys=(
            ForeignKey(name="f", columns=("person_id",), referenced=people.id, referenced_columns=("id",)),
        ),
    )
    onward = ForeignKey(
        name="g", columns=("person_id",), referenced=visits.id, referenced_columns=("person_id",)
    )
    bills = replace(visits, name="bills", foreign_keys=(onward,))
    other = replace(visits, name="other", foreign_keys=())
    plan = _planned(Catalogue(database="d", tables=(people, visits, bills, other)))
    assert {table.table.name: table.action for table in plan.tables} == {
        "people": "empty",
        "visits": "empty",
        "bills": "empty",
        "other": "full",
    }


def test_both_ends_of_a_foreign_key_on_text_mask_alike() -> None:
    key = Index(name="p", unique=True, primary=True, columns=("username",), key_columns=("username",))
    people = _people(_column("username", "varchar", max_length=40, not_null=True), indexes=(key,))
    posts = Table(
        schema="public",
        name="posts",
        columns=(_column("who"),),
        foreign_keys=(
            ForeignKey(name="f", columns=("who",), referenced=people.id, referenced_columns=("username",)),
        ),
    )
    plan = _planned(Catalogue(database="d", tables=(people, posts)))
    assert _maskers(plan) == {"username": "username", "who": "username"}
    assert len({(use.masker.name, use.letters, use.domain) for _, use in plan.uses()}) == 1


def test_a_check_that_a_masker_would_break_rules_that_masker_out() -> None:
    people = _people(
        _column("phone", not_null=True), checks=(Check(name="c", columns=("phone",), expression="…"),)
    )
    place = people.id, "phone"
    tried = Samples(
        trials={(*place, "phone"): False, (*place, "pseudonym"): False, (*place, "free_text"): True}
    )
    assert _maskers(_planned(Catalogue(database="d", tables=(people,)), tried)) == {"phone": "free_text"}


def test_every_type_can_be_masked() -> None:
    columns = [
        _column("email", "citext"),
        _column("emails", "_text", type="text[]"),
        _column("phone", "int8"),
        _column("ssn", "int4"),
        _column("birth_date", "timestamptz"),
        _column("birth_year", "int2"),
        _column("ip", "inet"),
        _column("profile", "jsonb"),
        _column("profile_xml", "xml"),
        _column("photo", "bytea"),
        _column("home_location", "point"),
        _column("home_lat", "numeric"),
        _column("mac", "macaddr"),
        _column("reset_token", "uuid"),
        _column("last_name", "varchar", max_length=3),
        _column("middle_initial", "bpchar", max_length=1),
        _column("search", "tsvector"),
    ]
    plan = _planned(Catalogue(database="d", tables=(_people(*columns),)))
    assert {name for name, masker in _maskers(plan).items() if masker is None} == set()


def test_partitions_views_and_extensions_tables_are_left_to_their_derived_rules() -> None:
    parent = _people(_column("email"), kind="p")
    tables = (
        parent,
        replace(parent, name="people_1", kind="r", partition_of=parent.id),
        replace(parent, name="people_view", kind="m"),
        replace(parent, name="config", kind="r", extension="postgis"),
    )
    text = suggest_policy(Catalogue(database="d", tables=tables))
    assert parse_policy(text).tables.keys() == {parent.id}


def test_a_table_of_generated_columns_only_still_has_a_rule() -> None:
    table = Table(
        schema="public",
        name="t",
        columns=(_column("one", "int4", generated=True),),
    )
    text = suggest_policy(Catalogue(database="d", tables=(table, Table(schema="public", name="nothing"))))
    assert {TableName(schema="public", name="t"), TableName(schema="public", name="nothing")} == set(
        parse_policy(text).tables
    )
