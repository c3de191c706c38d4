"""The maskers that a column of a kind may get, from the most telling to the most general."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from psycopg import sql

from masking.catalogue import Column, Table
from masking.maskers.masker import as_written
from masking.suggestion.fitting import fits
from masking.suggestion.inside import attribute_rules, path_rules
from masking.suggestion.kinds import Kind, family_of, family_of_column
from masking.suggestion.places import LONG, Masker, Place
from masking.suggestion.samples import Samples
from masking.suggestion.trials import CONSTANTS
from masking.suggestion.words import words_of

#: Kinds whose masker has another name.
_MASKERS: Final[dict[Kind, str]] = {
    "email": "email",
    "phone": "phone",
    "national_id": "ssn",
    "card_number": "pseudonym",
    "account_number": "pseudonym",
    "credential": "pseudonym",
    "external_id": "pseudonym",
    "link": "pseudonym",
    "image": "pseudonym",
    "username": "username",
    "first_name": "first_name",
    "last_name": "last_name",
    "full_name": "full_name",
    "street": "street",
    "city": "city",
    "region": "city",
    "postcode": "postcode",
    "location": "pseudonym",
    "ip": "ip",
    "date_of_birth": "date_of_birth",
    "free_text": "free_text",
    "document": "free_text",
}
#: Characters that a masker needs to give something sensible; below that, a pseudonym is cut to size.
_LEAST_WIDTH: Final = {"email": 20, "street": 12, "city": 10, "full_name": 10, "ip": 15, "phone": 7, "ssn": 9}


def _word(name: str) -> Masker:
    return Masker(name=name, policy=name)


def _shape(column: Column) -> Masker:
    """Every letter becomes x and every digit 0: what the value looked like is left, and nothing of what it was."""
    value = sql.SQL("{}::text").format(sql.Identifier(column.name))
    for pattern, replacement in (("[[:lower:]]", "x"), ("[[:upper:]]", "X"), ("[0-9]", "0")):
        value = sql.SQL("pg_catalog.regexp_replace({}, {}, {}, 'g')").format(
            value, sql.Literal(pattern), sql.Literal(replacement)
        )
    return Masker(name="shape", policy={"sql": value.as_string(None)})


def _recomputed(column: Column, sources: Sequence[str]) -> Masker:
    """A search vector of the masks. Which of the columns it was made of, and how, nobody knows."""
    expression = sql.SQL(
        "CASE WHEN {} IS NOT NULL THEN pg_catalog.to_tsvector('simple', pg_catalog.concat_ws(' ', {})) END"
    ).format(sql.Identifier(column.name), sql.SQL(", ").join(map(sql.Identifier, sources)))
    return Masker(name="recomputed", policy={"sql": expression.as_string(None)})


def _last_resorts(place: Place) -> Iterator[Masker]:
    """SQL for what no masker can do: distinct values in little room, a date among the keys of a unique index."""
    family, number = family_of(place.column.element_type), place.number_of_row
    if place.is_unique and number is not None:
        key = sql.Identifier(number)
        width = min(place.column.max_length or LONG, LONG)
        if family == "text" and place.table.estimated_rows * 20 < 10 ** (width - 1):
            yield Masker(name="numbered", policy={"sql": sql.SQL("'x' || {}").format(key).as_string(None)})
        elif place.column.element_type in ("int4", "int8", "numeric"):
            yield Masker(
                name="numbered", policy={"sql": sql.SQL("900000000 + {}").format(key).as_string(None)}
            )
        elif family == "bytes":
            digest = sql.SQL("pg_catalog.decode(pg_catalog.md5({}::text), 'hex')").format(key)
            yield Masker(name="numbered", policy={"sql": digest.as_string(None)})
    if family == "date":
        # Two digits of the year are left, in a century in which nobody of today was born.
        expression = sql.SQL(
            "pg_catalog.make_date(1700 + EXTRACT(year FROM {})::pg_catalog.int4 % 100, 1, 1)"
        ).format(sql.Identifier(place.column.name))
        yield Masker(name="old_year", policy={"sql": expression.as_string(None)})
    if family == "text":
        yield _shape(place.column)


def _unique(kind: Kind, place: Place) -> str:
    """A masking domain apart for unique columns: in theirs, each value needs a number of its own."""
    return f"unique_{kind}" if place.is_unique else kind


def _text_candidates(kind: Kind, place: Place) -> Iterator[Masker]:
    name = _MASKERS[kind]
    width = place.column.max_length
    yield from map(_word, _of_form(kind, place))
    if kind == "national_id" and place.sample is not None and place.sample.share("eight_digits") < 1:
        # Numbers of few digits have too few others to be masked by, each by one of its own.
        name = "pseudonym"
    if width is None or width >= _LEAST_WIDTH.get(name, 1):
        if name == "phone" and place.is_unique:
            yield Masker(name="phone", policy={"phone": {"domain": _unique(kind, place)}})
        yield Masker(name="city", policy={"city": {"domain": kind}}) if kind == "region" else _word(name)
    yield _word("pseudonym")
    yield _word("free_text")
    # Digits for digits, x for letters: what a CHECK of a format lets through.
    if not place.is_unique:
        yield Masker(name="digits", policy={"digits": {"domain": kind}})
    yield Masker(name="phone", policy={"phone": {"domain": _unique(kind, place)}})
    if place.sample is not None and place.sample.share("eight_digits") == 1:
        yield Masker(name="ssn", policy={"ssn": {"domain": kind}})
    for constant in CONSTANTS:
        yield Masker(name=f"constant {constant}", policy={"constant": constant})


def _of_form(kind: Kind, place: Place) -> Iterator[str]:
    """Maskers that keep a form: where every value was seen to have it, or its name says so and nobody looked."""
    sample, words = place.sample, words_of(place.column.name)

    def has(shape: str, *, by_name: bool) -> bool:
        return by_name if sample is None else sample.share(shape) == 1

    if kind == "card_number" and has("card", by_name="card" in words and "number" in words):
        yield "card_number"
    if kind == "account_number" and has("iban", by_name="iban" in words):
        yield "iban"
    if kind in ("link", "image", "external_id", "credential") and has("url", by_name=kind == "link"):
        yield "url"
    if kind in ("external_id", "credential", "username") and has("uuid", by_name=False):
        yield "uuid"


def candidates(kind: Kind, place: Place) -> Iterator[Masker]:
    """Maskers for one column, best first; none for a type that no masker knows, beyond NULL."""
    element, is_array = place.column.element_type, place.column.is_array
    family = family_of(element)
    if place.column.attributes:
        rules = attribute_rules(place.column, _of_attribute)
        if rules is not None:
            yield Masker(name="composite", policy={"composite": {"attributes": rules}})
    if is_array and family != "text":
        yield _literal("{}", place.column)
    elif family == "text":
        yield from _text_candidates(kind, place)
    elif family in ("integer", "number"):
        if kind == "date_of_birth":
            yield Masker(name="year", policy={"constant": 1970})
        if kind == "card_number":
            yield _word("card_number")
        if kind == "location":
            yield _NEAR
        if kind == "phone" and element in ("int8", "numeric"):
            yield _word("phone")
        if kind == "national_id" and element in ("int4", "int8", "numeric"):
            yield _word("ssn")
        yield _word("number")
        if element in ("int4", "int8", "numeric"):
            yield Masker(name="ssn", policy={"ssn": {"domain": kind}})
    elif family == "date":
        yield _word("date_of_birth")
    elif family == "inet":
        yield _word("ip")
    elif family == "uuid":
        yield _word("uuid")
    elif element == "point":
        yield _NEAR
    elif element in ("json", "jsonb"):
        paths = path_rules(place.sample.json_paths, _of_attribute) if place.sample is not None else {}
        if paths:
            yield Masker(name="json_paths", policy={"json": {"paths": paths}})
        yield Masker(name="json", policy={"json": {"value": {}}})
        yield Masker(name="json_array", policy={"json": {"value": []}})
    elif family == "bytes":
        yield _word("bytes")
    elif element == "tsvector" and (sources := place.masked_texts):
        yield _recomputed(place.column, sources)
        yield _literal("", place.column)
    elif (constant := _LITERALS.get(element)) is not None:
        yield _literal(constant, place.column)
    yield Masker(name="null", policy=None)
    if not is_array:
        yield from _last_resorts(place)


def _of_attribute(kind: Kind, attribute: Column) -> Iterator[Any]:
    """What a policy may say of an attribute, which sees no other column."""
    place = Place(table=Table(schema="", name="", columns=(attribute,)), column=attribute, sample=None)
    for masker in candidates(kind, place):
        if masker.name not in ("null", "shape", "old_year", "numbered") and fits(masker, place, Samples()):
            yield masker.policy


#: In the same town, and at no neighbour's either.
_NEAR: Final = Masker(name="geo_jitter", policy={"geo_jitter": {"radius_m": 5000}})
_LITERALS: Final = {
    "hstore": "",
    "xml": "<masked/>",
    "tsvector": "",
    "macaddr": "02:00:00:00:00:00",
    "macaddr8": "02:00:00:00:00:00:00:00",
    "point": "(0.0625,0.0625)",
    "geometry": "POINT(0.0625 0.0625)",
    "geography": "POINT(0.0625 0.0625)",
}
#: Types without an equality operator, for which verification can't compare a constant.
_INCOMPARABLE: Final = frozenset({"xml", "point", "json", "geometry", "geography", "path", "polygon", "box"})


def _literal(text: str, column: Column) -> Masker:
    """One value in every row, in the column's own type."""
    if column.element_type not in _INCOMPARABLE and family_of_column(column) != "composite":
        return Masker(name="constant", policy={"constant": text})
    expression = sql.SQL("CASE WHEN {} IS NOT NULL THEN CAST({} AS {}) END").format(
        sql.Identifier(column.name), sql.Literal(text), as_written(column.type)
    )
    return Masker(name="constant", policy={"sql": expression.as_string(None)})
