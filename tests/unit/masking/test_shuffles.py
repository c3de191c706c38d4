"""A shuffled column keeps raw values, so it is held to more than a masked one."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.explanation.policy_warnings import warnings_of
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, foreign_key, table, unique

SHUFFLE = '{shuffle: {by: id, reason: "levels are no one\'s"}}'
PEOPLE = table(
    "people",
    column("id", "int8", not_null=True),
    column("level"),
    column("team", "int4"),
    column("email"),
    indexes=(unique("people_pkey", "id", primary=True), unique("people_email", "email")),
    foreign_keys=(foreign_key("team_fkey", "team", "people", "id"),),
)


def policy(level: str = SHUFFLE, *, key: str = "keep", team: str = "keep", email: str = "email") -> str:
    return f"tables: {{people: {{columns: {{id: {key}, level: {level}, team: {team}, email: {email}}}}}}}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (policy("{shuffle: {by: id}}"), "reason"),
        (policy("shuffle"), "by"),
        (policy('{shuffle: {by: team, reason: "no"}}'), "doesn't tell every row from all others"),
        (policy('{shuffle: {by: email, reason: "no"}}'), "doesn't tell every row from all others"),
        (policy(SHUFFLE, key="{sql: id + 1}", team="{sql: team + 1}"), "which is masked"),
        (policy("keep", team=SHUFFLE), "end of a foreign key"),
        (policy("keep", email=SHUFFLE), "people_email"),
        (policy(f'{SHUFFLE[:-1]}, when: "team = 1", otherwise: "null"}}'), "no when"),
        ("defaults: {text: " + SHUFFLE + "}", "a default masks"),
        ('tables: {people: {columns: {"l*": ' + SHUFFLE + "}}}", "isn't safe"),
    ],
)
def test_what_cant_be_shuffled_is_refused(text: str, says: str) -> None:
    with pytest.raises(PolicyInvalid, match=says):
        make_plan(catalogue(PEOPLE), parse_policy(text))


def test_a_script_may_not_assign_what_is_shuffled() -> None:
    script = {"a.sql": "UPDATE people SET level = lower(level)"}
    with pytest.raises(PolicyInvalid, match=r"masking/a\.sql:1:1 assigns one of the two"):
        make_plan(catalogue(PEOPLE), parse_policy(policy(), script))


def test_a_shuffled_column_that_looks_personal_is_warned_of() -> None:
    text = policy("keep").replace("team: keep", f"team: keep, name: {SHUFFLE}")
    found = table("people", *PEOPLE.columns, column("name"), indexes=PEOPLE.indexes)
    shop, read = catalogue(found), parse_policy(text)
    said = [str(one) for one in warnings_of(shop, read, make_plan(shop, read))]
    assert any("people.name is shuffled, and looks personal" in one for one in said)
