"""Programs get one object per column, and are told which columns a person should look at."""

from __future__ import annotations

import json
from typing import Any

from masking.schema_file import read_any_schema
from masking.suggestion import ColumnSample, Samples, suggestion_json

CLUB = """
CREATE TABLE members (
    id serial PRIMARY KEY, email text, city text, remark text,
    label text GENERATED ALWAYS AS (lower(email)) STORED, paid numeric
) PARTITION BY RANGE (id);
CREATE TABLE members_1 PARTITION OF members FOR VALUES FROM (1) TO (1000);
CREATE TABLE visits (id serial PRIMARY KEY, member_id int REFERENCES members, outcome text, seen_at timestamptz);
CREATE TABLE colours (id serial PRIMARY KEY, code text, red int, green int, blue int, hue int);
"""


def suggested(text: str, samples: Samples | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads(suggestion_json(read_any_schema(text, "club.sql").catalogue, samples))
    return {(row["table"], row["column"]): row for row in rows}


def test_every_column_of_every_table_is_there_once() -> None:
    rows = json.loads(suggestion_json(read_any_schema(CLUB, "club.sql").catalogue))
    assert len(rows) == len({(row["schema"], row["table"], row["column"]) for row in rows}) == 6 + 6 + 4 + 6
    assert {frozenset(row) for row in rows} == {
        frozenset({"schema", "table", "column", "action", "masker", "confidence", "reason"})
    }


def test_a_masker_is_what_a_policy_would_say() -> None:
    found = suggested("CREATE TABLE members (id int PRIMARY KEY, iban text, extra jsonb, paid int)")
    assert found["members", "iban"]["masker"] == "iban"
    assert found["members", "extra"]["masker"] == "{json: {value: {}}}"
    assert found["members", "paid"]["masker"] is None


def test_partitions_and_generated_columns_follow_what_they_come_from() -> None:
    found = suggested(CLUB)
    assert found["members_1", "email"]["action"] == "mask"
    assert found["members", "label"]["action"] == "mask"
    assert "email" in found["members", "label"]["reason"]


def test_a_personal_column_that_no_masker_fits_is_to_be_masked_all_the_same() -> None:
    found = suggested("CREATE TABLE members (birth_date date PRIMARY KEY, paid int)")["members", "birth_date"]
    assert (found["action"], found["masker"]) == ("mask", None)
    assert "no masker fits" in found["reason"]


def test_text_that_nobody_saw_is_never_kept_with_confidence() -> None:
    text = "CREATE TABLE colours (code text PRIMARY KEY, title text, kind varchar(3), body jsonb, hue int)"
    for (_, column), row in suggested(text).items():
        assert row["action"] != "keep" or row["confidence"] <= 0.5 or column == "hue", row


def test_a_person_is_asked_about_no_more_than_a_fifth_of_the_columns() -> None:
    tables = "".join(
        f"CREATE TABLE t{n} (id int PRIMARY KEY, user_id int, a text, b text, c text, d text);"
        for n in range(9)
    )
    for samples in (None, Samples(taken=True)):
        found = suggested(tables, samples)
        asked = [row for row in found.values() if row["action"] != "keep"]
        assert 0 < len(asked) <= len(found) / 5


def test_the_least_certain_are_asked_about_first() -> None:
    hues = ", ".join(f"h{n} int" for n in range(15))
    found = suggested(f"{CLUB} CREATE TABLE hues ({hues});")
    assert found["visits", "outcome"]["action"] == "review"
    assert found["colours", "code"]["action"] == "keep"


def test_values_that_repeat_raise_no_question() -> None:
    table = read_any_schema(CLUB, "club.sql").catalogue.tables_by_id
    outcome = next(name for name in table if name.name == "visits"), "outcome"
    sample = ColumnSample(values=400, distinct=3, average_words=1, average_length=4)
    assert suggested(CLUB, Samples(columns={outcome: sample}))["visits", "outcome"]["action"] == "keep"
