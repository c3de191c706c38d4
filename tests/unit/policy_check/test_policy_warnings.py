"""What a policy may say and yet hardly mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from masking.catalogue import Catalogue, Column
from masking.explanation.policy_warnings import warnings_of
from masking.maskers.reserved_domains import is_reserved, registrable_domains
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import USERS, catalogue, column, table, unique

SHOP = catalogue(
    USERS,
    table("shops", column("id", "int8", not_null=True), column("owner_email"), column("note"), column("code"),
        indexes=(unique("shops_code", "code"),)),
)  # fmt: skip
OTHERS = "  public.shops: empty\n"
NO_SCRIPTS: Mapping[str, str] = {}


def warnings(policy: str, script: str = "") -> list[str]:
    return warnings_about(SHOP, policy, {"mask.sql": script} if script else {})


def warnings_about(found: Catalogue, policy: str, scripts: Mapping[str, str] = NO_SCRIPTS) -> list[str]:
    read = parse_policy(policy, scripts)
    return [str(warning) for warning in warnings_of(found, read, make_plan(found, read))]


@pytest.mark.parametrize(
    "name",
    ["example.com", "mail.EXAMPLE.net", "example.org", "a.test", "b.c.example", "x.invalid", "app.localhost"],
)
def test_names_that_are_set_apart_are_nobodys(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["example.dev", "notexample.com", "test.com", "example.com.au", "mytest"])
def test_others_may_be_somebodys(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("user@example.dev", ["example.dev"]),
        ("'@Mail.Shop.io'", ["Mail.Shop.io"]),
        ("https://shop.io/x?y=a@b.co and ftp://u:p@files.net/", ["shop.io", "b.co", "files.net"]),
        ("user@example.com, http://localhost/, a@b", []),
        ("5 % @ 3.50", []),
    ],
)
def test_domains_are_found_in_addresses_and_urls(text: str, domains: list[str]) -> None:
    assert list(registrable_domains(text)) == domains


POLICY = (
    "tables:\n  public.users: {columns: {id: keep, ssn: {script: {domain: ssn}}, email: {script: {domain: e}},"
    " phone: {script: {domain: phone}}}}\n" + OTHERS
)
SCRIPT = """-- mask_ssns.sql
UPDATE users SET ssn = CONCAT('XXX-XX-', RIGHT(ssn, 4));
UPDATE users
   SET email = CONCAT('user_', id, '@example.dev');
