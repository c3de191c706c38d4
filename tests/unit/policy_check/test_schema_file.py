"""What a schema file says, and what it can't: the whole of it is held against a server in tests/integration."""

from __future__ import annotations

import pytest

from contracts.errors import SchemaFileInvalid
from masking.catalogue import Catalogue, Column, TableName
from masking.schema_file import read_schema


def column(catalogue: Catalogue, table: str, name: str) -> Column:
    return catalogue.tables_by_id[TableName(schema="public", name=table)].columns_by_name[name]


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(SchemaFileInvalid) as caught:
        read_schema(text, "shop.sql")
    return caught.value.problems


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO t VALUES ('a secret')", "brings rows"),
        ("COPY t FROM STDIN", "brings rows"),
        ("DO $$ BEGIN END $$", "DO isn't understood"),
        ("CREATE TABLE u AS SELECT 1", "CREATE TABLE AS"),
        ("CREATE TABLE u (LIKE t)", "table_like_clause"),
        ("CREATE TABLE u (a public.unheard_of)", "nothing in the file makes type public.unheard_of"),
        ("CREATE TABLE t (b int)", "made twice"),
        ("ALTER TABLE t DROP COLUMN a", "DropColumn"),
        ("ALTER TABLE t RENAME a TO b", "RENAME"),
        ("ALTER TABLE unheard_of ADD PRIMARY KEY (a)", "nothing in the file makes table unheard_of"),
        ("ALTER TABLE t ADD PRIMARY KEY (b)", "has no column b"),
        ("CREATE INDEX ON t (b)", "has no column b"),
        ("CREATE UNIQUE INDEX ON unheard_of (a)", "nothing in the file makes table unheard_of"),
        ("DROP TABLE t", "DROP"),
        ("SELECT 1 FROM t", "a query"),
    ],
)
def test_a_statement_that_is_not_understood_is_named_by_its_place(statement: str, reason: str) -> None:
    (problem,) = problems(
        f"CREATE TABLE t (a text);\n\n-- a comment\n  {statement};\nCREATE VIEW v AS SELECT 1;"
    )
    assert problem.startswith("shop.sql:4:3: ")
    assert reason in problem
    assert "secret" not in problem


def test_every_such_statement_is_named_at_once() -> None:
    found = problems("DO $$ $$;\nCREATE TABLE t (a int);\nCOPY t FROM STDIN;")
    assert [problem.partition(": ")[0] for problem in found] == ["shop.sql:1:1", "shop.sql:3:1"]


def test_what_is_no_sql_is_named_by_its_place() -> None:
    (problem,) = problems("CREATE TABLE t (a int);\nCREATE TABEL u (a int);")
    assert problem.startswith("shop.sql:2:8: it isn't SQL")


def test_what_psql_does_with_a_dump_is_passed_over() -> None:
    found = read_schema(
        "\\restrict aBc123\nCREATE TABLE t (a int);\n\\connect shop\n\\unrestrict aBc123\n", "x.sql"
    )
    assert [str(table) for table in found.tables] == ["public.t"]


def test_a_dump_that_cleans_before_it_creates_is_read() -> None:
    text = (
        "ALTER TABLE IF EXISTS ONLY public.t DROP CONSTRAINT IF EXISTS k;\nDROP TABLE IF EXISTS public.t;\n"
    )
    assert len(read_schema(text + "CREATE TABLE public.t (a int);", "x.sql").tables) == 1


def test_names_without_a_schema_are_looked_up_as_the_file_says() -> None:
    text = "SET search_path = shop, public;\nCREATE TABLE t (a int);\nSET search_path = '';\nCREATE TABLE u (a int);"
    (problem,) = problems(text)
    assert "u has no schema" in problem
    found = read_schema(text.partition("SET search_path = ''")[0], "x.sql")
    assert [str(table) for table in found.tables] == ["shop.t"]


