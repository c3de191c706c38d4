"""A shuffle puts every value into another row, and no row can be told from it."""

from __future__ import annotations

import pytest

from contracts.errors import PolicyInvalid, VerificationFailed
from tasks.postgres.quarantine import quarantine
from tasks.postgres.rewrite import rewrite
from tasks.postgres.verification import verify
from tests.integration.masking.conftest import KEYS, Clone

PEOPLE = """
CREATE TABLE people (id int PRIMARY KEY, level text NOT NULL, grade numeric(4, 2), since timestamptz, born int)
    PARTITION BY RANGE (id);
CREATE TABLE people_1 PARTITION OF people FOR VALUES FROM (0) TO (60);
CREATE TABLE people_2 PARTITION OF people FOR VALUES FROM (60) TO (1000);
ALTER TABLE people FORCE ROW LEVEL SECURITY;
INSERT INTO people SELECT n, 'level ' || n % 3, CASE WHEN n % 4 > 0 THEN n % 5 + 0.5 END,
    '2024-01-01 12:00+02'::timestamptz + n % 7 * interval '1 day', n FROM generate_series(1, 120) n;
"""
POLICY = """
tables:
  people:
    columns:
      id: keep
      level: {shuffle: {by: id, reason: "levels are no one's"}}
      grade: {shuffle: {by: id, reason: "grades are no one's"}}
      since: {shuffle: {by: id, reason: "days are no one's"}}
      born: keep
"""


def test_every_value_stays_in_another_row_and_null_where_it_was(clone: Clone) -> None:
    clone.execute(PEOPLE)
    raw = clone.rows("SELECT level, grade, since FROM people ORDER BY id")
    report = clone.mask(POLICY)
    found = clone.rows("SELECT level, grade, since FROM people ORDER BY id")
    for place in range(3):
        before, after = [row[place] for row in raw], [row[place] for row in found]
        assert sorted(map(str, before)) == sorted(map(str, after))
        assert sum(one != other for one, other in zip(before, after, strict=True)) > 30
        assert [one is None for one in before] == [one is None for one in after]
    # Two columns of a row don't move together.
    assert len({(row[0], row[2]) for row in found}) > 15
    details = {check.name: check.detail for check in report.verification.checks}
    assert "the values stay, in other rows" in details["masked columns hold no raw value of their own"]


def test_a_value_that_few_rows_have_may_be_somebodys(clone: Clone) -> None:
    clone.execute(PEOPLE)
    catalogue, plan = clone.plan(
        POLICY.replace("born: keep", 'born: {shuffle: {by: id, reason: "years are no one\'s"}}')
    )
    with pytest.raises(
        PolicyInvalid, match=r"public\.people\.born: 120 of its values are in fewer than 5 rows each"
    ):
        rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    assert clone.value("SELECT count(*) FROM people WHERE level = 'level ' || id % 3") == 120


def test_a_row_that_kept_its_value_is_found(clone: Clone) -> None:
    clone.execute(PEOPLE)
    raw = dict(clone.rows("SELECT id, level FROM people"))
    quarantine(clone.login, clone.database)
    catalogue, plan = clone.plan(POLICY)
    rewrite(clone.login, clone.database, catalogue, plan, KEYS)
    masked = dict(clone.rows("SELECT id, level FROM people"))
    moved = next(key for key, value in masked.items() if value != raw[key])
    clone.execute(f"UPDATE people SET level = '{raw[moved]}' WHERE id = {moved}")
    with pytest.raises(VerificationFailed, match=r"public\.people_[12]\.level: 1 rows offend"):
        verify(clone.login, clone.database, catalogue, plan, KEYS)
