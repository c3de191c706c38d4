"""Columns of composite types are masked by attribute, and every attribute has a rule."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid, Unclassified
from masking.catalogue import Column
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table, unique

ADDRESS = (
    column("street"),
    column("mail", "varchar", type="character varying(30)", max_length=30),
    column("floor", "int4"),
)


def address(name: str, base_type: str = "address", **more: object) -> Column:
    return column(
        name, base_type, type="public.address", base_type_schema="public", attributes=ADDRESS, **more
    )


def plan(rule: str, found: Column) -> Plan:
    return make_plan(catalogue(table("t", found)), parse_policy(f"tables: {{t: {{columns: {{a: {rule}}}}}}}"))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "{composite: {street: street}}",
            r"without a rule: mail, floor\. .*add: mail: free_text, floor: keep",
        ),
        ("{composite: {street: street, mail: email, floor: keep, zip: postcode}}", "has no attribute zip"),
        ("{composite: {street: ip_v5, mail: email, floor: keep}}", "no masker 'ip_v5'"),
        (
            "{composite: {street: bytes, mail: email, floor: keep}}",
            "bytes can't be used for attribute street",
        ),
        ("{composite: {street: {sql: lower(street)}, mail: email, floor: keep}}", "sql can't be used"),
        (
            "{composite: {street: street, mail: uuid, floor: keep}}",
            r"column public\.t\.a\.mail .* too narrow",
        ),
        ("composite", "attributes"),
    ],
)
def test_what_an_attribute_cant_bear_or_lacks_is_named(rule: str, says: str) -> None:
    with pytest.raises(PolicyInvalid, match=says):
        plan(rule, address("a"))


def test_only_a_composite_has_attributes() -> None:
    with pytest.raises(PolicyInvalid, match="isn't composite"):
        plan("{composite: {street: street}}", column("a"))


def test_a_composite_under_a_unique_index_is_refused() -> None:
    found = table("t", address("a"), indexes=(unique("t_a_key", "a"),))
    rule = "{composite: {street: street, mail: email, floor: keep}}"
    with pytest.raises(PolicyInvalid, match="t_a_key"):
        make_plan(catalogue(found), parse_policy(f"tables: {{t: {{columns: {{a: {rule}}}}}}}"))


@pytest.mark.parametrize("base_type", ["address", "_address"])
def test_an_unlisted_one_is_proposed_by_attribute(base_type: str) -> None:
    with pytest.raises(Unclassified) as caught:
        make_plan(catalogue(table("t", address("a", base_type))), parse_policy(""))
    assert "a: {composite: {street: free_text, mail: free_text, floor: keep}}" in caught.value.policy_lines
    planned = make_plan(
        catalogue(table("t", address("a", base_type))), parse_policy(caught.value.policy_lines)
    )
    assert [one.where for _, one in planned.parts()] == ["", ".street", ".mail", ".floor"]
    assert planned.domains == ("free_text",)