def test_constraints_written_beside_their_column_get_the_names_that_postgresql_gives_them() -> None:
    found = read_schema(
        """CREATE TABLE kinds (code char(2) PRIMARY KEY);
        CREATE TABLE t (
            id bigserial PRIMARY KEY, kind char(2) REFERENCES kinds, size int CHECK (size > 0) UNIQUE,
            CHECK (size < id), UNIQUE (kind, size), other int DEFAULT 1 CHECK (other > 0) NOT NULL
        );
        CREATE INDEX ON t (lower(kind), size);
        CREATE INDEX ON t (lower(kind), size);""",
        "x.sql",
    )
    table = found.tables_by_id[TableName(schema="public", name="t")]
    assert [index.name for index in table.indexes] == [
        "t_expr_size_idx",
        "t_expr_size_idx1",
        "t_kind_size_key",
        "t_pkey",
        "t_size_key",
    ]
    assert [(key.name, key.referenced_columns) for key in table.foreign_keys] == [("t_kind_fkey", ("code",))]
    assert [check.name for check in table.checks] == ["t_check", "t_other_check", "t_size_check"]
    assert table.columns_by_name["id"].default == "nextval('public.t_id_seq'::regclass)"
    assert (table.columns_by_name["other"].default, table.columns_by_name["other"].not_null) == ("1", True)


def test_a_partition_made_in_one_statement_has_what_its_parent_has() -> None:
    found = read_schema(
        """CREATE TABLE p (id int NOT NULL DEFAULT 7, region text, CHECK (id > 0)) PARTITION BY LIST (region);
        CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu');
        CREATE UNIQUE INDEX p_key ON p (id, region);""",
        "x.sql",
    )
    parent, partition = found.tables
    assert partition.partition_of == parent.id
    assert (parent.kind, partition.kind) == ("p", "r")
    assert partition.columns == parent.columns
    assert partition.columns_by_name["region"].partition_key
    assert partition.checks == parent.checks
    assert [index.name for index in partition.indexes] == ["p_eu_id_region_key"]


def test_an_index_that_misses_a_partition_is_none() -> None:
    """PostgreSQL calls it invalid, and what it would keep distinct isn't."""
    text = """CREATE TABLE p (id int, region text) PARTITION BY LIST (region);
        CREATE TABLE p_eu (id int, region text);
        ALTER TABLE ONLY p ATTACH PARTITION p_eu FOR VALUES IN ('eu');
        CREATE UNIQUE INDEX p_key ON ONLY p (id, region);
        CREATE UNIQUE INDEX p_eu_key ON p_eu (id, region);"""
    assert [len(table.indexes) for table in read_schema(text, "x.sql").tables] == [0, 1]
    attached = text + "ALTER INDEX p_key ATTACH PARTITION p_eu_key;"
    assert [len(table.indexes) for table in read_schema(attached, "x.sql").tables] == [1, 1]


@pytest.mark.parametrize(("version", "shared"), [("16.4", False), ("17.10", True)])
def test_partitions_share_identity_columns_since_postgresql_17(version: str, shared: bool) -> None:
    text = f"""-- Dumped from database version {version}
        CREATE TABLE p (id int NOT NULL, region text) PARTITION BY LIST (region);
        CREATE TABLE p_eu (id int NOT NULL, region text);
        ALTER TABLE p ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
        ALTER TABLE ONLY p ATTACH PARTITION p_eu FOR VALUES IN ('eu');"""
    found = read_schema(text, "x.sql")
    assert found.server_version_num == int(version[:2]) * 10_000 + int(version[3:])
    assert column(found, "p", "id").identity
    assert column(found, "p_eu", "id").identity is shared


def test_an_extensions_type_is_one_of_the_schema_that_the_extension_is_in() -> None:
    text = "CREATE EXTENSION citext WITH SCHEMA public;\nCREATE TABLE public.t (a public.citext, b public.vector(3));"
    found = column(read_schema(text, "x.sql"), "t", "a")
    assert (found.type, found.base_type, found.base_type_schema) == ("public.citext", "citext", "public")
    assert column(read_schema(text, "x.sql"), "t", "b").type == "public.vector(3)"
