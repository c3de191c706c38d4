"""Each row is masked once wherever it lies, and row security keeps no check from seeing it."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid, VerificationFailed
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tasks.postgres.catalogue import read_catalogue
from tasks.postgres.quarantine import quarantine
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone


def test_rows_are_masked_once_where_a_column_is_the_key_of_one_sub_tree_only(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE c (gone int, id int, region text, email text) PARTITION BY LIST (region);"
        "CREATE TABLE c_a PARTITION OF c FOR VALUES IN ('a');"
        "CREATE TABLE c_b (id int, region text, email text) PARTITION BY HASH (email);"
        "ALTER TABLE c DROP COLUMN gone; ALTER TABLE c ATTACH PARTITION c_b FOR VALUES IN ('b');"
        "CREATE TABLE c_b0 PARTITION OF c_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE c_b1 PARTITION OF c_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        "INSERT INTO c SELECT i, CASE WHEN i <= 5 THEN 'a' ELSE 'b' END, 'p' || i % 5 || '@x.test'"
        " FROM generate_series(1, 10) i"
    )
    assert [
        column.name
        for column in clone.plan("tables: {c: empty}")[0].tables[0].columns
        if column.partition_key
    ] == [
        "region",
        "email",
    ]
    clone.mask("tables: {c: {columns: {id: keep, region: keep, email: email}}}")
    assert clone.value("SELECT count(DISTINCT email) FROM c") == 5
    assert clone.value("SELECT count(*) FROM c WHERE email LIKE '%x.test'") == 0


def test_a_partition_on_another_server_is_left_alone_and_ends_the_plan_where_a_pass_would_reach_it(
    clone: Clone,
) -> None:
    clone.execute(
        "CREATE EXTENSION postgres_fdw;"
        "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid');"
        "CREATE TABLE c (region text, email text) PARTITION BY LIST (region);"
        "CREATE TABLE c_a PARTITION OF c FOR VALUES IN ('a');"
        "CREATE FOREIGN TABLE c_b PARTITION OF c FOR VALUES IN ('b') SERVER far;"
        "INSERT INTO c VALUES ('a', 'p@x.test')"
    )
    with pytest.raises(
        PolicyInvalid, match=r"c\.region is in the partition key and masked.* partition public\.c_b"
    ):
        clone.plan("tables: {c: {columns: {region: pseudonym, email: email}}}")
    clone.mask("tables: {c: {columns: {region: keep, email: email}}}")
    assert clone.value("SELECT count(*) FROM c_a WHERE email LIKE '%@example.com'") == 1


HELD = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON {0} USING (id > 1);"
TABLE = "CREATE TABLE u (id int PRIMARY KEY, email text);"
PARTITIONED = """
    CREATE TABLE u (id int PRIMARY KEY, email text) PARTITION BY RANGE (id);
    CREATE TABLE u1 PARTITION OF u FOR VALUES FROM (0) TO (10);
"""
POLICY = """
tables:
  u: {columns: {id: keep, email: email}}
  o: {where: "EXISTS (SELECT FROM u WHERE u.id = o.u)", columns: {id: keep, u: keep, note: {keep: "none"}}}
"""


@pytest.mark.parametrize("referenced", [TABLE, PARTITIONED], ids=["table", "partitioned"])
def test_row_security_that_holds_for_owners_hides_no_row_and_is_back_afterwards(
    clone: Clone, referenced: str
) -> None:
    clone.execute(
        f"{referenced} CREATE TABLE o (id int PRIMARY KEY, u int REFERENCES u, note text);"
        f"INSERT INTO u VALUES (1, 'a@x.test'); INSERT INTO o VALUES (1, 1, 'x'); {HELD.format('u')} {HELD.format('o')}"
    )
    script = {"a.sql": "UPDATE o SET note = 'owner ' || (SELECT count(*) FROM u WHERE u.id = o.u)"}
    report = clone.mask(POLICY, script)
    assert {found.table: found.rows for found in report.tables}["public.o"] == 1
    assert clone.rows("SELECT relname::text FROM pg_class WHERE relforcerowsecurity ORDER BY 1") == [
        ("o",),
        ("u",),
    ]
    clone.execute("ALTER TABLE u NO FORCE ROW LEVEL SECURITY; ALTER TABLE o NO FORCE ROW LEVEL SECURITY")
    assert clone.rows("SELECT note FROM o") == [("owner 1",)]
    assert clone.value("SELECT count(*) FROM u WHERE email LIKE '%x.test'") == 0


def test_row_security_is_back_after_a_verification_that_failed(clone: Clone) -> None:
    clone.execute(
        f"CREATE TABLE u (id int, email text); INSERT INTO u VALUES (1, 'a@x.test'); {HELD.format('u')}"
    )
    quarantine(clone.login, clone.database)
    catalogue = read_catalogue(clone.login, clone.database)
    plan = make_plan(catalogue, parse_policy("tables: {u: {columns: {id: keep, email: email}}}", None))
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    clone.execute("ALTER TABLE u NO FORCE ROW LEVEL SECURITY; UPDATE u SET email = 'a@x.test'")
    with pytest.raises(VerificationFailed, match=r"public\.u\.email: 1 rows"):
        verify(clone.login, clone.database, catalogue, plan, KEYS)
    assert clone.value("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'u'") is True


def test_constants_stand_in_columns_whose_types_know_no_equality(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE t (x xml, p point, j json[], b json);"
        """INSERT INTO t VALUES ('<raw/>', '(1,2)', '{"{}"}', '{"a": 1}')"""
    )
    clone.mask(
        """
        tables:
          t:
            columns:
              x: {constant: "<b/>"}
              p: {constant: "(0,0)"}
              j: {constant: []}
              b: {constant: {value: {}}}
        """
    )
    assert clone.rows("SELECT x::text, p::text, j::text, b::text FROM t") == [("<b/>", "(0,0)", "{}", "{}")]
