"""Which numbers masks of telephone numbers may be."""

from __future__ import annotations

import re

import pytest

from contracts.errors import PolicyInvalid
from masking.maskers.phone_range import is_reserved, numbers_in, pattern, places_of
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table, unique

WIDER = 'phone: {range: NXX-555-XXXX, acknowledge: "staging dials nobody"}'


def planned(rule: str, *, distinct: float | None = None, rows: int = 100_000, **columns: str) -> Plan:
    found = table(
        "t",
        column("id", "int8"),
        column("c", n_distinct=distinct),
        *(column(name) for name in columns),
        indexes=(unique("t_c_key", "c"),),
        estimated_rows=rows,
    )
    others = "".join(f", {name}: {other}" for name, other in columns.items())
    return make_plan(
        catalogue(found), parse_policy(f"tables: {{t: {{columns: {{id: keep, c: {rule}{others}}}}}}}")
    )


@pytest.mark.parametrize(
    ("text", "numbers", "reserved"),
    [
        ("NXX-555-01XX", 80_000, True),
        ("(212) 555-01XX", 100, True),
        ("NXX-555-XXXX", 8_000_000, False),
        ("NXX-NXX-XXXX", 6_400_000_000, False),
    ],
)
def test_a_range_is_written_as_the_north_american_plan_does(text: str, numbers: int, reserved: bool) -> None:
    places = places_of(text)
    assert numbers_in(places) == numbers
    assert is_reserved(places) is reserved
    assert re.fullmatch(pattern(places), re.sub("[NX]", "7", places))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{phone: {range: NXX-555-XXXX}}", "may be someone's; acknowledge needs the reason"),
        ('{phone: {range: NXX-555-XXXX, acknowledge: " "}}', "acknowledge needs the reason"),
        ("{phone: {range: 555-01XX}}", "a range has ten places"),
        ("{phone: {range: NXX-555-01YY}}", "a range has ten places"),
    ],
)
def test_a_range_whose_numbers_may_be_someones_is_acknowledged(rule: str, says: str) -> None:
    with pytest.raises(PolicyInvalid, match=says):
        planned(rule)


def test_more_values_than_the_range_holds_are_refused_by_statistics_until_a_wider_one_is_named() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        planned("phone", distinct=-1)
    assert "t_c_key" in str(caught.value)
    assert "about 100000 values, and masker phone has 80000 masks" in str(caught.value)
    assert "NXX-555-XXXX" in str(caught.value)
    planned("phone", distinct=-0.5)
    planned("phone", distinct=80_000)
    planned(f"{{{WIDER}}}", distinct=-1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{{{WIDER}}}", "phone"),
        ("email", "{email: {domain_part: mail.test}}"),
        ("ssn", '{json: {paths: {$.ssn: {ssn: {keep_last_four: true, reason: "tests"}}}}}'),
    ],
)
def test_one_masking_domain_masks_in_one_way(one: str, other: str) -> None:
    base_type = "jsonb" if "json" in other else "text"
    found = table("t", column("a"), column("b", base_type))
    with pytest.raises(PolicyInvalid, match=r"public\.t\.a and public\.t\.b are of one masking domain"):
        make_plan(catalogue(found), parse_policy(f"tables: {{t: {{columns: {{a: {one}, b: {other}}}}}}}"))
