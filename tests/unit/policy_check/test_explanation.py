"""What is explained of a column: who is meant by its rule, and what happens inside its values."""

from __future__ import annotations

from masking.explanation.explanation import explain
from masking.explanation.text import explanation_text
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import catalogue, column, table

PAIR = column(
    "pair", "pair", base_type_schema="public", attributes=(column("mail"), column("facts", "jsonb"))
)
POLICY = """
tables:
  t:
    columns:
      id: keep
      doc:
        json:
          paths: {$.contact.email: email, "$.tags[*]": {pseudonym: {domain: tag}}, $.plan: {keep: "one of three"}}
          default: {keep: "counts"}
      pair: {composite: {mail: email, facts: {json: {paths: {$.a: "null"}}}}}
      mail: {email: {}, when: "id > 5", otherwise: {keep: "our own"}}
      phone: {phone: {range: NXX-555-XXXX, acknowledge: "nobody dials"}}
      name: {full_name: {}, when: "id > 5", otherwise: pseudonym}
"""


def test_paths_attributes_and_conditions_are_shown() -> None:
    found = catalogue(
        table(
            "t",
            column("id", "int4"),
            column("doc", "jsonb"),
            PAIR,
            column("mail"),
            column("phone"),
            column("name"),
        )
    )
    policy = parse_policy(POLICY)
    explained = explain(found, policy, make_plan(found, policy))
    lines = [line.rstrip() for line in explanation_text(explained, with_order=False).splitlines()]
    assert lines[1:15] == [
        "  id     int4   kept",
        "  doc    jsonb  json",
        "    $.contact.email  email",
        "    $.tags[*]        pseudonym in domain tag",
        "    $.plan           kept: one of three",
        "    elsewhere        kept: counts",
        "  pair   pair   composite",
        "    .mail             email",
        "    .facts            json",
        "    .facts$.a         null",
        "    .facts elsewhere  dropped",
        "  mail   text   email where id > 5, else kept: our own",
        "  phone  text   phone (nobody dials)",
        "  name   text   full_name where id > 5, else pseudonym",
    ]
