"""A mask doesn't depend on a column's collation, and a column keeps its collation."""

from __future__ import annotations

import psycopg
import pytest

from tasks.postgres.rewrite import rewrite
from tests.integration.masking.conftest import KEYS, Clone

TABLE = """
    CREATE TABLE t (
        id int PRIMARY KEY, email text COLLATE {0} UNIQUE, first text COLLATE "C", last text COLLATE {0},
        phone varchar(20) COLLATE {0}, ssn varchar(11) COLLATE {0} UNIQUE, note text COLLATE {0},
        tags text[] COLLATE {0}, plain text
    );
    INSERT INTO t SELECT i, 'Ann' || i || '@corp.test', 'Ann', 'Liddell', '212-333-' || (1000 + i),
        '123-45-' || (1000 + i), 'hello', ARRAY['a', 'B'], 'Liddell' FROM generate_series(1, 50) i
"""
POLICY = """
    tables:
      t:
        columns:
          id: keep
          email: person_email
          first: {person_first_name: email}
          last: last_name
          phone: phone
          ssn: ssn
          note: free_text
          tags: pseudonym
          plain: last_name
"""
COLLATIONS = """
    SELECT array_agg(DISTINCT attcollation::regcollation::text)
      FROM pg_attribute WHERE attrelid = 't'::regclass AND attname NOT IN ('id', 'first', 'plain') AND attnum > 0
"""


@pytest.fixture
def ignoring_case(clone: Clone) -> str:
    """A nondeterministic collation, under which letters that differ in case only are equal."""
    try:
        clone.execute(
            "CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("not run: this build of PostgreSQL has no ICU (LOCALAWS_PG_BIN names another one)")
    return "ignoring_case"


def rewritten(clone: Clone) -> None:
    """The table written anew, which is what would lose a collation."""
    clone.mask(POLICY)
    catalogue, plan = clone.plan(POLICY)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS, copy_from_bytes=0)


def test_columns_of_different_collations_are_masked_together(clone: Clone) -> None:
    clone.execute(TABLE.format('"POSIX"'))
    rewritten(clone)
    assert clone.value(COLLATIONS) == ['"POSIX"']
    assert clone.value('SELECT count(*) FROM t WHERE last <> plain COLLATE "C"') == 0


def test_a_nondeterministic_collation_is_no_hindrance(clone: Clone, ignoring_case: str) -> None:
    clone.execute(TABLE.format(ignoring_case))
    rewritten(clone)
    assert clone.value(COLLATIONS) == [ignoring_case]
    assert clone.value("SELECT count(DISTINCT email) + count(DISTINCT ssn) FROM t") == 100
    assert clone.value('SELECT count(*) FROM t WHERE last <> plain COLLATE "C"') == 0
