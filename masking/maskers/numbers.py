"""Numbers with a format: each comes from a range that is nobody's, or keeps its format."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from masking.maskers.forms import TEXT, address, call, common_first, is_phone, is_reserved_ip, matches
from masking.maskers.masker import Masker, Use, literal
from masking.maskers.parameters import Phone, Ssn
from masking.maskers.phone_range import numbers_in

_SSN_KEEPING_FOUR = Masker(
    name="ssn",
    doc="An SSN that is never issued, 9xx-4x, with the last four digits of the value.",
    parameters=Ssn,
    types=TEXT | {"int4", "int8", "numeric"},
    coincidence="raw values may begin with 9",
    mask=call("ssn_keeping_four"),
    holds=matches(lambda use: "^[^0-9a-wyz]*(9[^a-wyz]*)?$"),
)


def _range_of(use: Use) -> str:
    if not isinstance(use.parameters, Phone):
        raise TypeError(use.parameters)
    return use.parameters.places


def _phone_of(parameters: Phone) -> Masker | None:
    """The masker for another range than the one that is set apart."""
    if parameters.is_default:
        return None
    return replace(
        _PHONE,
        coincidence="the range may hold raw numbers",
        changes=True,
        common_capacity=0,
        mask=call("phone_in_range", _range_of),
        space=lambda use, value: sql.SQL("refresh_mask.phone_range_space({}, {})").format(
            value, literal(_range_of(use))
        ),
    )


#: Every code of a length may be in use, and the column just wide enough for them.
_FULL = (
    "Keep it with a reason where the codes tell nothing of anybody, use null, sql or a script, or empty the table; or "
    "pseudonym with a domain of its own, where the column has room for it."
)

_PHONE = Masker(
    name="phone",
    doc=(
        "The value's own format with a number reserved for fiction: area code 200–999, 555-0100 to 555-0199 "
        "(80,000 numbers). Digits before the last ten become 0, or 1 where there are eleven. Seven to nine digits "
        "hold 555-01xx (100 numbers); fewer begin with 0. Letters become x. range: another one, such as NXX-555-XXXX "
        "(8,000,000 numbers), of which seven to nine digits hold the last seven places; acknowledge says why its "
        "numbers may be used though they may be someone's."
    ),
    parameters=Phone,
    types=TEXT | {"int8", "numeric"},
    distinct="slots",
    most=lambda parameters: numbers_in(parameters.places),
    wider=(
        "Name a wider range, {phone: {range: NXX-555-XXXX, acknowledge: …}}, whose numbers may be someone's, or use "
        "pseudonym, with a domain of its own."
    ),
    coincidence="the reserved range is small, and raw test data may lie in it",
    common_capacity=80_000,
    mask=common_first("phone"),
    holds=is_phone,
    variant=_phone_of,
)

NUMBERED = (
    _PHONE,
    Masker(
        name="ssn",
        doc=(
            "The value's own format with an area number that is never issued, 9xx, and a group that no ITIN or ATIN "
            "has either: 9xx-4x-xxxx (10,000,000 numbers), distinct for distinct values. "
            "With other than nine digits: 9 and others. Letters become x. keep_last_four (with a reason) keeps the "
            "last four of nine digits, and equal masks may come of different numbers then."
        ),
        parameters=Ssn,
        types=TEXT | {"int4", "int8", "numeric"},
        distinct="slots",
        coincidence="raw values with fewer than nine digits may begin with 9",
        common_capacity=10**7,
        mask=common_first("ssn"),
        holds=matches(lambda use: "^[^0-9a-wyz]*(9[^a-wyz]*)?$", mostly="^9[-0-9]*$"),
        variant=lambda parameters: _SSN_KEEPING_FOUR if parameters.keep_last_four else None,
    ),
    Masker(
        name="postcode",
        doc=(
            "The value's own format, begun with 0 (00 from four characters on) or Q; the rest is hashed. It may be "
            "a real place's, and by chance the value's own."
        ),
        types=TEXT,
        coincidence="few characters leave few postcodes",
        mask=call("postcode"),
        holds=matches(lambda use: r"^[-[:space:]./,#]*([0Q].*)?$"),
    ),
    Masker(
        name="ip",
        doc=(
            "An address of a range that is nobody's, with the value's own prefix length: 198.18.0.0/15 (RFC 2544) for "
            "IPv4 and whatever is no address, 2001:db8::/32 (RFC 3849) for IPv6. Networks (cidr) "
            "may get equal masks, as only their prefix is theirs; under a unique index they are refused."
        ),
        types=TEXT | {"inet", "cidr"},
        distinct="slots",
        min_width=len("198.19.255.255"),
        coincidence="raw addresses may lie in the range",
        mask=address,
        holds=is_reserved_ip,
    ),
    Masker(
        name="digits",
        doc=(
            "The value's own format with every digit replaced. Letters become x. Under a unique index no mask is a raw "
            "value, so at most half of the numbers of one length can be in use."
        ),
        types=TEXT,
        distinct="slots",
        coincidence="any digits may be a raw value's",
        changes=True,
        mask=call("digits"),
        wider=_FULL,
        holds=matches(lambda use: r"^[-0-9 ()+./#,;:_*x]*$"),
    ),
    Masker(
        name="letters",
        doc=(
            "The value's own format with every digit replaced by a digit and every letter by a letter (a–z) of its "
            "case; ASCII's punctuation and spaces stay."
        ),
        types=TEXT,
        distinct="slots",
        coincidence="a short code may be another one's mask",
        changes=True,
        mask=call("letters"),
        wider=_FULL,
        holds=matches(lambda use: r"^[\x01-\x7e]*$"),
    ),
    Masker(
        name="card_number",
        doc=(
            "The value's own format with a number that no issuer has and a valid check digit (Luhn): 9999 begins no "
            "card, 999 being no country's code. With other than 13 to 19 digits: 9 and others. Letters become x."
        ),
        types=TEXT | {"numeric"},
        distinct="slots",
        coincidence="raw test data may begin with 9",
        mask=call("card_number"),
        holds=matches(lambda use: "^[^0-9a-wyz]*(9[^a-wyz]*|0[^0-9a-wyz]*)?$"),
    ),
    Masker(
        name="iban",
        doc=(
            "The value's own format with country code XX, which ISO 3166 leaves to users, valid check digits and "
            "hashed digits."
        ),
        types=TEXT,
        distinct="slots",
        coincidence="raw test data may begin with XX",
        mask=call("iban"),
        holds=matches(lambda use: r"^[^A-Za-z0-9]*(X[^A-Za-z0-9]*(X[^A-Za-z]*)?)?$"),
    ),
)
