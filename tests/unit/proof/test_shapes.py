"""What has the shape of personal data or a secret, and what only looks like it."""

from __future__ import annotations

import random

import pytest

from masking.proof.escapes import undressed
from masking.proof.shapes import ShapeCounts, count_shapes
from masking.proof.words import WordKey, words_of

KEY = WordKey.drawn()


def _searched(*values: str, columns: int = 1) -> ShapeCounts:
    rows = ["\t".join(values[place : place + columns]) for place in range(0, len(values), columns)]
    block = undressed("".join(f"{row}\n" for row in rows).encode())
    counts = ShapeCounts()
    count_shapes(block, words_of(block, KEY), columns, counts)
    return counts


def _count(*values: str, columns: int = 1) -> dict[tuple[int, str], int]:
    """Shapes of rows of so many columns, by column; values in COPY's text."""
    found = _searched(*values, columns=columns).beyond_chance()
    return {(column, str(shape)): count for (column, shape), count in found.items()}


FOUND = {
    "email": [
        "jane.doe@gmail.com",
        '{"to": ["jane@mail.co.uk"]}',
        "see https://x.io/?mail=jane%40gmail.com&x=1",
        r"{\"a\": \"jane\\u0040gmail.com\"}",
        "Jane&#64;Gmail.COM",
        "<jane+news@mail.fr>.",
        "ünal@posta.com.tr",
        "\u201cjosé@corp.com\u201d",
        "пётр@corp.com",
        "jo@münchen.de.",
        "jo@xn--mnchen-3ya.de",
        "иван@почта.рф, and",
        "ivan@xn--80a1acny.xn--p1ai",
        "联系jane@gmail.com谢谢",
        "राम@उदाहरण.भारत",
        "jane&#64;gmail&period;com",
        "&lt;jane&commat;gmail.com&gt;",
        "Jos&eacute;@corp.com&nbsp;",
    ],
    "phone": [
        "(212) 736-5000",
        "call 212-736-5000.",
        "212.736.5000",
        "212&nbsp;736&ndash;5000",
        "&quot;212-736-5000&quot;",
        "\u201c212\u00a0736\u20115000\u201d",
        "+44 20 7946 0958",
        "+1 (212) 736-5000",
    ],
    "ssn": [
        "123-45-6789",
        "SSN: 123-45-6789, born",
        "&amp;nbsp;123-45-6789&amp;",
        "x\u2014123-45-6789\u2026",
    ],
    "card": ["4539 1488 0343 6467", "4539-1488-0343-6467", "4539148803436467", "3782 822463 10013"],
    "iban": ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00 NOTPROVIDED", "GB82WEST12345698765432"],
    "private_key": [r"-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----"],
    "api_token": ["key=sk_live_" + "a1B2" * 5, "ghp_" + "a1B2" * 9, "AKIAIOSFODNN7EXAMPLQ"],
    "jwt": ["Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"],
    "password_hash": [
        "$2b$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA",
        "pbkdf2_sha256$260000$salt$hash",
        "{SSHA}c29tZXRoaW5n",
        "SCRAM-SHA-256$4096:salt$key:key",
    ],
}


@pytest.mark.parametrize(
    ("shape", "value"), [(shape, value) for shape, values in FOUND.items() for value in values]
)
def test_it_is_found(shape: str, value: str) -> None:
    assert _count("before", value, "behind") == {(0, shape): 1}


@pytest.mark.parametrize(
    "value",
    [
        "jane@example.com",  # reserved: RFC 2606
        "jane@mail.test",
        "\u201cjane@example.com\u201d",
        "联系jane@example.com谢谢",
        "\u2026@gmail.com",
        "jane@\u2014.com",
        "x&unknown;@gmail",
        "logo@2x.png",
        "@handle",
        "user@localhost",
        "(212) 555-0123",  # set apart for fiction
        "+1 212 555 0123",
        "192.168.1.100",
        "2023-01-15 09:30:12+01",
        "12345678901234567890",
        "978-3-16-148410-0",  # an ISBN
        "900-45-6789",  # no SSN begins so
        "000-12-3456",
        "A123-45-6789",
        "123-45-67890",
        "4539 1488 0343 6468",  # its check digit is wrong
        "4242 4242 4242 4242",  # published for tests
        "XX82WEST12345698765432",  # no country
        "DE89370400440532013001",
        "-----BEGIN CERTIFICATE-----",
        "risky business",
        "$2.50 a piece",
        "eyJ.eyJ.x",
    ],
)
def test_it_is_nothing(value: str) -> None:
    assert _count("before", value, "behind") == {}


def test_a_finding_counts_values_of_its_column_not_occurrences() -> None:
    found = _count("a@mail.fr b@mail.fr", "x", r"\N", "c@mail.fr", "d@mail.fr", "212-736-5000", columns=2)
    assert found == {(0, "email"): 2, (1, "email"): 1, (1, "phone"): 1}


def test_among_many_long_numbers_those_that_pass_a_cards_check_by_chance_are_none() -> None:
    numbers = [f"4539{number * 7919:012d}" for number in range(500)]
    assert _count(*numbers) == {}
    assert _count(*["4539148803436467"] * 300, *numbers[:100]) == {(0, "card"): 307}


def _cards(count: int, drawn: random.Random) -> list[str]:
    """Visa numbers that pass the check."""
    found = []
    for _ in range(count):
        number = f"4539{drawn.randrange(10**11):011d}"
        digits = [int(digit) * (2 - place % 2) for place, digit in enumerate(number)]
        found.append(f"{number}{-sum(digit // 10 + digit % 10 for digit in digits) % 10}")
    return found


def test_cards_are_held_against_numbers_that_begin_like_an_issuers_and_no_others() -> None:
    drawn = random.Random(7)
    orders = [f"9{drawn.randrange(10**15):015d}" for _ in range(1000)]
    assert _count(*_cards(200, drawn), *orders) == {(0, "card"): 200}
    assert _count(*_cards(1, drawn), *orders) == {(0, "card"): 1}


@pytest.mark.parametrize("count", [20, 60, 200, 5000])
def test_of_random_numbers_those_that_look_like_a_card_are_told_as_chance(count: int) -> None:
    drawn = random.Random(count)
    found = _searched(*(f"{drawn.randrange(10**15, 10**16)}" for _ in range(count)))
    assert found.beyond_chance() == {}
    chance = found.cards_by_chance()
    if count == 5000:
        cards, numbers = chance[0]
        assert 50 < cards < 200
        assert 900 < numbers < 1400
