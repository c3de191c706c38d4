"""The maskers. The reference page in docs/ is generated from these definitions."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from masking.forms import (
    DATES,
    JSON,
    NUMBERS,
    TEXT,
    address,
    as_constant,
    as_it_is,
    call,
    from_list,
    is_constant,
    is_filler,
    is_masked_day,
    is_phone,
    is_pseudonym,
    is_reserved_ip,
    is_smallest,
    letters_of,
    matches,
    noisy,
    pseudonym,
    same_year,
    username_prefix,
    width_of,
    written,
)
from masking.masker import LETTERS, Masker
from masking.parameters import Bytes, Constant, Expression, JsonValue, Keep, Nothing, Script
from masking.together import TOGETHER

_EMAIL_TAIL = len("@example.com")


def _names(
    name: str, doc: str, *words: LiteralString, pattern: str | None = None, function: LiteralString
) -> Masker:
    return Masker(
        name=name,
        doc=doc,
        types=TEXT,
        distinct="letters",
        room=lambda width: width - 4,
        coincidence="the word lists hold common names, which raw values may have",
        changes=True,
        mask=call(function, width_of, letters_of),
        holds=from_list(*words, pattern=pattern),
    )


_ALL = (
    Masker(
        name="keep",
        doc="The raw value stays. Give a reason where it looks like personal data.",
        parameters=Keep,
        keyed=False,
        distinct="always",
        coincidence="nothing is masked",
        mask=as_it_is,
        elementwise=False,
        masks=False,
    ),
    Masker(
        name="null",
        doc="NULL in every row, '' too.",
        parameters=Nothing,
        keyed=False,
        coincidence="NULL says nothing",
        mask=lambda use, value: sql.SQL("NULL"),
        holds=lambda use, value: sql.SQL("{} IS NULL").format(value),
        elementwise=False,
    ),
    Masker(
        name="constant",
        doc="One value in every row.",
        parameters=Constant,
        keyed=False,
        coincidence="a row may have had the constant before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
    Masker(
        name="sql",
        doc=(
            "Any SQL expression over the row's own columns, as the scripts left them; of other masked columns it sees "
            "the masks. NULL and '' are its author's."
        ),
        parameters=Expression,
        keyed=False,
        distinct="author",
        mask=written,
        elementwise=False,
    ),
    Masker(
        name="script",
        doc="Assigned by masking/*.sql in every row. NULL and '' are the script's.",
        parameters=Script,
        keyed=False,
        distinct="author",
        mask=as_it_is,
        elementwise=False,
    ),
    Masker(
        name="email",
        doc=(
            "Letters from a keyed hash at example.com (RFC 2606). Values that differ only in case give results "
            "that differ only in case."
        ),
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width - _EMAIL_TAIL,
        min_width=_EMAIL_TAIL + 1,
        mask=call("email", letters_of),
        holds=matches(lambda use: r"^[a-r]+@example\.com$"),
    ),
    Masker(
        name="username",
        doc="user_ and letters from a keyed hash; the letters alone where there is little room.",
        types=TEXT,
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=call("username", username_prefix, letters_of),
        holds=matches(lambda use: "^(user_)?[a-r]+$"),
    ),
    Masker(
        name="pseudonym",
        doc="18 letters from a keyed hash, fewer where there is no room; for a UUID another one (version 4).",
        types=TEXT | {"uuid"},
        distinct="letters",
        letters=LETTERS,
        room=lambda width: width,
        mask=pseudonym,
        holds=is_pseudonym,
    ),
    Masker(
        name="phone",
        doc=(
            "The value's own format with a number reserved for fiction: area code 200–999, 555-0100 to 555-0199 "
            "(80,000 numbers). Digits before the last ten become 0, or 1 where there are eleven. Seven to nine digits "
            "hold 555-01xx (100 numbers); fewer begin with 0. Letters become x."
        ),
        types=TEXT | {"int8", "numeric"},
        distinct="slots",
        coincidence="the reserved range is small, and raw test data may lie in it",
        mask=call("phone"),
        holds=is_phone,
    ),
    Masker(
        name="ssn",
        doc=(
            "The value's own format with an area number that is never issued, 9xx, distinct for distinct values. "
            "With other than nine digits: 9 and others. Letters become x."
        ),
        types=TEXT | {"int4", "int8", "numeric"},
        distinct="slots",
        coincidence="raw values with fewer than nine digits may begin with 9",
        mask=call("ssn"),
        holds=matches(lambda use: "^[^0-9a-wyz]*(9[^a-wyz]*)?$"),
    ),
    _names("first_name", "A first name from a list of 303.", "first_names", function="first_name"),
    _names("last_name", "A last name from a list of 342.", "last_names", function="last_name"),
    _names(
        "full_name",
        "A first and a last name, 103,626 pairs.",
        "first_names",
        "last_names",
        function="full_name",
    ),
    _names(
        "street",
        "A house number and a street from a list of 148. Also called address.",
        "streets",
        pattern="^[0-9]+ ?",
        function="street",
    ),
    _names("city", "A town's name from a list of 214 made-up ones.", "cities", function="city"),
    Masker(
        name="postcode",
        doc=(
            "The value's own format, begun with 0 (00 from four characters on) or Q, which no country does; the rest "
            "is hashed."
        ),
        types=TEXT,
        coincidence="few characters leave few postcodes",
        mask=call("postcode"),
        holds=matches(lambda use: r"^[-[:space:]./,#]*([0Q].*)?$"),
    ),
    Masker(
        name="date_of_birth",
        doc=(
            "Another day of the same year (the 1st to the 28th), at midnight. A day of the current year stays before "
            "the value's own. A text is taken as YYYY-MM-DD, else its digits become 0 and its letters x."
        ),
        types=DATES | TEXT,
        coincidence="a year has 336 such days",
        changes=True,
        mask=same_year,
        holds=is_masked_day,
    ),
    Masker(
        name="date",
        doc="As date_of_birth, in a domain of its own.",
        types=DATES,
        coincidence="a year has 336 such days",
        changes=True,
        mask=same_year,
        holds=is_masked_day,
    ),
    Masker(
        name="number",
        doc=(
            "A number between half of the value and the value, with its sign and its decimal places; 0 and the "
            "smallest unit stay."
        ),
        types=NUMBERS,
        coincidence="numbers of a narrow range meet",
        changes=True,
        unchanged=is_smallest,
        mask=noisy,
    ),
    Masker(
        name="ip",
        doc=(
            "An address of a range that is nobody's, with the value's own prefix length: 198.18.0.0/15 (RFC 2544) for "
            "IPv4 and whatever is no address, 2001:db8::/32 (RFC 3849) for IPv6."
        ),
        types=TEXT | {"inet", "cidr"},
        distinct="slots",
        coincidence="raw addresses may lie in the range",
        mask=address,
        holds=is_reserved_ip,
    ),
    Masker(
        name="free_text",
        doc="Filler words, as long as the value. Under a unique index, letters from a keyed hash come first.",
        types=TEXT,
        distinct="letters",
        room=lambda width: width,
        coincidence="a text of a few characters may be the filler's own",
        mask=call("free_text", letters_of),
        holds=is_filler,
    ),
    Masker(
        name="json",
        doc="One JSON value in every row, {} by default.",
        parameters=JsonValue,
        types=JSON,
        keyed=False,
        coincidence="a row may have had the value before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
    Masker(
        name="bytes",
        doc="The same bytes in every row, none by default.",
        parameters=Bytes,
        types=frozenset({"bytea"}),
        keyed=False,
        coincidence="a row may have had them before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
)

MASKERS: dict[str, Masker] = {masker.name: masker for masker in (*_ALL, *TOGETHER)}
#: Other words for the same masker.
ALIASES = {"address": "street"}
