"""What verification looks into, and what it says that it can't."""

from __future__ import annotations

from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.statements.checks import compared
from tests.unit.masking.shapes import catalogue, column, table


def said_of(columns: str) -> str:
    found = catalogue(table("t", column("id", "int8"), column("a"), column("b"), column("n", "int4")))
    return compared(make_plan(found, parse_policy(f"tables: {{t: {{columns: {columns}}}}}")), found)


def test_columns_whose_masks_may_be_raw_values_are_named_with_the_reason() -> None:
    said = said_of("{id: keep, a: email, b: first_name, n: {sql: 'n + 1'}}")
    assert said.startswith("1 of 3 masked columns; ")
    assert "public.t.b: the word lists hold common names" in said
    assert "public.t.n: numbers, dates and flags of a narrow range meet" in said
    assert "public.t.a" not in said


def test_columns_with_one_reason_are_named_together() -> None:
    assert "public.t.a, public.t.b: the word lists" in said_of("{id: keep, a: city, b: first_name, n: keep}")


def test_where_all_are_compared_none_is_named() -> None:
    assert said_of("{id: keep, a: email, b: pseudonym, n: keep}") == "2 of 2 masked columns"
