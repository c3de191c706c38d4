"""What a column may hold, and an opinion about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from masking.catalogue import Column
from masking.suggestion.people import About

Kind = Literal[
    "email",
    "phone",
    "national_id",
    "card_number",
    "account_number",
    "credential",
    "ip",
    "date_of_birth",
    "first_name",
    "last_name",
    "full_name",
    "username",
    "street",
    "city",
    "region",
    "postcode",
    "location",
    "external_id",
    "free_text",
    "document",
    "image",
    "link",
]
#: What a type can hold, as far as the rules care.
Family = Literal[
    "text",
    "integer",
    "number",
    "date",
    "inet",
    "macaddr",
    "uuid",
    "json",
    "bytes",
    "geo",
    "words",
    "composite",
    "other",
]

_FAMILIES: Final[dict[str, Family]] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "name", "char"), "text"),
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("numeric", "float4", "float8"), "number"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "date"),
    **dict.fromkeys(("inet", "cidr"), "inet"),
    **dict.fromkeys(("macaddr", "macaddr8"), "macaddr"),
    **dict.fromkeys(("json", "jsonb", "hstore", "xml"), "json"),
    **dict.fromkeys(("point", "geometry", "geography", "polygon", "box", "circle", "path", "lseg"), "geo"),
    "uuid": "uuid",
    "bytea": "bytes",
    "tsvector": "words",
}


def family_of(element_type: str) -> Family:
    """The family of a type below domains and arrays; ``other`` for bool, interval, ranges, oid and the rest."""
    return _FAMILIES.get(element_type, "other")


def family_of_column(column: Column) -> Family:
    """As :func:`family_of`; ``composite`` for types that are neither PostgreSQL's own nor enums."""
    family = family_of(column.element_type)
    if family == "other" and column.base_type_schema != "pg_catalog" and not column.enum_labels:
        return "composite"
    return family


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One opinion about one column."""

    kind: Kind
    weight: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Named:
    """A column as the rules see it."""

    words: tuple[str, ...]
    family: Family
    about: About
    #: At most so many characters; None without a limit.
    max_length: int | None = None
    #: Part of the primary key or of a foreign key.
    is_key: bool = False

    def has(self, *part: str) -> bool:
        """Whether these words stand in the name one after another."""
        return any(self.words[i : i + len(part)] == part for i in range(len(self.words) - len(part) + 1))

    def any(self, words: frozenset[str]) -> bool:
        """Whether one of ``words`` stands in the name."""
        return not words.isdisjoint(self.words)

    @property
    def head(self) -> str:
        """Its last word."""
        return self.words[-1] if self.words else ""


Rule = Callable[[Named], Signal | None]


def words(text: str) -> frozenset[str]:
    """The words of a list written as a sentence."""
    return frozenset(text.split())


#: Heads that make a name speak about a thing's kind, place in an order, or handling, not about its value.
ABOUT_VALUE: Final = words(
    """
    type status format count flag enabled verified template level order category locale language timezone currency
    provider server host port domain class model mode method version unit color size preference frequency scope
    algorithm length policy expire expires expiry at on valid required allowed active visible public digest enable
    icon view layout theme setting option priority position rank notification kind total limit max min sent delivery
    strength attempt retry confirmed subscribed optin optout opt consent hint
    """
)
#: From these weights on, a column is masked, or masked and to be looked at by a person.
MASK_FROM: Final = 0.6
REVIEW_FROM: Final = 0.4
#: From this weight on, a table's rows are people beyond doubt.
HUMAN: Final = 0.7
