"""What is said of a CHECK without a server is what PostgreSQL says."""

from __future__ import annotations

from masking.syntax.simple_checks import UNKNOWN, verdict
from tests.integration.masking.conftest import Clone

TEXTS = [
    "",
    "a",
    "A ",
    " b",
    "open",
    "x@example.com",
    "AB-12",
    "12345",
    "1.5",
    "Somebody",
    "a%b",
    "OPEN",
    None,
]
OF_TEXT = [
    "v = 'open'",
    "v <> ''",
    "((v)::text = ANY ((ARRAY['open'::character varying, 'a'::character varying])::text[]))",
    "v <> ALL (ARRAY['open', 'a', NULL])",
    "v = ANY (ARRAY['open', NULL])",
    "v IN ('open', 'a')",
    "v IS NOT NULL AND length(v) > 1",
    "v IS NULL OR char_length(v) <= 4",
    "NOT (v = 'a' OR v LIKE '%b')",
    "v LIKE '%@%'",
    "v NOT LIKE '_'",
    "v ILIKE 'OP%'",
    "v !~~* '%B'",
    "v ~ '^[A-Z]{2}-[0-9]+$'",
    "v ~* '^[a-z]{2}-[0-9]+$'",
    r"v ~ '^\d+$'",
    r"v !~ '\s'",
    "v ~ '^(open|a)$'",
    "v ~ '[[:upper:]]'",
    "v = lower(v)",
    "upper(v) = v",
    "btrim(v) <> ''",
    "POSITION('@' IN v) > 1",
    "strpos(v, '@') = 0",
    "v > 'b'",
    "length(v) BETWEEN 1 AND 4",
    "length(btrim(v)) > 0",
    "(v)::varchar(2) = 'op'",
    "coalesce(v, '') <> ''",
    "v IS DISTINCT FROM 'a'",
]
OF_NUMBERS = [
    "n > 0",
    "n >= (0)::numeric AND n < 1000",
    "n <> ALL (ARRAY[7, 8])",
    "n = '12'::integer",
    "-n < 0",
    "n % 2 = 0",
    "(n IS NULL) OR (n <> 5)",
]


def test_it_is_what_postgresql_says_wherever_anything_is_said(clone: Clone) -> None:
    clone.execute("CREATE EXTENSION citext")
    said_nothing = set()
    for name, type_, expressions, values in (
        ("v", "text", OF_TEXT, TEXTS),
        ("v", "citext", OF_TEXT, TEXTS),
        ("n", "int", OF_NUMBERS, [-1, 0, 5, 7, 12, 1000, None]),
    ):
        rows = ", ".join(f"({place}, {_literal(value)}::{type_})" for place, value in enumerate(values))
        for expression in expressions:
            found = clone.rows(
                f"SELECT {expression} FROM (VALUES {rows}) AS r (place, {name}) ORDER BY place"
            )
            said = [verdict(expression, {name: value}) for value in values]
            for ours, (theirs,), value in zip(said, found, values, strict=True):
                assert ours is UNKNOWN or ours == theirs, (expression, type_, value)
            if all(one is UNKNOWN for one, value in zip(said, values, strict=True) if value is not None):
                said_nothing.add(expression)
    assert said_nothing == {
        "v IN ('open', 'a')",
        "v > 'b'",
        "length(v) BETWEEN 1 AND 4",
        "(v)::varchar(2) = 'op'",
        "coalesce(v, '') <> ''",
        "v IS DISTINCT FROM 'a'",
        "v ~ '[[:upper:]]'",
        "-n < 0",
        "n % 2 = 0",
    }


def _literal(value: str | int | None) -> str:
    return "NULL" if value is None else f"'{value}'"
