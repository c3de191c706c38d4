from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.fusing.fuser import Fuser
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from masking.syntax.scripts import parse_script
from tests.unit.masking.shapes import USERS, catalogue

MASK_SSNS = """\
-- mask_ssns.sql
UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4));
UPDATE users SET email = CONCAT('user_', id, '@example.dev');
UPDATE users SET phone = '555-000-0000';
"""
POLICY = """
tables:
  users:
    columns:
      id: keep
      ssn: {script: {domain: ssn}}
      email: {script: {domain: email}}
      phone: {script: {domain: phone}}
"""


def passes(script: str) -> list[list[list[str]]]:
    """Names of the updated columns, by pass, by stage, of a script on users."""
    fuser = Fuser(catalogue(USERS))
    for statement in parse_script(script, "s.sql"):
        if statement.barrier is None:
            fuser.add_statement(statement, USERS)
        else:
            fuser.add_barrier(statement, USERS)
    return [
        [[update.column for update in one.updates] for found in stage.passes for one in found]
        for stage in fuser.stages()
    ]


def test_the_users_own_script_becomes_one_pass() -> None:
    plan = make_plan(catalogue(USERS), parse_policy(POLICY, {"mask_ssns.sql": MASK_SSNS}))
    (stage,) = plan.stages
    ((found,),) = stage.passes
    assert found.table == TableName(schema="public", name="users")
    assert [update.column for update in found.updates] == ["ssn", "email", "phone"]
    assert stage.barrier is None


def test_statements_know_where_they_stand() -> None:
    places = [str(statement.position) for statement in parse_script(MASK_SSNS, "masking/mask_ssns.sql")]
    assert places == [f"masking/mask_ssns.sql:{line}:1" for line in (2, 3, 4)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("UPDATE users SET ssn = phone; UPDATE users SET email = 'x'", [[["ssn", "email"]]]),
        ("UPDATE users SET ssn = phone; UPDATE users SET phone = 'x'", [[["ssn", "phone"]]]),
        ("UPDATE users SET ssn = 'x'; UPDATE users SET phone = ssn", [[["ssn", "phone"]]]),
        ("UPDATE users SET ssn = 'x'; UPDATE users SET phone = 'y' WHERE ssn = 'z'", [[["ssn", "phone"]]]),
        ("UPDATE users SET ssn = 'x'; UPDATE users SET ssn = 'y'", [[["ssn"]]]),
        ("UPDATE users SET ssn = phone, phone = ssn", [[["ssn", "phone"]]]),
        ("UPDATE users SET ssn = random(); UPDATE users SET phone = random()", [[["ssn", "phone"]]]),
        ("UPDATE users SET ssn = random(); UPDATE users SET phone = ssn", [[["ssn"], ["phone"]]]),
        (
            "UPDATE users SET ssn = nextval('s'); UPDATE users SET phone = nextval('s')",
            [[["ssn"], ["phone"]]],
        ),
        (
            "UPDATE users SET ssn = 'x'; UPDATE users SET phone = ssn COLLATE \"C\"",
            [[["ssn"], ["phone"]]],
        ),
        (
            "UPDATE users SET ssn = 'x'; DELETE FROM users; UPDATE users SET phone = 'x'",
            [[["ssn"]], [["phone"]]],
        ),
        (
            "UPDATE users SET ssn = 'x'; UPDATE users SET email = 'x' RETURNING id; UPDATE users SET phone = 'x'",
            [[["ssn", "phone"]]],
        ),
    ],
)
def test_statements_share_a_pass_where_one_expression_says_what_they_do(
    script: str, expected: list[list[list[str]]]
) -> None:
    assert passes(script) == expected


def test_what_cannot_fail_is_not_made_when_nobody_sees_it() -> None:
    def value(script: str) -> str:
        fuser = Fuser(catalogue(USERS))
        for statement in parse_script(script, "s.sql"):
            fuser.add_statement(statement, USERS)
        (((found,),),) = [stage.passes for stage in fuser.stages()]
        return found.updates[0].value.as_string(None)

    assert value("UPDATE users SET ssn = lower(phone); UPDATE users SET ssn = 'y'") == "'y'"
    assert "'first'" not in value("UPDATE users SET email = 'first'; UPDATE users SET email = 'y'")
    assert "1 / id" in value("UPDATE users SET ssn = 1 / id; UPDATE users SET ssn = 'y'")
    too_long = "z" * 61
    assert too_long in value(f"UPDATE users SET email = '{too_long}'; UPDATE users SET email = 'y'")
    many = "".join(f"UPDATE users SET ssn = 'n{n}' WHERE id = {n};" for n in range(20))
    assert value(many).count("'n0'") == 1


def test_an_expression_that_would_grow_without_end_gets_another_pass() -> None:
    twice = "UPDATE users SET ssn = ssn || phone; UPDATE users SET phone = phone || ssn;"
    assert [len(one) for one in passes(twice * 3)] == [1]
    (found,) = passes(twice * 8)
    assert 1 < len(found) < 8


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET ssn = (SELECT 'x')",
        "UPDATE users SET ssn = o.x FROM other o",
        "WITH w AS (SELECT 1) UPDATE users SET ssn = 'x'",
        "UPDATE users SET ssn = 'x' RETURNING id",
        "UPDATE users SET (ssn, phone) = ('x', 'y')",
        "UPDATE users SET ssn = DEFAULT",
        "UPDATE users SET ssn = users::text",
        "DELETE FROM users WHERE id = 3",
        "UPDATE users SET ssn = 'x' WHERE random() < 0.5",
    ],
)
def test_what_is_no_function_of_one_row_is_a_barrier(statement: str) -> None:
    (found,) = parse_script(statement, "s.sql")
    assert found.barrier is not None
    assert found.text == statement


