"""Foreign keys that only the policy knows of."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import Table
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table, unique

USERS = table(
    "users",
    column("login", "varchar", max_length=40),
    column("shown", generated=True, generated_from=("login",)),
    indexes=(unique("users_login_key", "login"),),
    estimated_rows=1_000_000_000,
)
AUDIT = table("audit", column("actor"), estimated_rows=1000)
REFERENCES = "references:\n  - audit.actor: users.login\n"


def plan(users: str, audit: str, references: str = REFERENCES, *more: Table) -> Plan:
    text = f"{references}tables:\n  users: {users}\n  audit: {audit}\n"
    return make_plan(catalogue(USERS, AUDIT, *more), parse_policy(text))


def refusal(users: str, audit: str, references: str = REFERENCES) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        plan(users, audit, references)
    return str(caught.value)


def login(rule: str) -> str:
    return f"{{columns: {{login: {rule}}}}}"


def actor(rule: str) -> str:
    return f"{{columns: {{actor: {rule}}}}}"


@pytest.mark.parametrize(
    ("users", "audit"),
    [
        ("keep", "keep"),
        ("pseudonym", "pseudonym"),
        ("username", "username"),
        ("{email: {domain: login}}", "{email: {domain: login}}"),
        ("{script: {domain: login}}", "null"),
        ("pseudonym", "null"),
    ],
)
def test_both_ends_may_be_masked_alike_or_the_referring_one_not_at_all(users: str, audit: str) -> None:
    script = {"s.sql": "UPDATE users SET login = md5(login)"} if "script" in users else None
    text = f"{REFERENCES}tables: {{users: {login(users)}, audit: {actor(audit)}}}"
    assert make_plan(catalogue(USERS, AUDIT), parse_policy(text, script)).tables


@pytest.mark.parametrize(
    ("users", "audit"),
    [
        ("keep", "pseudonym"),
        ("pseudonym", "keep"),
        ("pseudonym", "email"),
        ("pseudonym", "{pseudonym: {domain: other}}"),
        ("{sql: lower(login)}", "{sql: upper(actor)}"),
        ("pseudonym", "{pseudonym: {}, when: actor <> 'root', otherwise: {keep: no one}}"),
    ],
)
def test_ends_that_mask_differently_are_named_with_the_place_of_the_reference(users: str, audit: str) -> None:
    message = refusal(login(users), actor(audit))
    assert message.startswith("policy.yaml:2:5: reference public.audit.actor: public.users.login joins")


def test_equal_values_get_equal_masks_whatever_the_sizes_and_widths() -> None:
    found = plan(login("username"), actor("username"))
    assert {(use.letters, use.width) for _, use in found.uses()} == {(23, 40)}
    # Also where nothing but the masking domain says that they are the same values.
    found = plan(login("username"), actor("username"), "")
    assert {use.letters for _, use in found.uses()} == {23}


def test_a_reference_may_not_lead_to_an_emptied_table() -> None:
    assert "leads to a table that is emptied" in refusal("empty", actor("keep"))
    assert plan("empty", actor("null")).tables
    assert plan(login("keep"), "empty").tables


@pytest.mark.parametrize(
    ("references", "what"),
    [
        ("references:\n  - audit.actor: users.name\n", "2:5: there is no column public.users.name"),
        ("references:\n  - nowhere.actor: users.login\n", "2:5: there is no column public.nowhere.actor"),
        ("references:\n  - audit.actor: users.shown\n", "2:5: public.users.shown is generated"),
        ("references:\n  - actor: users.login\n", "2:5: 'actor' isn't a column's name"),
        ("references:\n  - audit.actor\n", "2:5: a reference is one column"),
        ("references:\n  - audit.actor:\n", "2:5: audit.actor refers to no column"),
        ("references: {audit.actor: users.login}\n", "1:1: references isn't a list"),
    ],
)
def test_what_is_no_reference_is_named_with_its_place(references: str, what: str) -> None:
    assert refusal(login("keep"), actor("keep"), references).startswith(f"policy.yaml:{what}")


def test_a_quoted_name_may_hold_a_dot() -> None:
    odd = table("odd", column("e.mail"))
    text = "{references: [{'odd.\"e.mail\"': users.login}], tables: {users: empty, odd: {columns: {e.mail: keep}}}}"
    with pytest.raises(PolicyInvalid, match=r"public\.odd\.e\.mail: public\.users\.login leads"):
        make_plan(catalogue(USERS, odd), parse_policy(text))
