"""Names and places from word lists."""

from __future__ import annotations

from typing import LiteralString

from masking.maskers.forms import TEXT, from_list, named
from masking.maskers.masker import Masker


def _names(name: str, doc: str, *words: LiteralString, leading: str = "", function: LiteralString) -> Masker:
    return Masker(
        name=name,
        doc=doc,
        types=TEXT,
        distinct="letters",
        room=lambda width: width - 4,
        coincidence="the word lists hold common names, which raw values may have",
        changes=True,
        mask=named(function),
        holds=from_list(*words, leading=leading),
    )


NAMES = (
    _names("first_name", "A first name from Faker's list of 690.", "first_names", function="first_name"),
    _names("last_name", "A last name from Faker's list of 1,000.", "last_names", function="last_name"),
    _names(
        "full_name",
        "A first and a last name, 690,000 pairs.",
        "first_names",
        "last_names",
        function="full_name",
    ),
    _names(
        "street",
        "A house number and a street from a list of 995. Also called address.",
        "streets",
        leading="0123456789",
        function="street",
    ),
    _names("city", "A town's name from a list of 1,000 made-up ones.", "cities", function="city"),
    _names(
        "company",
        "An adjective and a noun that say nothing, 1,344 pairs.",
        "company_adjectives",
        "company_nouns",
        function="company",
    ),
)
