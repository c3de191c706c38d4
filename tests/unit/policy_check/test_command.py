"""``python -m flows.policy``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.policy import main
from masking.policy.reading import parse_policy

SCHEMA = """-- Dumped from database version 17.10
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.users (id bigint NOT NULL, email text, phone text, note text);
CREATE TABLE public.orders (id bigint NOT NULL, user_id bigint, mail text) PARTITION BY RANGE (id);
CREATE TABLE public.orders_1 (id bigint NOT NULL, user_id bigint, mail text);
ALTER TABLE ONLY public.orders ATTACH PARTITION public.orders_1 FOR VALUES FROM (1) TO (9);
CREATE TABLE public.log (line text);
CREATE MATERIALIZED VIEW public.totals AS SELECT 1;
ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
"""
POLICY = """tables:
  public.users:
    where: "id > 5"
    columns:
      id: keep
      email: email
      phone: {script: {domain: phone}}
      note: {keep: "our own"}
  public.orders: {columns: {id: keep, user_id: keep, mail: email}}
  public.log: empty
"""
SCRIPT = """UPDATE users SET phone = '555-0100';
DELETE FROM users WHERE note = 'x';
UPDATE log SET line = 'x';
"""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "shop.sql"
    file.write_text(SCHEMA, encoding="utf-8")
    return file


@pytest.fixture
def policy(write_policy: Callable[..., Path]) -> Path:
    return write_policy(POLICY, SCRIPT)


def run(*arguments: Any) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as ended:  # argparse
        return int(ended.code or 0)


def test_a_policy_that_fits_ends_with_0(
    schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", "--schema-file", schema, "--policy", policy) == 0
    printed = capsys.readouterr()
    assert printed.out == (
        "the policy fits database shop: 3 tables, 1 of them emptied; 8 columns, 3 of them masked\n"
    )
    assert "note: a schema file" in printed.err


def test_a_column_without_a_rule_ends_with_1_and_the_lines_to_paste(
    schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with schema.open("a") as file:
        file.write("CREATE TABLE public.more (name text);\nALTER TABLE public.users ADD COLUMN fax text;\n")
    assert run("check", "--schema-file", schema, "--policy", policy) == 1
    lines = capsys.readouterr().err.split("policy.yaml:\n")[1]
    assert set(parse_policy(lines).tables) >= {
        name for name in parse_policy(POLICY).tables if name.name == "users"
    }
    assert "name: free_text" in lines
    assert "fax: free_text" in lines


def test_a_mask_that_does_not_fit_ends_with_1_and_its_place(
    schema: Path, write_policy: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write_policy(POLICY.replace("email: email", "email: ip_adress"), SCRIPT)
    assert run("check", "--schema-file", schema, "--policy", policy) == 1
    assert f"{policy}/policy.yaml:6:7: there is no masker 'ip_adress'" in capsys.readouterr().err


def test_a_warning_ends_with_1_only_where_it_is_strict(
    schema: Path, write_policy: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write_policy(POLICY, SCRIPT.replace("'555-0100'", "'a@example.dev'"))
    assert run("check", "--schema-file", schema, "--policy", policy) == 0
    assert "warning: masking/mask.sql:1:29: it writes to example.dev" in capsys.readouterr().err
    assert run("check", "--schema-file", schema, "--policy", policy, "--strict") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--schema-file", "absent.sql"],
        ["check", "--catalogue", "absent.json"],
        ["check", "--dsn", "host=x password=s3cret"],
        ["check", "--dsn", "host=x", "password=s3cret"],
        ["check", "--dsn", "host=/nonexistent dbname=shop"],
        ["check", "--schema-file", "{schema}", "--policy", "absent"],
        ["check", "--schema-file", "{schema}", "--dsn", "host=x"],
        ["check"],
        ["explain", "--schema-file", "{schema}", "--policy", "{policy}", "--table", "absent"],
        [],
    ],
)
def test_wrong_use_ends_with_2(
    arguments: list[str], schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(argument.format(schema=schema, policy=policy) for argument in arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "s3cret" not in printed.err


def test_what_is_not_understood_in_a_schema_ends_with_2_and_its_place(
    schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with schema.open("a") as file:
        file.write("COPY public.users FROM STDIN;\n")
    assert run("check", "--schema-file", schema, "--policy", policy) == 2
    assert f"{schema}:10:1: it brings rows" in capsys.readouterr().err


def test_a_saved_catalogue_serves_as_well(
    schema: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "shop.json"
    assert run("check", "--schema-file", schema, "--policy", policy, "--save-catalogue", saved) == 0
    first = capsys.readouterr().out
    assert run("check", "--catalogue", saved, "--policy", policy) == 0
    assert capsys.readouterr().out == first


def test_explain_shows_order_columns_sql_and_what_became_of_scripts(
    schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("explain", "--schema-file", schema, "--policy", policy) == 0
    shown = capsys.readouterr().out
    for line in (
        "  emptied: public.log",
        "  filtered by their where: public.users",
        "  stage 1: public.users",
        "    then masking/mask.sql:2:1 as it is written",
        "  stage 2: public.orders_1, public.users",
        "public.users (table): rows where id > 5",
        "  note   text    kept: our own",
        "  phone  text    script in domain phone (by masking/mask.sql:1:1)",
        "  masking/mask.sql:1:1 is fused into the table's pass",
        "  masking/mask.sql:2:1 is a barrier at the end of stage 1: it is no UPDATE but DELETE",
        "  masking/mask.sql:3:1 isn't run: the table is emptied",
        "  way: written anew",
        '  stage 1: UPDATE ONLY "public"."users" SET "phone" = \'555-0100\'',
        '  stage 2: DROP TABLE "public"."users" CASCADE',
        '  stage 2: ALTER TABLE "public"."refresh_mask_4" RENAME TO "users"',
        "public.orders_1 (table): as its parent public.orders",
        "public.log (table): emptied, structure only",
        "public.totals (materialized view): recomputed from the masked tables where it is restored",
    ):
        assert line in shown.splitlines()


def test_explain_shows_single_tables_to_programs_too(
    schema: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("explain", "--schema-file", schema, "--policy", policy, "--json", "--table", "users")
    assert run(*arguments) == 0
    shown = json.loads(capsys.readouterr().out)
    (users,) = shown["tables"]
    assert [column["action"] for column in users["columns"]] == ["keep", "mask", "mask", "keep"]
    assert [one["stage"] for one in users["sql"]] == [0, 1, 1, 2, 2, 2]
    assert [one["barrier"] is None for one in users["statements"]] == [True, False]


def test_a_suggested_policy_fits_and_never_replaces_a_file(
    schema: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "policy.yaml"
    output.parent.mkdir()
    assert run("suggest", "--schema-file", schema, "--output", output) == 0
    assert run("check", "--schema-file", schema, "--policy", output.parent, "--strict") == 0
    before = output.read_text()
    assert run("suggest", "--schema-file", schema, "--output", output) == 2
    assert output.read_text() == before
    capsys.readouterr()
    assert run("suggest", "--schema-file", schema) == 0
    assert capsys.readouterr().out == before


def test_a_suggestion_for_programs_is_one_array_with_every_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also from SQL that no pg_dump wrote: ``check`` refuses what brings rows."""
    file = tmp_path / "shop.sql"
    file.write_text(
        "CREATE TABLE users (id int, email text);\nINSERT INTO users VALUES (1, 'x');\n", encoding="utf-16"
    )
    assert run("suggest", "--format", "json", "--schema-file", file) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["schema"], row["table"], row["column"], row["action"], row["masker"]) for row in rows] == [
        ("public", "users", "id", "keep", None),
        ("public", "users", "email", "mask", "email"),
    ]


def test_a_table_that_is_not_understood_is_named_beside_the_suggestion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.sql"
    file.write_text("CREATE TABLE 1users (id int);\nCREATE TABLE orders (id int);\n", encoding="utf-8")
    assert run("suggest", "--schema-file", file) == 0
    printed = capsys.readouterr()
    assert "note: CREATE TABLE 1users: not understood" in printed.err
    assert "public.orders:" in printed.out
