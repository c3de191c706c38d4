"""What a server needn't be asked: constants that are no value of their type, and masks that a simple CHECK refuses."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import Check, Column
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table

AMOUNT = column("v", "numeric", type="numeric(6,2)", numeric_precision=(6, 2))
MOOD = column("v", "mood", type="public.mood", base_type_schema="public", enum_labels=("sad", "glad"))
CODE = Check(
    name="code_check", columns=("v",), expression="(VALUE ~ '^[A-Z]{2}-[0-9]+$'::text)", domain="public.code"
)


def plan(rule: str, *columns: Column, checks: tuple[Check, ...] = ()) -> None:
    found = table("t", *columns, checks=checks)
    others = "".join(f", {one.name}: keep" for one in columns[1:])
    make_plan(
        catalogue(found), parse_policy(f"tables: {{t: {{columns: {{{columns[0].name}: {rule}{others}}}}}}}")
    )


@pytest.mark.parametrize(
    ("found", "taken", "refused", "says"),
    [
        (MOOD, ["sad"], ["Sad", "hungry", 1], r"column public\.t\.v: constant is no label of mood"),
        (column("v", "int2"), [-32768, "7"], [32768, "-32769"], "is out of the range of int2"),
        (column("v", "int8"), [7, "0x1F"], [1.5, "many", True], "is no whole number"),
        (AMOUNT, [9999.99, "9999.994", 1, "NaN"], [10000, "9999.995"], "has more digits than numeric"),
        (column("v", "numeric"), ["1e400"], ["much"], "is no number"),
        (column("v", "bool"), [True, "of", 1], ["o", "maybe"], "is neither true nor false"),
        (column("v", "uuid"), ["{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"], ["a0ee"], "is no UUID"),
        (column("v", "_mood", enum_labels=("sad",)), [["sad"], [], "{sad}"], [["glad"]], "is no label"),
        (column("v", "text"), ["anything", True], [], ""),
    ],
)
def test_a_constant_is_a_value_of_its_columns_type(
    found: Column, taken: list[Any], refused: list[Any], says: str
) -> None:
    for value in taken:
        plan(f"{{constant: {value!r}}}".replace("True", "true"), found)
    for value in refused:
        with pytest.raises(PolicyInvalid, match=says):
            plan(f"{{constant: {value!r}}}".replace("True", "true"), found)


@pytest.mark.parametrize(
    ("rule", "expression", "fits"),
    [
        ("email", "(v ~~ '%@%'::text)", True),
        ("email", "(v ~~ '%@corp.example'::text)", False),
        ("email", "((v)::text = lower((v)::text))", True),
        ("email", "(length(v) < 20)", False),
        ("email", "(length(v) < 20) OR (other = 1)", True),
        ("{email: {domain_part: keep, reason: tests}}", "(v ~~ '%@corp.example'::text)", True),
        ("pseudonym", "(v = ANY (ARRAY['a'::text, 'b'::text]))", False),
        ("username", "(v ~ '^[a-z_]+$'::text)", True),
        ("username", "(v ~ '^[0-9]+$'::text)", False),
        ("letters", "(v ~ '^[0-9]+$'::text)", True),
        ('"null"', "(v IS NOT NULL)", False),
        ('"null"', "(v <> ''::text)", True),
        (
            "{constant: c}",
            "((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            False,
        ),
        (
            "{constant: a}",
            "((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            True,
        ),
        ("{sql: \"'c'\"}", "(v = 'a'::text)", True),
        (
            '{pseudonym: {}, when: "other = 1", otherwise: {constant: c}}',
            "((v = 'c'::text) OR (length(v) > 3))",
            True,
        ),
        ('{constant: d, when: "other = 1", otherwise: {constant: c}}', "(v = 'c'::text)", False),
    ],
)
def test_masks_that_a_simple_check_surely_refuses_are_refused(rule: str, expression: str, fits: bool) -> None:
    check = Check(name="ours", columns=("v",), expression=expression)
    columns = (column("v"), column("other", "int4"))
    if fits:
        plan(rule, *columns, checks=(check,))
        return
    with pytest.raises(
        PolicyInvalid, match=r"column public\.t\.v: masker \w+ gives values that CHECK ours refuses"
    ):
        plan(rule, *columns, checks=(check,))


def test_a_domains_check_and_a_number_are_told_together_each_with_its_place() -> None:
    number = Check(name="positive", columns=("n",), expression="(n > (0)::numeric)")
    found = table("t", column("v", domain="public.code"), column("n", "numeric"), checks=(CODE, number))
    text = "tables:\n  t:\n    columns:\n      v: {constant: none}\n      n: {constant: 0}"
    with pytest.raises(PolicyInvalid) as caught:
        make_plan(catalogue(found), parse_policy(text))
    said = str(caught.value)
    assert "2 rules don't fit" in said
    assert (
        "policy.yaml:4:7: column public.t.v: masker constant gives values that CHECK code_check of domain"
        in said
    )
    assert (
        "policy.yaml:5:7: column public.t.n: masker constant gives values that CHECK positive refuses" in said
    )


def test_an_attributes_constant_is_a_value_of_its_type() -> None:
    found = column(
        "v", "pair", base_type_schema="public", attributes=(column("m", "mood", enum_labels=("sad",)),)
    )
    with pytest.raises(PolicyInvalid, match=r"public\.t\.v\.m: constant is no label of mood"):
        plan("{composite: {m: {constant: glad}}}", found)
