"""Wildcards and defaults: what they reach, what wins, and what they may never do."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid, Unclassified
from masking.catalogue import Table
from masking.maskers import MASKERS
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from masking.policy.table_names import matches
from masking.policy.table_rules import SAFE_ON_ANYTHING
from tests.unit.masking.shapes import catalogue, column, table

LOG = table("log_web", column("id", "int8"), column("user_email"), column("note"), column("at", "date"))
OTHER = table("log_app", column("id", "int8"), column("text"))


def plan(policy: str, *tables: Table) -> Plan:
    return make_plan(catalogue(*tables or (LOG,)), parse_policy(policy))


def maskers(found: Plan, name: Table = LOG) -> dict[str, str | None]:
    return {one.column.name: one.masker or one.action for one in found.tables_by_id[name.id].columns}


def refusal(policy: str, *tables: Table) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        plan(policy, *tables)
    return str(caught.value)


def test_an_asterisk_stands_for_any_text_and_nothing_else_does() -> None:
    assert matches("*_email", "user_email")
    assert matches("*_email", "_email")
    assert matches("a*c", "abbc")
    assert matches("a*", "a\nb")
    assert not matches("*_email", "user_email2")
    assert not matches("a.c", "abc")
    assert not matches("[ab]*", "abc")
    assert not matches("A*", "abc")


def test_a_default_is_only_for_tables_that_ask_for_it() -> None:
    defaults = "defaults: {text: free_text, date: date, bigint: number}\n"
    asked = defaults + "tables: {log_web: {columns: {id: keep}, others: default}}"
    assert maskers(plan(asked)) == {
        "id": "keep",
        "user_email": "free_text",
        "note": "free_text",
        "at": "date",
    }
    with pytest.raises(Unclassified) as caught:
        plan(defaults + "tables: {log_web: {columns: {id: keep}}}")
    assert len(caught.value.columns) == 3


def test_a_type_without_a_default_still_stops_the_run() -> None:
    with pytest.raises(Unclassified) as caught:
        plan("{defaults: {text: free_text}, tables: {log_web: {others: default}}}")
    assert caught.value.columns == ("public.log_web.id", "public.log_web.at")


def test_a_default_passes_over_identities_and_arrays_that_its_masker_doesnt_take() -> None:
    odd = table(
        "odd",
        column("id", "int8", identity=True),
        column("texts", "_text"),
        column("docs", "_jsonb"),
        column("made", generated=True, generated_from=("texts",)),
    )
    with pytest.raises(Unclassified) as caught:
        plan(
            "{defaults: {text: free_text, int8: number, jsonb: json}, tables: {odd: {others: default}}}", odd
        )
    assert caught.value.columns == ("public.odd.id", "public.odd.docs")


def test_a_wildcard_reaches_tables_and_columns_and_its_own_name_wins() -> None:
    found = plan(
        """
        defaults: {text: pseudonym}
        tables:
          public.log_*: {columns: {"*_email": email, id: null, at: null}}
          log_app: {columns: {id: keep, "t*": free_text}}
          log_web: {columns: {at: keep}, others: default}
        """,
        LOG,
        OTHER,
    )
    assert maskers(found) == {"id": "null", "user_email": "email", "note": "pseudonym", "at": "keep"}
    assert maskers(found, OTHER) == {"id": "keep", "text": "free_text"}


def test_a_quoted_asterisk_is_a_names_own() -> None:
    odd = table("a*b", column("*"), column('x"*'), column("y"))
    text = """tables: {'"a*b"': {columns: {'"*"': keep, '"x""*"': keep, '*': null}}}"""
    assert maskers(plan(text, odd), odd) == {"*": "keep", 'x"*': "keep", "y": "null"}


def test_a_wildcard_empties_what_has_no_rule_of_its_own() -> None:
    found = plan("tables: {'*.log_*': empty, log_app: {columns: {id: keep, text: keep}}}", LOG, OTHER)
    assert [one.action for one in found.tables] == ["empty", "full"]


def test_what_needs_no_rule_is_no_wildcards() -> None:
    extension = table("log_ext", column("id"), extension="postgis")
    part = table("log_1", *LOG.columns, partition_of=LOG.id)
    found = plan("tables: {'log_*': empty}", LOG, part, extension)
    assert [one.derived_kind for one in found.tables] == [None, "partition", "extension"]


def test_two_wildcards_that_contradict_each_other_are_both_named() -> None:
    message = refusal(
        "tables:\n  log_web:\n    columns:\n      '*_email': email\n      'user_*': pseudonym\n"
        "      '*o*': free_text\n      '*': {free_text: {}}\n"
    )
    assert message.startswith("policy.yaml:5:7: column public.log_web.user_email")
    assert "policy.yaml:4:7" in message
    message = refusal("tables:\n  log_*: empty\n  '*_web': {columns: {'*': null}}")
    assert message.startswith("policy.yaml:3:3: table public.log_web is emptied by one wildcard")
    assert "policy.yaml:2:3" in message
    # Where they agree, neither stands in the way, nor where the column has a rule of its own.
    assert plan("tables: {'log_*': {columns: {'*': null}}, '*_web': {columns: {'n*': null}}}").stages
    assert plan(
        "tables: {'log_*': {columns: {'*': null}}, log_web: {columns: {note: keep, 'no*': email}}}"
    ).stages


def test_a_wildcard_that_matches_nothing_is_an_error() -> None:
    assert refusal("tables:\n  lag_*: empty").startswith("policy.yaml:2:3: no table of the database")


def test_a_wildcard_that_meets_a_type_its_masker_doesnt_take_is_an_error_that_names_the_column() -> None:
    message = refusal("tables: {log_web: {columns: {'*': email}}}")
    assert "column public.log_web.id is of type int8, which masker email doesn't take" in message


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("tables:\n  log_*:\n    where: id > 3", "3:5", "no where"),
        ("tables:\n  log_*:\n    columns:\n      id: keep", "4:7", "keep isn't safe"),
        ("tables:\n  t:\n    columns:\n      '*': {keep: why}", "4:7", "keep isn't safe"),
        ("tables:\n  t:\n    columns:\n      '*': {sql: id}", "4:7", "sql isn't safe"),
        ("tables:\n  t:\n    columns:\n      '*': {script: x}", "4:7", "script isn't safe"),
        ("tables:\n  t:\n    columns:\n      '*': phone", "4:7", "phone isn't safe"),
        (
            "tables:\n  t:\n    columns:\n      '*': {json: {value: 1}}",
            "4:7",
            "json with these parameters isn't safe",
        ),
        ("tables:\n  t:\n    columns:\n      '*': {json: {paths: {$.a: email}}}", "4:7", "isn't safe"),
        (
            "tables:\n  t:\n    columns:\n      '*': {email: {domain_part: {mapped: test}}}",
            "4:7",
            "isn't safe",
        ),
        (
            "tables:\n  t:\n    columns:\n      '*': {email: {}, when: a, otherwise: null}",
            "4:7",
            "for every row",
        ),
        ("tables:\n  log_*: empty\n  public.log_*: empty", "3:3", "listed twice"),
        ("tables:\n  t:\n    others: default", "3:5", "no defaults"),
        ("defaults: {text: null}\ntables:\n  t:\n    others: keep", "4:5", "the word default"),
        ("defaults:\n  text: keep", "2:3", "a default masks"),
        ("defaults:\n  text: {sql: '1'}", "2:3", "a default masks"),
        ("defaults:\n  int4: email", "2:3", "doesn't take type int4"),
        ("defaults:\n  jsonb: {json: {paths: {$.a: email}}}", "2:3", "has no paths"),
        ("defaults:\n  int4: number\n  integer: null", "3:3", "two defaults"),
    ],
)
def test_what_no_wildcard_and_no_default_may_do_is_named_with_its_place(
    text: str, place: str, what: str
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text)
    assert str(caught.value).startswith(f"policy.yaml:{place}: ")
    assert what in str(caught.value)


def test_only_maskers_that_there_are_can_be_safe() -> None:
    assert set(MASKERS) >= SAFE_ON_ANYTHING
    assert not {"keep", "sql", "script"} & SAFE_ON_ANYTHING
