"""Numbers with a format: each comes from a range that is nobody's, or keeps its format."""

from __future__ import annotations

from masking.forms import TEXT, address, call, is_phone, is_reserved_ip, matches
from masking.masker import Masker

NUMBERED = (
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
)
