"""What every masker promises, asked of PostgreSQL with values that hypothesis makes up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from contracts.login import Login
from masking.catalogue import Catalogue, Column, Table
from masking.maskers import MASKERS
from masking.maskers.masker import Use
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from tasks.postgres.masking_progress import MaskingProgress
from tasks.postgres.masking_session import hand_over_keys, masking_session
from tasks.postgres.rewrite import _Rewriting
from tests.integration.masking.check_digits import is_iban, is_luhn
from tests.integration.masking.conftest import KEYS

DATABASE = "maskers_of_{}"
CHARACTERS = st.characters(exclude_characters="\0", codec="utf-8")
TEXTS = st.text(CHARACTERS, max_size=40)
LIKELY = {
    "email": st.emails() | TEXTS,
    "phone": st.from_regex(r"\A[+(]?[0-9]{1,3}[) .-]{0,2}[0-9]{2,4}[ .-]?[0-9]{0,4}\Z") | TEXTS,
    "ssn": st.from_regex(r"\A[0-9]{3}-?[0-9]{2}-?[0-9]{4}\Z") | TEXTS,
    "ip": st.ip_addresses().map(str) | TEXTS,
    "postcode": st.from_regex(r"\A[A-Z]{0,2}[0-9]{1,5}[ -]?[0-9A-Z]{0,3}\Z") | TEXTS,
    "date_of_birth": st.dates().map(str) | TEXTS,
    "card_number": st.from_regex(r"\A[0-9]{4}([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}\Z") | TEXTS,
    "iban": st.from_regex(r"\A[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}[0-9]{0,3}\Z") | TEXTS,
    "url": st.from_regex(r"\A(https?://)?[a-z]{1,8}\.[a-z]{2,5}(/[A-Za-z0-9%?=&.-]{0,12}){0,3}\Z") | TEXTS,
    "uuid": st.uuids().map(str) | TEXTS,
    "token": st.from_regex(r"\A[0-9a-f]{8,80}\Z") | st.from_regex(r"\A[A-Za-z0-9_-]{8,80}\Z") | TEXTS,
    "redact": st.from_regex(r"\A[a-z ]{0,9}(([0-9] ?){4,9}|[a-z.]{1,8}@[a-z.]{1,9})[a-z ]{0,9}\Z") | TEXTS,
}
TEXT_MASKERS = [
    "email", "username", "pseudonym", "phone", "ssn", "first_name", "last_name", "full_name", "street", "city",
    "postcode", "date_of_birth", "ip", "free_text", "company", "uuid", "token", "url", "digits", "letters",
    "card_number", "iban", "password_hash", "redact",
]  # fmt: skip

GIVEN = {
    "redact": "{redact: it is needed}",
    "date_shift": "{date_shift: {subject: number}}",
}

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def session(master_login: Login, superuser_conninfo: Callable[[str], str]) -> Iterator[Connection]:
    """A masking session in a database with our functions, and with the keys of every domain."""
    name = DATABASE.format(id(master_login) % 10**8)
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(master_login.username)
            )
        )
    columns = tuple(Column(name=masker, type="text", base_type="text") for masker in TEXT_MASKERS)
    columns += (
        Column(name="date_shift", type="date", base_type="date"),
        Column(name="geo_jitter", type="point", base_type="point"),
        Column(name="date", type="date", base_type="date"),
        Column(name="number", type="numeric", base_type="numeric"),
    )
    catalogue = Catalogue(database=name, tables=(Table(schema="public", name="t", columns=columns),))
    rules = "".join(f"      {column.name}: {GIVEN.get(column.name, column.name)}\n" for column in columns)
    plan = make_plan(catalogue, parse_policy(f"tables:\n  t:\n    columns:\n{rules}"))
    progress = MaskingProgress(catalogue, (), lambda _: None)
    _Rewriting(
        master_login, name, replace(catalogue, tables=()), replace(plan, tables=()), KEYS, 0, progress
    ).prepare()
    with masking_session(master_login, name, doing="testing") as connection:
        hand_over_keys(connection, plan, KEYS)
        yield connection
    with psycopg.connect(superuser_conninfo("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def use_of(
    name: str, *, base_type: str = "text", width: int = 2**31 - 1, letters: int | None = None, **given: Any
) -> Use:
    if name == "redact":
        given = {"reason": "it is needed"}
    parameters = MASKERS[name].parameters(**given)
    masker = MASKERS[name].given(parameters)
    return Use(
        masker=masker,
        column=Column(name="value", type=base_type, base_type=base_type),
        parameters=parameters,
        domain=name if masker.keyed else "",
        letters=masker.letters if letters is None else letters,
        width=width,
    )


def masked(
    session: Connection, use: Use, values: list[Any], *, cast: str = "", result: str = "value"
) -> list[tuple[Any, bool]]:
    """Each value's mask, and whether it has its masker's form; slots aren't mapped, as where none must differ."""
    violation = use.violation() or sql.SQL("false")
    query = sql.SQL(
        "SELECT {result}, {violation} FROM (SELECT {mask} AS value FROM pg_catalog.unnest({values}::{type}[])"
        " WITH ORDINALITY AS raw (value, place) ORDER BY place) AS masked"
    ).format(
        result=sql.SQL(result),
        violation=violation,
        mask=use.expression(),
        values=sql.Placeholder(),
        type=sql.SQL(cast or use.column.base_type),
    )
    session.execute("SELECT pg_catalog.set_config('refresh_mask.mapped_ssn', 'off', false)")
    return session.execute(query, (values,)).fetchall()


