"""A token that boto3 signs is read and believed; one that says anything else isn't."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest

from deployments.localaws.auth_tokens import AuthToken, read_token

SECRET = "wJalrXUtnFEMI/K7MDENG"


def sign(*, session: str | None = None) -> str:
    client = boto3.client(
        "rds",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=SECRET,
        aws_session_token=session,
    )
    token: str = client.generate_db_auth_token(DBHostname="db.example", Port=5432, DBUsername="re fresh+é")
    return token


def read(text: str) -> AuthToken:
    found = read_token(text)
    assert found is not None
    return found


@pytest.mark.parametrize("session", [None, "FwoG/ZXIvYXdz+EXAMPLE=="])
def test_what_boto3_signs_is_believed(session: str | None) -> None:
    token = read(sign(session=session))
    assert token.is_signed_with(SECRET)
    assert not token.is_signed_with(SECRET + "x")
    assert (token.place, token.user, token.access_key) == ("db.example:5432", "re fresh+é", "AKIAEXAMPLE")
    assert (token.region, token.session_token) == ("eu-west-1", session or "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("db.example", "db2.example"),
        (":5432", ":5433"),
        ("DBUser=re", "DBUser=se"),
        ("Expires=900", "Expires=901"),
        ("eu-west-1", "eu-west-2"),
        ("AKIAEXAMPLE", "AKIAEXAMPLF"),
        ("Security-Token=Fwo", "Security-Token=Gwo"),
    ],
)
def test_a_token_that_was_changed_is_not_believed(old: str, new: str) -> None:
    text = sign(session="FwoGZXIvYXdz")
    assert old in text
    assert not read(text.replace(old, new)).is_signed_with(SECRET)


def test_a_token_lives_for_fifteen_minutes_whatever_it_says() -> None:
    token = read(sign())
    assert token.is_current(token.signed_at + timedelta(minutes=14, seconds=59))
    assert not token.is_current(token.signed_at + timedelta(minutes=15))
    assert not token.is_current(token.signed_at - timedelta(minutes=6))
    for_a_day = read(sign().replace("Expires=900", "Expires=86400"))
    assert for_a_day.life == timedelta(minutes=15)


@pytest.mark.parametrize("text", ["", "hunter2", "a?b=c", "https://x/?Action=connect", "[::1", "db:5432/?%"])
def test_a_password_is_no_token(text: str) -> None:
    assert read_token(text) is None


def test_another_services_url_is_no_token() -> None:
    assert read_token(sign().replace("rds-db", "s3")) is None
