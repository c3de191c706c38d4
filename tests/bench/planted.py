"""Copies of people's values, planted in kept columns of another table in twelve kinds of place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.types.json import Json, Jsonb

from masking.catalogue import Catalogue
from masking.planning.plan import Plan
from masking.proof.blocks import Block
from masking.proof.raw_values import RawValues
from masking.proof.scope import searched
from masking.proof.search import Copies
from masking.proof.shapes import ShapeCounts
from tasks.proof.searching import look

COPIES = 1_000
PEOPLE = 250
SCHEMA = """
CREATE TABLE public.persons (
    id int PRIMARY KEY, email text UNIQUE, phone text, ssn text, first_name text, last_name text, street text,
    login text, iban text, api_key text
);
CREATE TABLE public.elsewhere (
    id int PRIMARY KEY, is_planted boolean NOT NULL, kind text, note text, document jsonb, raw json, tags text[],
    page xml, bytes bytea, search tsvector
);
"""
POLICY = """
tables:
  public.persons:
    columns: {id: keep, email: email, phone: phone, ssn: ssn, first_name: first_name, last_name: last_name,
              street: street, login: username, iban: iban, api_key: token}
  public.elsewhere:
    columns: {id: keep, is_planted: keep, kind: keep, note: keep, document: keep, raw: keep, tags: keep, page: keep,
              bytes: keep, search: keep}
"""
_FIRST = ("Amabel", "Bertil", "Corvin", "Dagny", "Eskil", "Fenja", "Grimur", "Halina", "Ivar", "Jorunn")
_LAST = (
    "Ashcombe",
    "Birkholm",
    "Carnwick",
    "Dunridge",
    "Elmstead",
    "Fairgate",
    "Glenmere",
    "Hartworth",
    "O'Kirk",
)

Person = dict[str, str]


def _person(number: int) -> Person:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    last += ("", "-Lund", "son")[number // 90 % 3]
    return {
        "email": f"{first}.{last}{number}@osprey-post.example".lower().replace("'", ""),
        "phone": f"+1 ({200 + number % 700}) {230 + number * 7 % 700}-{number * 7919 % 10000:04d}",
        "ssn": f"{100 + number:03d}-{10 + number % 80:02d}-{1000 + number * 31 % 9000:04d}",
        "first_name": first,
        "last_name": last,
        "street": f"{1 + number * 37 % 1900} {_LAST[number % 8]} Lane",
        "login": f"{first}_{number}x".lower(),
        "iban": f"DE{10 + number % 89:02d}5001051{number * 104729 % 10**11:011d}",
        "api_key": f"tk{number * 2654435761 % 2**32:08x}{number * 40503 % 2**32:08x}",
    }


def _values(person: Person) -> list[str]:
    both = f"{person['first_name']} {person['last_name']}"
    return [person[name] for name in ("email", "phone", "ssn", "street", "login", "iban", "api_key")] + [both]


#: Twelve kinds of place: the column that a copy is planted in, and how it stands there.
PLACES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "alone": ("note", lambda value: value),
    "in a sentence": ("note", lambda value: f"Called back: {value}, who was content."),
    "in other case": ("note", lambda value: f"SEE {value.upper()}!"),
    "between punctuation": ("note", lambda value: f"(<{value}>);\t[{value}]"),
    "URL-escaped": ("note", lambda value: f"https://shop.example/?q={quote(value, safe='')}&page=2"),
    "on a line of its own": ("note", lambda value: f"first\n{value}\r\nlast"),
    "in JSONB": ("document", lambda value: Jsonb({"a": [1, {"who": value}], "b": True})),
    "in JSON within JSON": ("raw", lambda value: Json({"body": json.dumps({"text": f"for\n{value}"})})),
    "in an array": ("tags", lambda value: ["red", value, "blue, or green"]),
    "in XML": ("page", lambda value: f"<p>to <b>{value.replace('&', '&amp;')}</b></p>"),
    "in bytes": ("bytes", lambda value: b"\x00\xff" + value.encode() + b"\x00"),
    "without separators": ("note", lambda value: f"no {_squeezed(value)}"),
}


def _squeezed(value: str) -> str:
    """A number or code without what people put between its parts; a name or an address needs its own."""
    is_code = any(character.isdigit() for character in value) and "@" not in value and "Lane" not in value
    return "".join(filter(str.isalnum, value)) if is_code else value


def plant(connection: psycopg.Connection[Any], *, copies: int = COPIES) -> None:
    """Make the two tables: ``copies`` planted, and as many rows of harmless text of the same kinds."""
    connection.execute(SCHEMA)
    people = [_person(number) for number in range(PEOPLE)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO public.persons VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(number, *person.values()) for number, person in enumerate(people)],
        )
        for number in range(copies):
            kind = _kind(number)
            values = _values(people[number % PEOPLE])
            _insert(cursor, number, True, kind, values[number // len(PLACES) % len(values)])
        for number in range(copies, 2 * copies):
            _insert(cursor, number, False, _kind(number), _harmless(number))


def planted_by_kind(copies: int) -> Counter[str]:
    """How many of so many copies each kind of place has."""
    return Counter(_kind(number) for number in range(copies))


def _kind(number: int) -> str:
    return list(PLACES)[number % len(PLACES)]


def found(connection: psycopg.Connection[Any], catalogue: Catalogue, plan: Plan, raw: RawValues) -> list[str]:
    """The kind of place of each planted row in which the search finds a copy: row by row, so that each counts once."""
    (table,) = (table for table in searched(plan, catalogue) if table.table.name == "elsewhere")
    query = sql.SQL("COPY ({} WHERE is_planted ORDER BY id) TO STDOUT").format(table.query)
    with connection.cursor() as cursor, cursor.copy(query) as rows:
        texts = [bytes(row) for row in rows]
    hits = []
    for number, text in enumerate(texts):
        copies = Copies()
        look(Block(text=text, first_value=0), len(table.columns), raw.key, raw, copies, ShapeCounts())
        if copies.found:
            hits.append(_kind(number))
    return hits


def _harmless(number: int) -> str:
    """What kept columns are full of: words, dates, amounts, codes, half of a name."""
    return (
        f"order {number * 7919 % 10**7} of 2024-0{1 + number % 9}-1{number % 9} 10:{10 + number % 50}",
        f"{_FIRST[number % 10]} left {number % 90 + 10},{number % 900 + 100}.50 at gate {number % 17}",
        f"v{number % 9}.{number % 31}.{number % 7} build {number * 104729 % 10**6} for Lane {number % 30}",
        f"ref {number * 31 % 10**5:05d}-{number % 97:02d} seen {number % 23} times by the shed",
    )[number % 4]


def _insert(cursor: psycopg.Cursor[Any], number: int, is_planted: bool, kind: str, value: str) -> None:
    column, dressed = PLACES[kind]
    place = list(PLACES).index(kind)
    held = {column: dressed(value)}
    cursor.execute(
        "INSERT INTO public.elsewhere VALUES (%s, %s, %s, %s, %s, %s, %s, %s::xml, %s)",
        (number, is_planted, f"kind {place}", *(held.get(name) for name in _COLUMNS)),
    )


_COLUMNS = ("note", "document", "raw", "tags", "page", "bytes")
