"""The demo's production: the same on every load, with what real databases have that makes masking hard."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from contracts.login import Login
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tasks.postgres.catalogue import read_catalogue

LOOK_ALIKE = Path(__file__).parents[3] / "deployments" / "demo" / "lookalike"
_DIGEST = """
SELECT md5(string_agg(row, '|' ORDER BY row)) FROM (
    SELECT u::text AS row FROM users u UNION ALL SELECT o::text FROM orders o UNION ALL SELECT a::text FROM audit_log a
    UNION ALL SELECT s::text FROM support_messages s UNION ALL SELECT p::text FROM payments p
) AS every
"""


def test_two_loads_are_equal_and_quick(
    database: str, look_alike: str, superuser_conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(superuser_conninfo(database), autocommit=True) as connection:
        first = connection.execute(_DIGEST).fetchone()
        connection.execute("DROP SCHEMA reporting CASCADE")
        connection.execute("SELECT lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        began = time.monotonic()
        for file in ("schema.sql", "data.sql"):
            connection.execute((LOOK_ALIKE / file).read_text(encoding="utf-8"))
        assert time.monotonic() - began < 30
        assert connection.execute(_DIGEST).fetchone() == first


def test_its_own_policy_covers_every_table_and_column(master_login: Login, look_alike: str) -> None:
    shop = Path(__file__).parents[3] / "sql" / "databases" / "shop"
    scripts = {file.name: file.read_text() for file in (shop / "masking").glob("*.sql")}
    catalogue = read_catalogue(master_login, look_alike)
    plan = make_plan(catalogue, parse_policy((shop / "policy.yaml").read_text(), scripts))
    users = next(table for table in plan.tables if table.table.name == "users")
    assert {column.column.name: column.masker for column in users.columns if column.masker == "script"} == {
        "ssn": "script",
        "email": "script",
        "phone": "script",
    }


def test_it_has_what_makes_masking_hard(
    database: str, look_alike: str, superuser_conninfo: Callable[[str], str]
) -> None:
    queries = {
        "always trigger": "SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal",
        "raw e-mail in the audit log": "SELECT count(*) FROM audit_log WHERE new_email ~ 'larkfield'",
        "partitions": "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE relkind = 'p'",
        "materialized view": "SELECT count(*) FROM reporting.best_customers",
        "generated column": "SELECT count(*) FROM pg_attribute WHERE attgenerated = 's'",
        "large object": "SELECT count(*) FROM documents d JOIN pg_largeobject_metadata m ON m.oid = d.content",
        "domain": "SELECT count(*) FROM pg_type WHERE typtype = 'd' AND typnamespace = 'public'::regnamespace",
        "enum": "SELECT count(*) FROM pg_enum",
        "row security": "SELECT count(*) FROM pg_policy",
        "unique lower(email)": "SELECT count(*) FROM pg_indexes WHERE indexdef ~ 'UNIQUE.*lower\\(email\\)'",
        "self reference": "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = confrelid",
        "quoted names": 'SELECT count("Note Text") FROM "Customer Notes"',
        "application's grants": "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'shop_app'",
    }
    with psycopg.connect(superuser_conninfo(database)) as connection:
        found = {what: connection.execute(query).fetchone() for what, query in queries.items()}
    assert {what for what, row in found.items() if row is None or row[0] == 0} == set()
