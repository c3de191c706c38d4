"""Which raw values identify somebody, so that a copy of one is searched for; and which say too little for that."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal[
    "e-mail address",
    "phone number",
    "id",
    "SSN",
    "card number",
    "IBAN",
    "token",
    "user name",
    "full name",
    "first and last name",
    "last and first name",
    "street and number",
    "value",
    "text",
]

#: By masker. ``value`` is whatever its own form shows to be one of the others, ``text`` only an address or a number:
#: the codes that stand alone in a free text are more often a product's than a person's.
KIND_OF_MASKER: Final[dict[str, Kind]] = {
    "email": "e-mail address",
    "person_email": "e-mail address",
    "phone": "phone number",
    "ssn": "SSN",
    "digits": "id",
    "letters": "id",
    "pseudonym": "id",
    "uuid": "id",
    "card_number": "card number",
    "iban": "IBAN",
    "token": "token",
    "password_hash": "token",
    "username": "user name",
    "full_name": "full name",
    "person_name": "full name",
    "street": "street and number",
    "script": "value",
    "sql": "value",
    "constant": "value",
    "null": "value",
    "free_text": "text",
    "redact": "text",
}
#: Maskers of half a name: with the other half, in the same row, they are searched for.
FIRST_NAMES: Final = frozenset({"first_name", "person_first_name"})
LAST_NAMES: Final = frozenset({"last_name", "person_last_name"})
#: Maskers whose raw values many share, or that nobody is found by: not searched for, by rule.
LOW_ENTROPY: Final[dict[str, str]] = {
    **dict.fromkeys(("city", "place_city", "place_country", "company"), "many share a place or a company"),
    **dict.fromkeys(("postcode", "place_postcode"), "many share a postcode, and it may be any number"),
    **dict.fromkeys(
        ("date_of_birth", "date", "date_shift", "bucket"), "a date is many people's, and many events'"
    ),
    **dict.fromkeys(("number", "geo_jitter", "shuffle"), "a number or a level is many people's"),
    "ip": "an address that many may have had",
    "url": "not of an identifying domain",
    "bytes": "bytes aren't words",
}
#: Domains of scripts that say as much as those maskers' names.
LOW_ENTROPY_DOMAINS: Final = frozenset(
    {*LOW_ENTROPY, *FIRST_NAMES, *LAST_NAMES, "country", "state", "region"}
)

#: Fewest characters, separators left out, of what is searched for.
SHORTEST: Final = 6
#: Of digits alone: shorter numbers are anything's.
SHORTEST_NUMBER: Final = 7
#: Of digits alone where the policy doesn't say that it is a phone number or an id.
SHORTEST_UNNAMED_NUMBER: Final = 9
#: Of letters and digits mixed, or of a token's letters.
SHORTEST_CODE: Final = 8
SHORTEST_TOKEN: Final = 16
#: Most words of one value.
MOST_WORDS: Final = 12
#: Of a number whose policy line doesn't say what it is: a moment has more.
MOST_UNNAMED_WORDS: Final = 4
