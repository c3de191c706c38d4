"""Finds a masker that the column can bear: its type, width, NOT NULL, unique indexes, CHECKs and relatives.

Candidates stand from the most telling to the most general; the first that fits is taken. Columns with the same
values by declaration (both ends of a foreign key) are fitted together, so that they mask alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from masking.catalogue import Catalogue, Column, Table
from masking.maskers import MASKERS
from masking.maskers.masker import UNLIMITED, as_written
from masking.suggestion.classify import ColumnId
from masking.suggestion.inside import attribute_rules, path_rules
from masking.suggestion.kinds import Kind, family_of, family_of_column
from masking.suggestion.samples import ColumnSample, Samples
from masking.suggestion.trials import CONSTANTS, is_checked
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
#: Can't give distinct results.
_REPEATING: Final = frozenset(
    {"composite", "json_paths", "number", "geo_jitter", "year", "json", "json_array", "bytes", "constant"}
)
_UNIQUE_DATES: Final = frozenset({"date_of_birth", "date", "postcode"})
_FORM_KEEPING: Final = frozenset(
    {"phone", "ssn", "postcode", "shape", "date_of_birth", "email", "ip", "json", "null"}
)
#: From so many characters on, letters of the hash keep any number of rows distinct.
_LONG: Final = 24
#: A unique column of more rows than this gets pseudonyms instead of numbers from a reserved range.
_RESERVED_ROWS_MAX: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Masker:
    """A masker as the policy writes it: a word, or a mapping with one key; ``name`` is how it is tried."""

    name: str
    policy: Any


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column in its table."""

    table: Table
    column: Column
    sample: ColumnSample | None
    #: Columns of the database that are to be masked.
    masked: Collection[ColumnId] = ()

    @property
    def id(self) -> ColumnId:
        return self.table.id, self.column.name

    @property
    def is_unique(self) -> bool:
        """Whether a unique index or exclusion constraint reads the column, plainly or in an expression."""
        return any(
            self.column.name in index.columns
            for index in self.table.indexes
            if index.unique or index.exclusion
        )

    @property
    def has_distinct_partner(self) -> bool:
        """Whether each unique index has another column, whose masks are long enough to keep it unique alone."""
        return all(
            any(self._is_long(name) for name in index.key_columns if name and name != self.column.name)
            for index in self.table.indexes
            if (index.unique or index.exclusion) and self.column.name in index.columns
        )

    def _is_long(self, name: str) -> bool:
        column = self.table.columns_by_name[name]
        return (
            (self.table.id, name) in self.masked
            and family_of(column.element_type) == "text"
            and (column.max_length or UNLIMITED) >= _LONG
        )

    @property
    def masked_texts(self) -> tuple[str, ...]:
        """The table's other columns of text that are to be masked."""
        return tuple(
            column.name
            for column in self.table.columns
            if (self.table.id, column.name) in self.masked
            and family_of(column.element_type) == "text"
            and not column.is_array
        )

    @property
    def number_of_row(self) -> str | None:
        """The column that numbers the rows: an integer that is the whole primary key."""
        keys = [index.key_columns for index in self.table.indexes if index.primary]
        if len(keys) != 1 or len(keys[0]) != 1 or keys[0][0] is None:
            return None
        numbered = self.table.columns_by_name[keys[0][0]].element_type in ("int2", "int4", "int8")
        return keys[0][0] if numbered else None

    @property
    def nulls_may_repeat(self) -> bool:
        """Whether all values may become NULL."""
        return not self.column.not_null and not any(
            index.primary or index.nulls_not_distinct
            for index in self.table.indexes
            if index.unique and self.column.name in index.columns
        )


def places(
    catalogue: Catalogue, samples: Samples, members: Sequence[ColumnId], masked: Collection[ColumnId] = ()
) -> tuple[Place, ...]:
    """The columns of ``members``."""
    return tuple(
        Place(
            table=catalogue.tables_by_id[table],
            column=catalogue.tables_by_id[table].columns_by_name[name],
            sample=samples.of(table, name),
            masked=masked,
        )
        for table, name in members
    )


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
        width = min(place.column.max_length or _LONG, _LONG)
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


def _candidates(kind: Kind, place: Place) -> Iterator[Masker]:
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
    for masker in _candidates(kind, place):
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


def _takes(masker: Masker, column: Column) -> bool:
    """Whether the masker's own definition takes the column's type and width."""
    definition = MASKERS.get(masker.name.partition(" ")[0])
    if definition is None or not definition.types:
        return True
    return (
        column.element_type in definition.types and (column.max_length or UNLIMITED) >= definition.min_width
    )


def _has_room(masker: Masker, place: Place) -> bool:
    """Whether distinct values can stay distinct: a reserved range of numbers is small, a short column too."""
    if masker.name == "phone":
        return (
            place.sample is not None
            and place.sample.share("ten_digits") == 1
            and place.table.estimated_rows < _RESERVED_ROWS_MAX
        )
    if masker.name == "ssn" and family_of(place.column.element_type) == "text":
        return place.sample is not None and place.sample.share("eight_digits") == 1
    if masker.name == "ssn" and place.column.element_type in ("int4", "int8"):
        longest = 9 if place.column.element_type == "int4" else 17
        return place.sample is not None and 5 <= place.sample.average_length <= longest
    if masker.name == "card_number":
        return place.sample is not None and place.sample.share("card") == 1
    if masker.name == "ip":
        return place.table.estimated_rows < _RESERVED_ROWS_MAX
    return masker.name.partition(" ")[0] not in (_REPEATING | _UNIQUE_DATES)


def fits(masker: Masker, place: Place, samples: Samples) -> bool:
    """Whether a column can bear a masker, as far as its type, width, indexes and CHECKs are known."""
    if not _takes(masker, place.column):
        return False
    if masker.name == "null":
        if not place.nulls_may_repeat:
            return False
    elif masker.name in ("shape", "old_year"):
        if place.is_unique and not place.has_distinct_partner:
            return False
    elif place.is_unique and not _has_room(masker, place):
        return False
    if not is_checked(place.table, place.column):
        return True
    tried = samples.trials.get((*place.id, masker.name))
    if tried is not None:
        return tried
    # Nobody tried: NULL passes every CHECK that doesn't ask for a value, and what keeps the value's form most others.
    if place.nulls_may_repeat and not any("NOT NULL" in check.expression for check in place.table.checks):
        return masker.name == "null"
    return masker.name in _FORM_KEEPING


def fit(
    kind: Kind, members: Sequence[Place], samples: Samples, refused: Collection[tuple[ColumnId, str]] = ()
) -> Iterator[Masker]:
    """The maskers that every one of ``members`` can bear, best first; none of those that a plan refused."""
    if not members:
        return
    offered = [list(_candidates(kind, member)) for member in members]
    for masker in offered[0]:
        if (
            (masker.name != "numbered" or len(members) == 1)
            and all(masker.name in {other.name for other in others} for others in offered[1:])
            and all(fits(masker, member, samples) for member in members)
            and not any((member.id, masker.name) in refused for member in members)
        ):
            yield masker
