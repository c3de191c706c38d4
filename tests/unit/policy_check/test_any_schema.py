"""To suggest, any SQL that makes a schema will do; what a policy is checked against is read strictly."""

from __future__ import annotations

import pytest

from contracts.errors import SchemaFileInvalid
from masking.schema_file import read_any_schema, read_schema

ROWS = "COPY public.people (id, note) FROM stdin;\n1\tsay \"it's; CREATE TABLE gone (a int);\n\\.\n"


def columns_of(text: str) -> dict[str, list[str]]:
    return {
        f"{table.schema}.{table.name}": [column.name for column in table.columns]
        for table in read_any_schema(text, "club.sql").catalogue.tables
    }


def types_of(text: str) -> dict[str, str]:
    (table,) = read_any_schema(text, "club.sql").catalogue.tables
    return {column.name: column.base_type for column in table.columns}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("CREATE TABLE t (a int); INSERT INTO t VALUES (1); DO $$ BEGIN END $$; DELETE FROM t;", ["a"]),
        ("\\set ON_ERROR_STOP on\n\\i other.sql\nCREATE TABLE t (a int);\n\\copy t FROM 't.csv'\n", ["a"]),
        (
            "CREATE TABLE t (a int, b text); ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD c text;",
            ["a", "c"],
        ),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b;", ["b"]),
        ("CREATE TABLE s (a int); ALTER TABLE s RENAME TO t;", ["a"]),
        ("CREATE TABLE gone (a int); DROP TABLE gone; CREATE TABLE t (b int);", ["b"]),
        (
            "DROP TABLE IF EXISTS t; CREATE TABLE IF NOT EXISTS t (a int); CREATE TABLE IF NOT EXISTS t (z int);",
            ["a"],
        ),
        ("CREATE TABLE t (a int REFERENCES elsewhere (id), PRIMARY KEY (nowhere), b int);", ["a", "b"]),
        ("CREATE TEMP TABLE w (a int); CREATE TABLE t (a int); CREATE INDEX ON t (lower(nowhere));", ["a"]),
        ("CREATE TABLE t (a int);\nCREATE TABEL typo (b int);\nALTER TABLE t ADD COLUMN b int;", ["a", "b"]),
        ("\ufeffCREATE TABLE t (a int)", ["a"]),
    ],
)
def test_a_table_is_followed_through_what_no_dump_has(text: str, columns: list[str]) -> None:
    assert columns_of(text) == {"public.t": columns}


def test_rows_between_the_statements_are_passed_over_whatever_they_hold() -> None:
    text = f"CREATE TABLE people (id int, note text);\n{ROWS}CREATE TABLE clubs (id int);"
    assert columns_of(text) == {"public.clubs": ["id"], "public.people": ["id", "note"]}


def test_tables_made_from_others_have_their_columns() -> None:
    made = columns_of(
        "CREATE TABLE a (x int, y text); CREATE TABLE b (LIKE a, z int);"
        " CREATE TABLE c AS SELECT y, x + 1 AS more FROM a; CREATE TABLE d AS SELECT * FROM a;"
        " CREATE TABLE e () INHERITS (a); ALTER TABLE a ADD COLUMN w int;"
    )
    assert made == {
        "public.a": ["x", "y", "w"],
        "public.b": ["x", "y", "z"],
        "public.c": ["y", "more"],
        "public.d": ["x", "y"],
        "public.e": ["x", "y", "w"],
    }


def test_a_schema_may_bring_its_tables() -> None:
    text = 'CREATE SCHEMA "Club" CREATE TABLE members (id int, "Full Name" text); CREATE TABLE "Club"."Old" (a int);'
    assert columns_of(text) == {"Club.Old": ["a"], "Club.members": ["id", "Full Name"]}


def test_types_that_nothing_makes_are_known_by_their_names() -> None:
    text = "CREATE TABLE t (a citext, b public.geometry(Point, 4326), c ltree, d varchar(20), e no.such[]);"
    assert types_of(text) == {"a": "citext", "b": "geometry", "c": "ltree", "d": "varchar", "e": "_such"}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        # MySQL's and SQLite's, a template's, and what a server newer than the parser may take.
        (
            "CREATE TABLE `t` (`a` int AUTO_INCREMENT, `b` varchar(9) COMMENT 'it, (b)');",
            ["a", "b"],
        ),
        ("CREATE TABLE @schema.t (a integer NOT NULL, b text -- c, d\n);", ["a", "b"]),
        ("CREATE TABLE t (a int, b text FUTURE WORD (1, 2) DEFAULT ',', c date);", ["a", "b", "c"]),
    ],
)
def test_a_table_that_the_parser_refuses_is_read_column_by_column(text: str, columns: list[str]) -> None:
    assert columns_of(f"CREATE TABLE s (z int);\n{text}") == {"public.s": ["z"], "public.t": columns}


def test_a_table_with_a_parent_that_nothing_makes_has_its_own_columns() -> None:
    assert columns_of("CREATE TABLE t (a int, b text) INHERITS (elsewhere)") == {"public.t": ["a", "b"]}


def test_a_table_that_is_not_understood_is_named() -> None:
    found = read_any_schema("CREATE TABLE 1t (a int);\nCREATE TABLE u (b int);", "club.sql")
    assert [table.name for table in found.catalogue.tables] == ["u"]
    assert found.passed_over == ("CREATE TABLE 1t",)


def test_a_check_still_takes_dumps_only() -> None:
    with pytest.raises(SchemaFileInvalid):
        read_schema(f"CREATE TABLE public.people (id int, note text);\n{ROWS}", "club.sql")
