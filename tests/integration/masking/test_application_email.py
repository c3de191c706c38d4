"""An application's masked e-mail address is the database's, whatever the value, the type and the collation."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from masking.application_email import DOMAIN, LETTERS_MAX, masked_email
from masking.maskers import MASKERS
from tasks.postgres.masking_functions import create_functions
from tasks.postgres.masking_session import Connection, ensure_schema, hand_over_keys, masking_session
from tests.integration.masking.conftest import KEYS, Clone

SUB_KEY = KEYS.sub_key("email")
CHARACTERS = st.characters(exclude_characters="\0", codec="utf-8")
# What two servers, two providers or Python and PostgreSQL fold in different ways.
AWKWARD = st.text("aAiIıİsSßẞσςΣǅǆéÉÅåΩωѣѢᏸᏰ①Ⓐⓐ@.+ \t", max_size=20)
VALUES = st.lists(st.emails() | AWKWARD | st.text(CHARACTERS, max_size=60), min_size=1, max_size=150)
HOSTS = (DOMAIN, "mail.test", "x.example.org", "localhost")
#: C folds no letter but A to Z, PostgreSQL 17's own pg_c_utf8 all of Unicode; the default is the server's locale.
COLLATIONS = ("default", "C", "pg_c_utf8")


@pytest.fixture
def session(clone: Clone) -> Iterator[Connection]:
    """A session that can mask e-mail addresses and nothing else."""
    clone.execute("CREATE TABLE t (email text)")
    _, plan = clone.plan("tables: {t: {columns: {email: email}}}")
    with masking_session(clone.login, clone.database, doing="testing") as connection:
        ensure_schema(connection, clone.database)
        with connection.transaction():
            create_functions(connection)
        hand_over_keys(connection, plan, KEYS)
        connection.execute("SET search_path = public")
        yield connection


asking = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@asking
@given(values=VALUES, letters=st.integers(1, LETTERS_MAX), host=st.sampled_from(HOSTS))
def test_is_the_databases_for_every_value_under_every_collation_at_every_fixed_host(
    session: Connection, values: list[str], letters: int, host: str
) -> None:
    there = session.execute("SELECT collname FROM pg_collation WHERE collname = ANY (%s)", ([*COLLATIONS],))
    columns = [
        sql.SQL("{}(value COLLATE {}, {}, 'email', (SELECT refresh_mask.key_of('email')))").format(
            sql.Identifier("refresh_mask", "email" if host == DOMAIN else "email_at"),
            sql.Identifier(name),
            sql.SQL(", ").join(
                [sql.Literal(letters)] if host == DOMAIN else [sql.Literal(host), sql.Literal(letters)]
            ),
        )
        for (name,) in there.fetchall()
    ]
    assert len(columns) >= 2
    query = sql.SQL("SELECT {} FROM unnest(%s::text[]) WITH ORDINALITY AS raw (value, place) ORDER BY place")
    found = session.execute(query.format(sql.SQL(", ").join(columns)), (values,)).fetchall()
    ours = [masked_email(SUB_KEY, value, letters=letters, host=host) for value in values]
    assert found == [(mask,) * len(columns) for mask in ours]


@pytest.mark.parametrize("column_type", ["text", "varchar(60)", "public.citext", 'text COLLATE "C"', "name"])
def test_is_what_masking_left_in_the_column(clone: Clone, column_type: str) -> None:
    clone.execute("CREATE EXTENSION citext")
    raw = [
        "ann@mail.example",
        "ANN@Mail.example",
        "Émile@mail.example",
        "émile@mail.example",
        "",
        "İI@mail.example",
    ]
    clone.execute(f"CREATE TABLE t (id int, email {column_type})")
    for place, value in enumerate(raw):
        clone.execute(f"INSERT INTO t VALUES ({place}, '{value}')")
    clone.mask("tables: {t: {columns: {id: keep, email: email}}}")
    found = [value for (value,) in clone.rows("SELECT email::text FROM t ORDER BY id")]
    assert found == [masked_email(SUB_KEY, value) for value in raw]
    assert found[0].lower() == found[1].lower()


def test_is_what_masking_left_at_a_fixed_host(clone: Clone) -> None:
    clone.execute("CREATE TABLE t (email text); INSERT INTO t VALUES ('Ann@mail.example')")
    clone.mask("tables: {t: {columns: {email: {email: {domain_part: mail.test}}}}}")
    assert clone.value("SELECT email FROM t") == masked_email(SUB_KEY, "Ann@mail.example", host="mail.test")


#: As addresses are: of ASCII.
PEOPLE = [
    "ann@mail.example",
    "ANN@Mail.example",
    "o'brien+x@mail.example",
    "IVY@MAIL.EXAMPLE",
    "no address",
    "",
    " x ",
]


@pytest.mark.parametrize(("column_type", "letters"), [("text", 8), ("varchar(25)", 8), ("text UNIQUE", 13)])
def test_is_what_the_mask_of_a_person_ends_with(clone: Clone, column_type: str, letters: int) -> None:
    """By eight letters, of which a column that must be distinct, or another of its domain, has more."""
    clone.execute(f"CREATE TABLE t (id int, email {column_type})")
    for place, value in enumerate(PEOPLE):
        clone.execute(f"INSERT INTO t VALUES ({place}, {sql.Literal(value).as_string(None)})")
    clone.mask("tables: {t: {columns: {id: keep, email: person_email}}}")
    sub_key = KEYS.sub_key("person")
    for value, (mask,) in zip(PEOPLE, clone.rows("SELECT email FROM t ORDER BY id"), strict=True):
        ours = masked_email(sub_key, value, letters=letters)
        assert mask.endswith(ours)
        assert mask.removesuffix(ours)[-1:] in ("", ".")


def test_its_sub_key_masks_in_no_other_domain(session: Connection) -> None:
    for masker in ("username", "phone", "ssn", "ip"):
        assert KEYS.sub_key(masker) != SUB_KEY
        assert MASKERS[masker].keyed
    with pytest.raises(psycopg.errors.UndefinedObject):
        session.execute("SELECT refresh_mask.ssn('123-45-6789', 'ssn')")
