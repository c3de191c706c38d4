"""Maskers whose results belong together: a person's names and e-mail address, a town and its postcode.

They are made from one hash of one value. Which value, the policy says (``of``): the e-mail address itself, or whatever
else tells one person from another. So the address in another table, which has no names beside it, masks to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, LiteralString

from psycopg import sql

from masking.maskers.forms import TEXT, from_list, matches, named
from masking.maskers.masker import LETTER, Domain, Masker, Subject, Use, text_of

_EMAIL_TAIL = len("@example.com")
#: Letters that an address has where it needn't be distinct: enough to tell it from a raw one.
_EMAIL_LETTERS = 8
#: Columns so narrow hold countries' codes.
_CODE_WIDTH = 3


class Person(Subject):
    """As for every subject, with one masking domain for all maskers of a person."""

    shorthand: ClassVar[str | None] = "of"
    domain: Domain | None = "person"


class Place(Subject):
    """As for every subject, with one masking domain for all maskers of a place."""

    shorthand: ClassVar[str | None] = "of"
    domain: Domain | None = "place"


def _of_subject(use: Use, value: sql.Composable) -> sql.Composable:
    """What the hash is made of: the subject as text; where that is missing, the value itself."""
    if not isinstance(use.parameters, Subject) or use.parameters.of is None:
        return value
    return sql.SQL("COALESCE(NULLIF({}, ''), {})").format(
        text_of(sql.Identifier(use.parameters.of)), text_of(value)
    )


def _from_lists(name: LiteralString, doc: str, *words: LiteralString, parameters: type[Subject]) -> Masker:
    return Masker(
        name=name,
        doc=doc,
        parameters=parameters,
        types=TEXT,
        distinct="letters",
        room=lambda width: width - 4,
        coincidence="the word lists hold common names, which raw values may have",
        changes=True,
        mask=_masked(name),
        holds=from_list(*words),
        elementwise=False,
    )


def _masked(function: LiteralString) -> Callable[[Use, sql.Composable], sql.Composable]:
    made = named(function)

    def mask(use: Use, value: sql.Composable) -> sql.Composable:
        subject = _of_subject(use, value)
        if subject is value:
            return made(use, value)
        # Whether there is a value at all is the column's own to say.
        return sql.SQL("CASE WHEN {value} IS NULL OR {value} = '' THEN {value} ELSE {mask} END").format(
            value=value, mask=made(use, subject)
        )

    return mask


TOGETHER = (
    _from_lists(
        "person_first_name",
        "A first name from Faker's list of 690: that of `person_email` for the same value of column `of`.",
        "first_names",
        parameters=Person,
    ),
    _from_lists(
        "person_last_name",
        "A last name from Faker's list of 1,000, in the same way.",
        "last_names",
        parameters=Person,
    ),
    _from_lists(
        "person_name", "Both names, in the same way.", "first_names", "last_names", parameters=Person
    ),
    Masker(
        name="person_email",
        doc=(
            "first.last.letters@example.com with the names that the other three give for the same value. Where there "
            "is little room, less of the names."
        ),
        parameters=Person,
        types=TEXT,
        distinct="letters",
        letters=_EMAIL_LETTERS,
        room=lambda width: width - _EMAIL_TAIL,
        min_width=_EMAIL_TAIL + 1,
        mask=_masked("person_email"),
        holds=matches(lambda use: rf"^([a-z]+[.]){{0,2}}{LETTER}{{{use.letters}}}@example\.com$"),
        elementwise=False,
    ),
    _from_lists(
        "place_city",
        "A town's name from a list of 1,000 made-up ones, by the value of column `of`.",
        "cities",
        parameters=Place,
    ),
    Masker(
        name="place_country",
        doc=(
            "A made-up country's name, the same for every value of one town's; in a column of three characters and "
            "less a code that ISO 3166 leaves to users (XA, QM, ZZ …)."
        ),
        parameters=Place,
        types=TEXT,
        coincidence="a made-up name may be a real one's",
        changes=True,
        mask=_masked("place_country"),
        holds=matches(
            lambda use: (
                "^(AA|Q[M-Z]?|X[A-Z]?|ZZ?|A)[A-Z]?$" if use.width <= _CODE_WIDTH else "^[A-Za-z'. -]+$"
            )
        ),
        elementwise=False,
    ),
    Masker(
        name="place_postcode",
        doc=(
            "The postcode of the town that `place_city` gives for the same value: 00 and three digits, which may be a "
            "real place's."
        ),
        parameters=Place,
        types=TEXT,
        coincidence="raw postcodes may begin with 00",
        changes=True,
        mask=_masked("place_postcode"),
        holds=matches(lambda use: "^0{1,2}[0-9]{0,3}$"),
        elementwise=False,
    ),
)
