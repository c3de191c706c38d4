"""One name means one thing in one table and another in the next."""

from __future__ import annotations

import pytest

from masking.schema_file import read_any_schema
from masking.suggestion import Samples
from masking.suggestion.classify import classify

PEOPLE = "CREATE TABLE members (id int PRIMARY KEY, email text);"


def actions(text: str, table: str) -> dict[str, tuple[str, str | None]]:
    verdicts = classify(read_any_schema(text, "club.sql").catalogue, Samples())
    return {
        column: (verdict.action, verdict.kind)
        for (name, column), verdict in verdicts.items()
        if name.name == table
    }


def test_a_name_shown_is_a_persons_among_people_only() -> None:
    text = "CREATE TABLE fees (display_name text); CREATE TABLE members (display_name text);"
    assert actions(text, "fees")["display_name"][0] == "keep"
    assert actions(text, "members")["display_name"] == ("mask", "full_name")


def test_whoever_sends_for_us_makes_no_table_one_of_people() -> None:
    assert actions("CREATE TABLE campaigns (name text, from_email text)", "campaigns")["name"][0] == "keep"
    assert actions("CREATE TABLE signups (name text, email text)", "signups")["name"][0] == "mask"


@pytest.mark.parametrize("column", ["operator", "worker", "admin"])
def test_a_word_for_programs_is_no_person_where_nobody_is_near(column: str) -> None:
    assert actions(f"CREATE TABLE build_rules ({column} text)", "build_rules")[column][0] == "keep"


def test_who_wrote_about_goods_is_a_person() -> None:
    text = "CREATE TABLE product_reviews (id int, reviewer_name text, brand_name text)"
    assert actions(text, "product_reviews")["reviewer_name"] == ("mask", "full_name")
    assert actions(text, "product_reviews")["brand_name"][0] == "keep"


def test_the_number_that_somebody_gave_a_person_names_that_person() -> None:
    text = "CREATE TABLE patients (id int PRIMARY KEY, hospital_id text, patient_id text, ward_id text)"
    found = actions(text, "patients")
    assert found["hospital_id"] == found["patient_id"] == ("mask", "external_id")
    assert found["ward_id"][0] == "keep"


def test_what_is_told_of_a_person_is_personal_and_of_a_thing_is_not() -> None:
    text = f"""{PEOPLE}
        CREATE TABLE refusals (id int PRIMARY KEY, member_id int REFERENCES members, reason text);
        CREATE TABLE statements_of_refusals (refusal_id int REFERENCES refusals, note text, phase text);
        CREATE TABLE colours (reason text, note text)"""
    assert actions(text, "refusals")["reason"] == ("mask", "free_text")
    assert actions(text, "colours")["reason"][0] == "keep"
    assert actions(text, "statements_of_refusals")["note"] == ("mask", "free_text")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("members", "twofa_key"),
        ("web_sessions", "id"),
        ("payments", "card_approval_code"),
    ],
)
def test_what_opens_something_is_a_credential(table: str, column: str) -> None:
    assert actions(f"CREATE TABLE {table} ({column} text)", table)[column] == ("mask", "credential")


def test_months_and_kinds_of_a_card_are_no_numbers_of_one() -> None:
    text = """CREATE TABLE creditcard (expmonth int, cardnumber text);
        COMMENT ON COLUMN creditcard.expmonth IS 'Credit card expiration month.'"""
    found = actions(text, "creditcard")
    assert found["expmonth"][0] == "keep"
    assert found["cardnumber"] == ("mask", "card_number")


@pytest.mark.parametrize("column", ["email_banner_content_type", "ip_countries", "body_part"])
def test_the_last_word_says_what_a_column_is(column: str) -> None:
    assert actions(f"CREATE TABLE members (id int, {column} text)", "members")[column][0] == "keep"
