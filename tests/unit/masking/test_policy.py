from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.maskers.parameters import Constant, JsonValue, Keep
from masking.policy.reading import parse_policy


def rule(text: str) -> tuple[str, object]:
    policy = parse_policy(f"tables:\n  public.t:\n    columns:\n      c: {text}\n")
    found = policy.tables[TableName(schema="public", name="t")].columns["c"]
    return found.masker.name, found.parameters


def test_a_column_is_a_word_or_a_mapping_with_one_key() -> None:
    assert rule("email")[0] == "email"
    assert rule("address")[0] == "street"
    assert rule("null")[0] == rule("~")[0] == "null"
    assert rule("{constant: 7}") == ("constant", Constant(value=7))
    assert rule("{constant: {value: {a: 1}}}") == ("constant", Constant(value={"a": 1}))
    assert rule("{constant: 2024-01-01}") == ("constant", Constant(value="2024-01-01"))
    assert rule("{json: {value: []}}") == ("json", JsonValue(value=[]))
    assert rule('{keep: "a known password"}') == ("keep", Keep(reason="a known password"))


def test_names_are_taken_as_postgresql_stores_them() -> None:
    policy = parse_policy(
        """
        tables:
          users: empty
          public.Order Items: empty
          '"a.b"."c""d"': empty
        """
    )
    assert list(policy.tables) == [
        TableName(schema="public", name="users"),
        TableName(schema="public", name="Order Items"),
        TableName(schema="a.b", name='c"d'),
    ]


def test_columns_may_be_taken_over_from_another_table() -> None:
    text = "tables:\n  a: {columns: &these {id: keep, at: keep}}\n  b:\n    columns: {<<: *these, at: date}\n"
    columns = parse_policy(text).tables[TableName(schema="public", name="b")].columns
    assert {name: (rule.masker.name, rule.position.line) for name, rule in columns.items()} == {
        "id": ("keep", 4),
        "at": ("date", 4),
    }


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("tables: [", "policy.yaml:1:10", "isn't YAML"),
        ("tabels: {}", "policy.yaml:1:1", "no setting 'tabels'"),
        ("tables:\n  t: full", "policy.yaml:2:3", "has no rule"),
        ("literals:\n  VIEW v: {}", "policy.yaml:2:3", "acknowledges nothing"),
        ("literals:\n  VIEW v: {email: ''}", "policy.yaml:2:12", "isn't a finding"),
        ("literals:\n  '*': {mail: ours}", "policy.yaml:2:9", "isn't a finding"),
        (
            "tables:\n  t: {columns: {c: {keep: {acknowledge: {mail: ours}}}}}",
            "policy.yaml:2:17",
            "acknowledge",
        ),
        ("tables:\n  a.b.c: empty", "policy.yaml:2:3", "isn't a table's name"),
        ("tables:\n  t: empty\n  public.t: empty", "policy.yaml:3:3", "listed twice"),
        ("tables:\n  t: empty\n  t: empty", "policy.yaml:3:3", "isn't YAML"),
        ("tables:\n  t:\n    columns:\n      c: emial", "policy.yaml:4:7", "no masker 'emial'"),
        ("tables:\n  t:\n    columns:\n      c: {phone: {fromat: x}}", "policy.yaml:4:7", "fromat"),
        ("tables:\n  t:\n    columns:\n      c: script", "policy.yaml:4:7", "domain"),
        ("tables:\n  t:\n    columns:\n      c: {email: {domain: 'A;B'}}", "policy.yaml:4:7", "domain"),
        ("tables:\n  t:\n    columns:\n      c: {bytes: zz}", "policy.yaml:4:7", "hex"),
        (
            "tables:\n  t:\n    columns:\n      c: {constant: {value: null}}",
            "policy.yaml:4:7",
            "is masker null",
        ),
        (
            "tables:\n  t:\n    columns:\n      c:\n        json:\n          paths:\n            $.a: emial",
            "policy.yaml:7:13",
            "no masker 'emial'",
        ),
        (
            "tables:\n  t:\n    columns:\n      c:\n        composite:\n          a: keep\n          b: emial",
            "policy.yaml:7:11",
            "no masker 'emial'",
        ),
        ("tables:\n  t:\n    columns:\n      1: keep", "policy.yaml:4:7", "isn't text"),
        ("tables:\n  t:\n    colums: {}", "policy.yaml:3:5", "no setting 'colums'"),
        ("large_objects: keep", "policy.yaml:1:1", "large_objects"),
        ("tables:\n  t: {empty: {}}", "policy.yaml:2:3", "aren't searched for"),
        ("tables:\n  t: {empty: {not_searched: ours}, where: x}", "policy.yaml:2:3", "no other setting"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(text: str, place: str, what: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text)
    assert str(caught.value).startswith(f"{place}: ")
    assert what in str(caught.value)


def test_the_digest_covers_policy_and_scripts() -> None:
    script = {"a.sql": "UPDATE t SET c = 'x'"}
    digests = {
        parse_policy("tables: {}").digest,
        parse_policy("tables: {} ").digest,
        parse_policy("tables: {}", script).digest,
        parse_policy("tables: {}", {"b.sql": script["a.sql"]}).digest,
    }
    assert len(digests) == 4
    assert parse_policy("tables: {}", script).digest in digests