@pytest.mark.parametrize(
    ("script", "place", "what"),
    [
        ("UPDATE users\nSIT ssn = 1", "masking/s.sql:2:", "isn't SQL"),
        ("\n  DROP TABLE users", "masking/s.sql:2:3", "changes rows"),
        ("COPY users TO PROGRAM 'curl'", "masking/s.sql:1:1", "changes rows"),
        ("UPDATE usres SET ssn = 1", "masking/s.sql:1:1", "no table public.usres"),
        ("UPDATE users SET sssn = 1", "masking/s.sql:1:1", "no column sssn"),
        ("UPDATE users SET ssn = sssn", "masking/s.sql:1:1", "no column sssn"),
        ("UPDATE users SET id = 1", "masking/s.sql:1:1", "doesn't list as script"),
    ],
)
def test_a_wrong_script_is_named_with_file_line_and_column(script: str, place: str, what: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        make_plan(catalogue(USERS), parse_policy(POLICY, {"a.sql": MASK_SSNS, "s.sql": script}))
    assert str(caught.value).startswith(place)
    assert what in str(caught.value)


PARTIAL = "UPDATE users SET phone = 'x' WHERE id > 3;"
LISTED = "phone: {script: {domain: phone}}"


@pytest.mark.parametrize("script", [PARTIAL, "UPDATE users SET phone = (SELECT 'x')"])
def test_a_script_for_some_rows_wants_a_masker_or_a_reason_for_the_others(script: str) -> None:
    scripts = {"a.sql": MASK_SSNS.replace("UPDATE users SET phone = '555-000-0000';\n", ""), "b.sql": script}

    def plan(rule: str) -> Plan:
        return make_plan(catalogue(USERS), parse_policy(POLICY.replace(LISTED, rule), scripts))

    with pytest.raises(PolicyInvalid) as caught:
        plan("phone: keep")
    assert str(caught.value).startswith(
        "masking/b.sql:1:1: it assigns public.users.phone, of which it may leave"
    )
    assert 'phone: {keep: "the reason"}, or a masker' in str(caught.value)
    assert plan('phone: {keep: "the reason"}').tables
    assert plan("phone: phone").tables


def test_where_another_statement_assigns_every_row_the_column_is_to_be_listed_as_script() -> None:
    def plan(rule: str) -> Plan:
        policy = parse_policy(POLICY.replace(LISTED, rule), {"a.sql": PARTIAL + MASK_SSNS})
        return make_plan(catalogue(USERS), policy)

    with pytest.raises(PolicyInvalid, match=r"Write in policy\.yaml: phone: \{script: "):
        plan("phone: keep")
    assert plan(LISTED).tables


@pytest.mark.parametrize(
    "script",
    ["", "UPDATE users SET ssn = 'x' WHERE id > 3", "UPDATE users SET ssn = o.x FROM other o"],
)
def test_a_script_column_that_no_statement_fully_reaches_stops_the_run(script: str) -> None:
    policy = POLICY.replace("email: {script: {domain: email}}", "email: email")
    policy = policy.replace("phone: {script: {domain: phone}}", "phone: phone")
    with pytest.raises(PolicyInvalid, match=r"policy.yaml:6:7: column public.users.ssn is for a script"):
        make_plan(catalogue(USERS), parse_policy(policy, {"s.sql": script}))


@pytest.mark.parametrize(
    "value",
    [
        "email",
        "lower(email)",
        "upper(btrim(email))::text",
        'email COLLATE "C"',
        "regexp_replace(email, '\\s+', '', 'g')",
        "replace(email, ' ', '')",
        "translate(email, '-', '')",
        "reverse(email)",
        "'x' || email",
        "concat(id, ':', email)",
        "coalesce(email, 'none')",
        "left(email, 60)",
        "substr(email, 1, 60)",
        "CASE WHEN id > 3 THEN 'x' || email ELSE 'y' END",
        "CASE WHEN id > 3 THEN lower(email) END",
    ],
)
def test_what_still_shows_the_raw_value_is_no_mask(value: str) -> None:
    scripts = {"a.sql": MASK_SSNS.replace("CONCAT('user_', id, '@example.dev')", value)}
    with pytest.raises(PolicyInvalid) as caught:
        make_plan(catalogue(USERS), parse_policy(POLICY, scripts))
    assert str(caught.value).startswith(
        "masking/a.sql:3:1: what it assigns to public.users.email still shows"
    )
    # It may stand beside a mask: before it or behind it.
    for both in (
        f"{MASK_SSNS} UPDATE users SET email = {value}",
        f"UPDATE users SET email = {value}; {MASK_SSNS}",
    ):
        make_plan(catalogue(USERS), parse_policy(POLICY, {"a.sql": both}))
    masker = POLICY.replace("email: {script: {domain: email}}", "email: email")
    make_plan(catalogue(USERS), parse_policy(masker, scripts))


@pytest.mark.parametrize(
    "value",
    [
        "md5(lower(email))",
        "concat('XXX-XX-', right(email, 4))",
        "translate(email, '0123456789', 'xxxxxxxxxx')",
        "regexp_replace(email, '.', 'x', 'g')",
        "left(email, 3)",
        "split_part(email, '@', 2)",
        "CASE WHEN email = '' THEN email ELSE 'x' || id END",
        "'x' || phone",
    ],
)
def test_what_a_form_doesnt_tell_is_left_to_verification(value: str) -> None:
    scripts = {"a.sql": MASK_SSNS.replace("CONCAT('user_', id, '@example.dev')", value)}
    make_plan(catalogue(USERS), parse_policy(POLICY, scripts))
