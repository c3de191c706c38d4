"""What is explained of a column: who is meant by its rule, and what happens inside its values."""

from __future__ import annotations

from dataclasses import replace

from masking.explanation.explanation import explain
from masking.explanation.text import explanation_text
from masking.planning.plan import make_plan
from masking.planning.ways import COPY_FROM_BYTES
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import USERS, catalogue, column, table

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


def sql_of_users(size_bytes: int) -> list[str]:
    """What is shown of users, with a city whose values repeat."""
    city = column("city", n_distinct=400.0)
    users = replace(USERS, columns=(*USERS.columns, city), size_bytes=size_bytes)
    found = catalogue(users, table("other", column("id", "int4"), size_bytes=COPY_FROM_BYTES))
    policy = parse_policy(
        "tables: {users: {columns: {id: keep, ssn: keep, email: email, phone: keep, city: city}},"
        " other: {columns: {id: keep}}}"
    )
    (first, _) = explain(found, policy, make_plan(found, policy)).tables
    return [one.sql for one in first.sql]


def test_of_a_table_that_is_written_anew_the_statements_are_shown_that_write_it() -> None:
    masks, analyze, copied, *rest = sql_of_users(COPY_FROM_BYTES)
    assert masks.startswith('CREATE UNLOGGED TABLE "refresh_mask"."masks_0_0" AS SELECT "city" AS')
    assert analyze == 'ANALYZE "refresh_mask"."masks_0_0"'
    assert copied.startswith(
        'CREATE UNLOGGED TABLE "public"."refresh_mask_0" AS SELECT "id" AS "id", "ssn" AS "ssn",'
    )
    assert '"refresh_mask"."masks_0_0" ON' in copied
    assert rest == [
        'DROP TABLE "public"."users" CASCADE',
        'ALTER TABLE "public"."refresh_mask_0" RENAME TO "users"',
        'DROP TABLE IF EXISTS "refresh_mask"."masks_0_0"',
    ]


def test_of_a_table_that_is_updated_in_place_its_update_is_shown() -> None:
    (updated,) = sql_of_users(COPY_FROM_BYTES - 1)
    assert updated.startswith('UPDATE ONLY "public"."users" SET "email" = ')
