"""Rules that are for some rows only."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue
from masking.maskers import ALIASES, MASKERS
from masking.planning.plan import Plan, make_plan
from masking.policy.column_rules import CONDITION
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, foreign_key, table, unique

PEOPLE = table(
    "people",
    column("id", "int8", not_null=True),
    column("email"),
    column("name"),
    column("staff", "bool"),
    column("shout", generated=True, generated_from=("name",)),
    estimated_rows=1000,
)
RULES = {"id": "keep", "email": "email", "name": "full_name", "staff": "keep"}


def policy(**rules: str) -> str:
    lines = [f"      {name}: {rule}" for name, rule in {**RULES, **rules}.items()]
    return "\n".join(["tables:", "  people:", "    columns:", *lines])


def plan(found: Catalogue | None = None, script: str = "", **rules: str) -> Plan:
    scripts = {"s.sql": script} if script else None
    return make_plan(found or catalogue(PEOPLE), parse_policy(policy(**rules), scripts))


def refusal(found: Catalogue | None = None, script: str = "", **rules: str) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        plan(found, script, **rules)
    return str(caught.value)


def turns(found: Plan) -> list[list[str]]:
    ((passes,),) = [stage.passes for stage in found.stages]
    return [sorted(update.column for update in one.updates) for one in passes]


STAFF_STAY = "{email: {}, when: NOT staff, otherwise: {keep: our own}}"


def test_no_masker_is_called_as_a_part_of_a_condition() -> None:
    assert not {*MASKERS, *ALIASES} & set(CONDITION)


@pytest.mark.parametrize(
    ("rule", "place", "what"),
    [
        ("{email: {}, when: staff}", "5:7", "but not otherwise"),
        ("{email: {}, otherwise: null}", "5:7", "but not when"),
        ("{email: {}, when: staff, otherwise: keep}", "5:39", "without a reason"),
        ("{email: {}, when: staff, otherwise: {keep: ''}}", "5:39", "without a reason"),
        ("{keep: why, when: staff, otherwise: email}", "5:26", "keep has no when"),
        ("{email: {}, when: 7, otherwise: null}", "5:26", "isn't an SQL predicate"),
        ("{script: {domain: x}, when: staff, otherwise: null}", "5:49", "script"),
        ("{email: {}, when: staff, otherwise: emial}", "5:39", "no masker 'emial'"),
        ("{email: {}, phone: {}, when: staff, otherwise: null}", "5:7", "one masker"),
        ("{when: staff, otherwise: null}", "5:7", "one masker"),
    ],
)
def test_a_condition_needs_both_its_halves_and_a_reason(rule: str, place: str, what: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(policy(email=rule))
    assert str(caught.value).startswith(f"policy.yaml:{place}: ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("nobody = 1", "refers to nobody"),
        ("id IN (SELECT 1)", "has a sub-select. Ask for a column of the row; or let a script's UPDATE"),
        ("staff AND", "isn't a predicate"),
        ("random() < 0.5", "random"),
        ("id < extract(year from CURRENT_DATE)", "current time"),
        ("query_to_xml('SELECT 1', true, true, '') IS NULL", "may read raw values"),
    ],
)
def test_a_predicate_that_cant_be_asked_twice_is_refused(when: str, what: str) -> None:
    message = refusal(email=f'{{email: {{}}, when: "{when}", otherwise: null}}')
    assert message.startswith("policy.yaml:5:7: ")
    assert what in message


def test_a_predicate_over_what_a_script_assigns_is_refused() -> None:
    message = refusal(
        script="UPDATE people SET staff = false", staff="{keep: set by a script}", email=STAFF_STAY
    )
    assert "reads staff, which masking/s.sql:1:1 assigns" in message


def test_a_raw_value_may_not_be_copied_to_where_a_condition_keeps_it() -> None:
    assert "may copy public.people.name" in refusal(script="UPDATE people SET email = name", email=STAFF_STAY)
    both = "{email: {}, when: staff, otherwise: pseudonym}"
    assert plan(script="UPDATE people SET email = name", email=both).stages


def test_a_predicate_sees_columns_before_they_are_masked() -> None:
    asks_name = "{email: {}, when: name <> 'x', otherwise: null}"
    assert turns(plan(email=asks_name)) == [["email", "name"]]
    asks_each_other = "{full_name: {}, when: email <> 'x', otherwise: null}"
    assert turns(plan(email=asks_name, name=asks_each_other)) == [["email", "name"]]
    # name is made of the masked e-mail, which itself asks for the name before: one expression says both.
    made = plan(email=asks_name, name="{sql: email || 'x'}")
    assert turns(made) == [["email", "name"]]
    (name,) = [one for passes in made.stages[0].passes for one in passes[0].updates if one.column == "name"]
    assert "name <> 'x'" in name.value.as_string(None)
    assert 'refresh_mask"."email"' in name.value.as_string(None)


def test_a_column_made_of_anothers_mask_cant_ask_for_its_raw_value() -> None:
    message = refusal(
        email="{sql: name || '@example.com', when: \"shout <> 'ADA'\", otherwise: {keep: ours}}"
    )
    assert message.startswith("policy.yaml:5:7: ")
    assert "email <- name <- email" in message


def test_a_mask_of_some_rows_is_no_mask_of_a_foreign_keys_end() -> None:
    parent = table("parent", column("code"), indexes=(unique("parent_code_key", "code"),))
    child = table(
        "child",
        column("code"),
        column("ours", "bool"),
        foreign_keys=(foreign_key("child_fk", "code", "parent", "code"),),
    )

    def planned(ends: str, rule: str) -> Plan:
        text = f"tables: {{parent: {ends}, child: {{columns: {{code: {rule}, ours: keep}}}}}}"
        return make_plan(catalogue(parent, child), parse_policy(text))

    kept, masked = "{columns: {code: keep}}", "{columns: {code: pseudonym}}"
    condition = "when: ours, otherwise: {keep: why}"
    for ends in (kept, masked):
        with pytest.raises(PolicyInvalid, match="child_fk"):
            planned(ends, f"{{pseudonym: {{}}, {condition}}}")
    # NULL refers to nothing, and the kept ones refer to kept ones: unless those are masked or gone.
    assert planned(kept, f"{{null: {{}}, {condition}}}").stages
    assert planned(masked, "{null: {}, when: ours, otherwise: pseudonym}").stages
    for ends in (masked, "empty"):
        with pytest.raises(PolicyInvalid, match="child_fk"):
            planned(ends, f"{{null: {{}}, {condition}}}")


def test_two_masks_under_a_unique_index_must_be_distinct_from_each_other() -> None:
    found = catalogue(
        table("people", *PEOPLE.columns, indexes=(unique("email_key", "email"),), estimated_rows=1000)
    )
    assert plan(found, email="{email: {}, when: staff, otherwise: pseudonym}").stages
    assert plan(found, email="{null: {}, when: staff, otherwise: pseudonym}").stages
    assert "email_key" in refusal(found, email="{email: {}, when: staff, otherwise: {constant: x}}")
    assert "email_key" in refusal(found, email="{phone: {}, when: staff, otherwise: ssn}")


def test_the_plan_knows_both_maskers() -> None:
    found = plan(email="{email: {}, when: staff, otherwise: {phone: {domain: line}}}", name="{keep: why}")
    assert found.domains == ("email", "line")
    (email,) = [one for one in found.tables[0].columns if one.column.name == "email"]
    assert email.maskers == "email, else phone"
    (kept,) = [one for one in plan(email=STAFF_STAY).tables[0].columns if one.column.name == "email"]
    assert (kept.maskers, kept.reason) == ("email, else keep", "our own")