asking = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", TEXT_MASKERS)
@asking
@given(data=st.data())
def test_masks_are_determined_have_their_form_and_keep_null_and_empty(
    session: Connection, name: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(LIKELY.get(name, TEXTS), min_size=1, max_size=30))
    use = use_of(name)
    found = masked(session, use, [None, "", *values])
    assert [value for value, _ in found[:2]] == [None, ""]
    assert not any(violation for _, violation in found[2:])
    assert all(value != "" for (value, _), raw in zip(found[2:], values, strict=True) if raw)
    assert masked(session, use, values) == found[2:]
    if use.coincidence is None or name in ("first_name", "last_name", "city", "full_name"):
        assert all(value != raw for (value, _), raw in zip(found[2:], values, strict=True) if raw)


@pytest.mark.parametrize(
    "name", ["email", "username", "pseudonym", "first_name", "full_name", "street", "city", "free_text"]
)
@asking
@given(data=st.data())
def test_distinct_values_give_distinct_masks_where_letters_say_so(
    session: Connection, name: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(TEXTS.filter(bool), min_size=2, max_size=30, unique_by=str.lower))
    found = [value for value, violation in masked(session, use_of(name, letters=18), values) if not violation]
    assert len({value.lower() for value in found}) == len(values)


@pytest.mark.parametrize("name", ["email", "username", "pseudonym"])
@asking
@given(value=st.text("abcdefghijklmnopqrstuvwxyz", min_size=8, max_size=30))
def test_values_that_differ_only_in_case_give_masks_that_do(
    session: Connection, name: str, value: str
) -> None:
    (low, _), (high, _) = masked(session, use_of(name), [value, value.upper()])
    assert low != high
    assert low == high.lower()


@pytest.mark.parametrize(
    "name", ["first_name", "last_name", "full_name", "street", "city", "username", "pseudonym", "free_text"]
)
@pytest.mark.parametrize("width", [1, 3, 5, 8, 12, 20, 24, 30])
def test_masks_fit_narrow_columns(session: Connection, name: str, width: int) -> None:
    use = use_of(name, width=width, letters=min(MASKERS[name].letters, width))
    values = [f"Name {number}"[:width] for number in range(200)]
    found = masked(session, use, values)
    assert max(len(value) for value, _ in found) <= width
    assert not any(violation for _, violation in found)


@asking
@given(values=st.lists(st.dates(), min_size=1, max_size=30))
def test_a_masked_date_is_another_day_of_its_year(session: Connection, values: list[Any]) -> None:
    today = session.execute("SELECT current_date").fetchall()[0][0]
    for raw, (value, violation) in zip(
        values, masked(session, use_of("date", base_type="date"), values), strict=True
    ):
        assert not violation
        assert value != raw
        if raw.year != today.year:
            assert value.year == raw.year
        else:
            assert value < raw


@asking
@given(
    values=st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
    )
)
def test_a_masked_number_lies_between_half_of_the_value_and_the_value(
    session: Connection, values: list[Any]
) -> None:
    for raw, (value, _) in zip(
        values, masked(session, use_of("number", base_type="numeric"), values), strict=True
    ):
        assert abs(raw) / 2 <= abs(value) <= abs(raw)
        assert value * raw >= 0
        assert value.as_tuple().exponent == -2
        assert value != raw or abs(raw) <= 1 / 100