UPDATE users SET phone = '555-000-0000' WHERE email <> 'a@b.co';
UPDATE users SET phone = '555-000-0000';
"""
OTHER_COLUMNS = "UPDATE users SET ssn = right(ssn, 4), phone = '555-000-0000';"


def test_a_script_that_writes_to_a_registrable_domain_is_named_by_its_place() -> None:
    (warning,) = warnings(POLICY, SCRIPT)
    assert warning.startswith("masking/mask.sql:4:38: it writes to example.dev, ")


def test_so_is_a_statement_that_is_run_as_it_is_written() -> None:
    barrier = "UPDATE users SET phone = o.p FROM (SELECT 'x@shop.io' AS p) AS o;"
    (warning,) = warnings(POLICY, SCRIPT.replace("example.dev", "example.com") + barrier)
    assert "shop.io" in warning


@pytest.mark.parametrize(
    "value",
    [
        "'user_' || id || '@' || 'corp.dev'",
        "'user_' || id || '@corp' || '.dev'",
        "'user_' || (id || ('@' || 'corp.dev'))",
        "concat('user_', id, '@', 'corp.dev')",
        "lower(concat('https://', E'corp.dev', '/', id))",
    ],
)
def test_a_registrable_domain_that_is_put_together_is_found(value: str) -> None:
    (warning,) = warnings(POLICY, f"{OTHER_COLUMNS} UPDATE users SET email = {value};")
    assert "it writes to corp.dev, " in warning


@pytest.mark.parametrize(
    "value",
    [
        "'user_' || id || '@example' || '.com'",
        "'user_' || id || '@corp.dev' || '.test'",
        "replace(ssn, '@', 'corp.dev')",
        "replace(ssn, '-', '@') || 'corp.dev'",
        "'@' || replace('corp.dev', '.', id::text)",
        "concat('at @', id, 'corp.dev')",
        "'@' || id || 'corp.dev'",
        "CASE WHEN id > 1 THEN '@' ELSE 'corp.dev' END",
    ],
)
def test_texts_that_make_no_such_domain_together_are_not(value: str) -> None:
    assert warnings(POLICY, f"{OTHER_COLUMNS} UPDATE users SET email = {value};") == []


@pytest.mark.parametrize(
    "rule",
    ["{constant: a@shop.io}", "{sql: \"concat('u', id, '@shop.io')\"}"],
)
def test_a_rule_that_writes_to_a_registrable_domain_is_named_by_its_place(rule: str) -> None:
    users = "  public.users: empty\n"
    text = f"tables:\n{users}  public.shops:\n    columns:\n      id: keep\n      owner_email: {rule}\n"
    (warning,) = warnings(text + "      note: free_text\n      code: pseudonym\n")
    assert warning.startswith("policy.yaml:6:7: it writes to shop.io, ")


@pytest.mark.parametrize(
    "paths", ["$.a: {constant: a@shop.io}", "$.a: email}, default: {constant: {owner: a@shop.io}"]
)
def test_so_is_one_that_writes_into_documents(paths: str) -> None:
    documents = catalogue(table("t", column("d", "jsonb")))
    text = f"tables:\n  t:\n    columns:\n      d: {{json: {{paths: {{{paths}}}}}}}\n"
    (warning,) = warnings_about(documents, text)
    assert warning.startswith("policy.yaml:4:7: it writes to shop.io, ")


def test_a_kept_column_that_looks_personal_wants_a_reason() -> None:
    text = (
        "tables:\n  public.users: empty\n  public.shops:\n    columns:\n      id: keep\n      owner_email: {rule}\n"
        "      note: free_text\n      code: pseudonym\n"
    )
    (warning,) = warnings(text.replace("{rule}", "keep"))
    assert warning.startswith(
        "policy.yaml:6:7: column public.shops.owner_email is kept without a reason, and looks personal"
    )
    assert warnings(text.replace("{rule}", '{keep: "the shops\' public addresses"}')) == []


@pytest.mark.parametrize(("value", "warned"), [("'X'", True), ("NULL", False), ("id::text", False)])
def test_one_value_under_a_unique_index_is_warned_of(value: str, warned: bool) -> None:
    text = (
        "tables:\n  public.users: empty\n"
        "  public.shops: {columns: {id: keep, owner_email: email, note: free_text, code: {script: {domain: c}}}}\n"
    )
    found = warnings(text, f"UPDATE shops SET code = {value};")
    assert [warning for warning in found if "unique index shops_code" in warning] == found
    assert bool(found) is warned


def narrow(name: str, width: int) -> Column:
    return column(name, "varchar", type=f"character varying({width})", max_length=width)


LOGS = catalogue(
    table("logs", column("id", "int8"), narrow("email", 25)),
    table("mails", column("id", "int8"), narrow("email", 40)),
    table("people", column("id", "int8"), column("email"), column("key", "uuid")),
)


def logs(log: str, more: str = "") -> list[str]:
    return warnings_about(
        LOGS,
        "tables:\n  logs:\n    columns:\n      id: keep\n"
        f"      email: {log}\n"
        "  mails: {columns: {id: keep, email: email}}\n"
        f"  people: {{columns: {{id: keep, email: email, key: pseudonym}}}}\n{more}",
    )


def test_a_column_too_narrow_for_its_domains_letters_is_named_beside_a_wide_one() -> None:
    (warning,) = logs("email")
    assert warning == (
        "policy.yaml:5:7: columns public.mails.email and public.logs.email are of one masking domain, email, and masks "
        "have 18 letters of a hash in the first, and 13 in the second, which is narrow: equal values mask unequally. "
        "Join the two under references, widen the second, or give it a domain of its own."
    )


def test_a_domain_of_its_own_ends_the_warning() -> None:
    assert logs("{email: {domain: log}}") == []


def test_references_end_it_where_they_join_all_columns_of_the_domain() -> None:
    join = "references:\n  - public.logs.email: public.people.email\n"
    (warning,) = logs("email", join)
    assert "public.mails.email and public.logs.email" in warning
    assert "So they do in public.people.email. " in warning
    assert logs("email", f"{join}  - public.mails.email: public.people.email\n") == []


def test_what_is_pseudonymous_as_a_uuid_is_no_matter_of_room() -> None:
    assert logs("pseudonym", "") == []


def test_names_and_texts_are_no_matter_of_room_either() -> None:
    found = catalogue(
        table("a", column("title"), indexes=(unique("a_title", "title"),)),
        table("b", narrow("title", 10)),
    )
    policy = "tables:\n  a: {columns: {title: free_text}}\n  b: {columns: {title: free_text}}\n"
    assert warnings_about(found, policy) == []


def test_a_narrow_attribute_is_named_by_its_path() -> None:
    found = catalogue(
        table("a", column("login")),
        table("b", column("home", "home", attributes=(narrow("login", 10),))),
    )
    (warning,) = warnings_about(
        found,
        "tables:\n  a: {columns: {login: username}}\n"
        "  b: {columns: {home: {composite: {login: username}}}}\n",
    )
    assert "public.a.login and public.b.home.login are of one masking domain" in warning
