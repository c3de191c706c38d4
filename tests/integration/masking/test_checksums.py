"""Two tables have one checksum where they hold the same rows, and else have two."""

from __future__ import annotations

import pytest

from tasks.proof.checksums import checksums_of
from tests.integration.masking.conftest import Clone

PEOPLE = """
    CREATE TABLE a AS SELECT i AS id, 'user' || i || '@x.test' AS email,
        CASE WHEN i % 3 = 0 THEN md5(i::text) END AS hash, i::int8 AS number, jsonb_build_object('n', i) AS document
        FROM generate_series(1, 500) AS i;
    CREATE TABLE b AS SELECT
"""


@pytest.mark.parametrize(
    ("columns", "are_the_same"),
    [
        ("*", True),
        ("id, lead(email, 1, 'user1@x.test') OVER (ORDER BY id) AS email, hash, number, document", False),
        ("id, email, lead(hash, 1) OVER (ORDER BY id) AS hash, number, document", False),
        ("id, email, hash, number << 32 AS number, document", False),
        ("id, email, hash, number, document || '{\"m\": null}' AS document", False),
    ],
)
def test_a_value_in_another_row_is_another_checksum(clone: Clone, columns: str, are_the_same: bool) -> None:
    clone.execute(f"{PEOPLE} {columns} FROM a ORDER BY a.id DESC")
    kept = "{columns: {id: keep, email: keep, hash: keep, number: keep, document: keep}}"
    _, plan = clone.plan(f"tables: {{a: {kept}, b: {kept}}}")
    found = checksums_of(clone.login, clone.database, plan)
    assert (found["public.a"] == found["public.b"]) is are_the_same


def test_a_table_without_columns_has_one(clone: Clone) -> None:
    clone.execute("CREATE TABLE a (); INSERT INTO a DEFAULT VALUES")
    _, plan = clone.plan("tables: {a: {columns: {}}}")
    assert checksums_of(clone.login, clone.database, plan)["public.a"].startswith("1:")