@pytest.mark.parametrize(
    ("name", "base_type", "values"),
    [
        ("ssn", "int4", [123456789, 1, 99]),
        ("phone", "int8", [2127361234, 442079460958, 7361234]),
        ("ip", "inet", ["10.1.2.3", "10.1.2.0/24", "2a00::1/64", "0.0.0.0/0"]),
        ("ip", "cidr", ["10.1.2.0/24", "10.1.2.3/32", "2a00::/64", "0.0.0.0/0"]),
        ("number", "int2", [32767, -32768, 0, 1]),
        ("number", "float8", [1e300, 0.1, -5.5]),
        ("date", "timestamp", ["2001-02-03 04:05:06", "infinity"]),
        ("date_of_birth", "timestamptz", ["2001-12-31 23:59:59+00", "-infinity"]),
        ("pseudonym", "uuid", ["11111111-2222-3333-4444-555555555555"]),
        ("pseudonym", "bpchar", ["abc   "]),
        ("username", "name", ["admin"]),
    ],
)
def test_maskers_take_their_other_types(
    session: Connection, name: str, base_type: str, values: list[Any]
) -> None:
    use = use_of(name, base_type=base_type)
    found = masked(session, use, [str(value) for value in values], cast=base_type, result="value::text")
    assert not any(violation for _, violation in found)
    assert None not in [value for value, _ in found]


@asking
@given(cards=st.lists(LIKELY["card_number"], max_size=20), ibans=st.lists(LIKELY["iban"], max_size=20))
def test_card_numbers_and_ibans_have_valid_check_digits(
    session: Connection, cards: list[str], ibans: list[str]
) -> None:
    for (mask, _), raw in zip(masked(session, use_of("card_number"), cards), cards, strict=True):
        assert is_luhn(mask) or not any(c in "0123456789" for c in raw)
        assert [c.isdigit() for c in mask] == [c in "0123456789" for c in raw]
    for (mask, _), raw in zip(masked(session, use_of("iban"), ibans), ibans, strict=True):
        plain = "".join(c for c in raw if c.isascii() and c.isalnum())
        assert len(mask) == len(raw)
        assert len(plain) <= 4 or is_iban("".join(c for c in mask if c.isalnum()))


def test_a_reserved_number_is_given_in_the_values_own_format(session: Connection) -> None:
    raw = ["(212) 736-5000", "212-736-5000", "+1 212 736 5000", "+44 20 7946 0958", "736-5000", "x123"]
    found = [value for value, _ in masked(session, use_of("phone"), raw)]
    shapes = ["".join("0" if c.isdigit() else c for c in text) for text in found]
    assert shapes == ["".join("0" if c.isdigit() else c for c in text) for text in raw]
    # The same number in two formats stays the same number.
    assert [c for c in found[0] if c.isdigit()] == [c for c in found[1] if c.isdigit()]


def test_a_session_without_a_key_masks_nothing(session: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject):
        session.execute("SELECT refresh_mask.mac('a@mail.example', 'another_domain')")
    with pytest.raises(psycopg.errors.UndefinedObject):
        session.execute("SELECT refresh_mask.key_of('another_domain')")


def formatted(*formats: str) -> st.SearchStrategy[str]:
    """Texts of some formats, in which 0 stands for any digit; now and then a character is another one."""
    digits = st.text("0123456789", min_size=11, max_size=11)
    filled = st.builds(
        lambda form, given: "".join(given[place % 11] if c == "0" else c for place, c in enumerate(form)),
        st.sampled_from(formats),
        digits,
    )
    spoiled = st.builds(
        lambda text, place, c: text[: place % len(text)] + c + text[place % len(text) + 1 :],
        filled,
        st.integers(0, 20),
        st.sampled_from("x-( )+5٣"),
    )
    return filled | spoiled


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("ssn", ("000-00-0000", "000000000", "000-000000", "000 00 0000", "900-00-0000")),
        (
            "phone",
            (
                "000-000-0000",
                "0000000000",
                "(000) 000-0000",
                "+1 000-000-0000",
                "+1 (000) 000-0000",
                "212-555-0100",
                "000-0000",
                "1-000-000-0000",
            ),
        ),
    ],
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_short_way_of_common_formats_leads_to_the_same_mask(
    session: Connection, name: str, formats: tuple[str, ...], data: st.DataObject
) -> None:
    values = data.draw(st.lists(formatted(*formats), min_size=20, max_size=40))
    long_way = sql.SQL("SELECT {}(value, {}) FROM pg_catalog.unnest(%s::text[]) AS raw (value)").format(
        sql.Identifier("refresh_mask", name), sql.Literal(name)
    )
    expected = [mask for (mask,) in session.execute(long_way, (values,))]
    assert [mask for mask, _ in masked(session, use_of(name), values)] == expected


def test_ssns_of_nine_digits_are_no_itins_either(session: Connection) -> None:
    values = [f"{number * 514229 % 898000000 + 1000000:09}" for number in range(500)]
    masks = [mask for mask, _ in masked(session, use_of("ssn"), values)]
    masks += [
        mask
        for (mask,) in session.execute(
            "SELECT refresh_mask.ssn_keeping_four(value, 'ssn') FROM pg_catalog.unnest(%s::text[]) AS raw (value)",
            (values,),
        )
    ]
    assert len(masks) == 1000
    assert all(re.fullmatch("9[0-9]{2}4[0-9]{5}", mask) for mask in masks)
