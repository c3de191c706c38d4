"""Masks that are made of another column's value."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import Table
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table, unique

PEOPLE = table("people", column("email"), column("first"), column("shown"))


def plan(found: Table = PEOPLE, **rules: str) -> Plan:
    columns = ", ".join(f"{name}: {rule}" for name, rule in rules.items())
    return make_plan(catalogue(found), parse_policy(f"tables: {{people: {{columns: {{{columns}}}}}}}"))


def test_a_mask_is_made_of_what_its_subject_was_before() -> None:
    found = plan(email="person_email", first="{person_first_name: email}", shown="{sql: first || email}")
    ((passes,),) = [stage.passes for stage in found.stages]
    assert [sorted(update.column for update in one.updates) for one in passes] == [
        ["email", "first", "shown"],
    ]
    (shown,) = [update for update in passes[0].updates if update.column == "shown"]
    assert shown.value.as_string(None).count('"refresh_mask"."person_') == 2, "of both masks"
    assert found.domains == ("person",)


def test_a_subject_must_be_there() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        plan(email="keep", first="{person_first_name: login}", shown="keep")
    assert "column public.people.first is masked by login, which the table hasn't" in str(caught.value)


def test_a_mask_isnt_made_of_what_its_own_mask_comes_before() -> None:
    # email is made of first's mask, so it comes later, and first of what email was before: no circle.
    assert plan(email="{sql: first}", first="{person_first_name: email}", shown="keep").stages
    with pytest.raises(PolicyInvalid, match="wait for one another"):
        plan(
            email="{sql: first, when: first <> 'x', otherwise: null}",
            first="{person_first_name: email}",
            shown="keep",
        )


def test_a_subject_may_repeat_so_it_makes_nothing_that_must_be_distinct() -> None:
    found = table("people", *PEOPLE.columns, indexes=(unique("email_key", "email"),), estimated_rows=1000)
    with pytest.raises(PolicyInvalid, match="email_key"):
        plan(found, email="{person_email: shown}", first="keep", shown="keep")
    assert plan(found, email="person_email", first="keep", shown="keep").stages
