"""What personal data and secrets look like, one pattern each, and which of it is nobody's."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from masking.maskers.phone_range import RESERVED, pattern
from masking.maskers.reserved_domains import is_reserved

Shape = Literal["email", "phone", "ssn", "card", "iban", "private_key", "api_token", "jwt", "password_hash"]

# Local parts are looked at up to 64 characters (RFC 5321, 4.5.3.1.1); letters may be of any alphabet (RFC 6531).
_LOCAL_PART_END: Final = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
)
_AFTER_AT: Final = re.compile(rb"@([A-Za-z0-9.\x80-\xff-]{3,255})")
_LABEL: Final = r"[A-Za-z0-9\x80-\U0010ffff]"
# Labels, and a last one of letters, in its own alphabet or as DNS has it (RFC 5890).
_HOST: Final = re.compile(
    rf"((?:{_LABEL}(?:(?:{_LABEL}|-){{0,61}}{_LABEL})?\.)+"
    r"(?:[Xx][Nn]--[A-Za-z0-9-]{1,58}[A-Za-z0-9]|[A-Za-z]{2,24}|[\x80-\U0010ffff]{2,24}))(?![A-Za-z0-9-])"
)
# logo@2x.png is a picture for dense screens.
_PICTURE: Final = re.compile(r"[1-9]x\.[A-Za-z]{2,4}$")

#: With its country's code behind a +, or as the North American plan's numbers are written.
PHONE_ABROAD: Final = re.compile(
    rb"\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{2,5}){1,5}(?![\w-])"
)
PHONE: Final = re.compile(rb"[2-9]\d{2}(?:\)[ ]?|[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)")
_PHONE_DIGITS: Final = range(9, 16)
_RESERVED_PHONE: Final = re.compile(rb"1?" + pattern(RESERVED).encode())

# https://www.ssa.gov/employer/randomization.html: which numbers are never given.
SSN: Final = re.compile(rb"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")

# What issuers' numbers begin with (ISO/IEC 7812): Visa, Mastercard, Discover, JCB, UnionPay; then American Express and
# Diners Club.
CARD: Final = re.compile(
    rb"(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2}|35[2-8]\d|62\d{2})(?:[ -]?\d{4}){3}(?:\d{1,3})?(?![\w-])"
    rb"|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\w-])|3(?:0[0-5]|[68]\d)\d[ -]?\d{6}[ -]?\d{4}(?![\w-])"
)
#: What payment providers publish for tests.
_TEST_CARDS: Final = frozenset(
    {
        b"4111111111111111",
        b"4242424242424242",
        b"4012888888881881",
        b"4000056655665556",
        b"5555555555554444",
        b"5105105105105100",
        b"378282246310005",
        b"371449635398431",
        b"6011111111111117",
        b"6011000990139424",
        b"3530111333300000",
        b"30569309025904",
        b"38520000023237",
    }
)

IBAN: Final = re.compile(rb"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
# How long a country's IBANs are: https://www.swift.com/standards/data-standards/iban-international-bank-account-number
_IBAN_LENGTHS: Final = {
    length: frozenset(countries.encode().split())
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH CR HR LI LV",
        22: "BG BH DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC SM MR",
        28: "AL AZ BY CY DO GT HU LB PL SV NI",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}

PRIVATE_KEY: Final = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d"
)
JWT: Final = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
# As each provider documents its own; what stands before a word of its own is looked for at words' beginnings only.
API_TOKEN: Final = re.compile(
    rb"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}"
    rb"|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    rb"|AIza[A-Za-z0-9_-]{35}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}"
    rb"|whsec_[A-Za-z0-9+/=_-]{16,}|shp(?:at|ss|ca|pa)_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{32,}|hf_[A-Za-z0-9]{30,}"
    rb"|ya29\.[A-Za-z0-9_-]{20,}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|pypi-[A-Za-z0-9_-]{30,}"
    rb"|dckr_pat_[A-Za-z0-9_-]{20,}|hvs\.[A-Za-z0-9_-]{20,}"
)
# Of crypt(3), Argon2, PHPass, Django, Werkzeug, LDAP and PostgreSQL.
PASSWORD_HASH: Final = re.compile(
    rb"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$v=|\$[156]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}"
    rb"\$[./A-Za-z0-9]{22,}|\$(?:P|H)\$[./A-Za-z0-9]{31}|\$y\$[./A-Za-z0-9]+\$|\$scrypt\$|\$pbkdf2-"
    rb"|pbkdf2_sha\d+\$\d+\$|pbkdf2:sha\d+:|scrypt:\d+:\d+:\d+\$|\{SSHA\d*\}|SCRAM-SHA-256\$\d+:"
    rb"|md5[0-9a-f]{32}(?![0-9A-Za-z])"
)


def is_email(block: bytes, at: int) -> bool:
    """Whether the @ at ``at`` is that of an address which may be somebody's."""
    if at == 0 or not _ends_local_part(block, at):
        return False
    after = _AFTER_AT.match(block, at)
    found = _HOST.match(_up_to_punctuation(after[1])) if after else None
    return found is not None and not is_reserved(found[1]) and not _PICTURE.match(found[1])


def _ends_local_part(block: bytes, at: int) -> bool:
    if block[at - 1] < 0x80:
        return block[at - 1] in _LOCAL_PART_END
    # A character is four bytes at most; what is left of the one before is dropped.
    return _is_of_word(block[max(0, at - 4) : at].decode("utf-8", "ignore")[-1:])


def _up_to_punctuation(text: bytes) -> str:
    """Up to what is no letter, digit or mark beyond ASCII: a curly quote, a wide comma."""
    if text.isascii():
        return text.decode()
    whole = text.decode("utf-8", "ignore")
    ends = (
        place for place, character in enumerate(whole) if character >= "\x80" and not _is_of_word(character)
    )
    return whole[: next(ends, len(whole))]


def _is_of_word(character: str) -> bool:
    return character != "" and unicodedata.category(character)[0] in "LMN"


def is_phone(number: bytes) -> bool:
    """Whether the digits are as many as a number's, and not set apart for fiction."""
    digits = re.sub(rb"\D", b"", number)
    return len(digits) in _PHONE_DIGITS and not _RESERVED_PHONE.fullmatch(digits)


def is_card(number: bytes) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B), of a number that no provider publishes."""
    digits = re.sub(rb"\D", b"", number)
    if digits in _TEST_CARDS or len(set(digits)) < 3:
        return False
    doubled = (2 * (digit - 48) for digit in digits[-2::-2])
    plain = sum(digit - 48 for digit in digits[::-2])
    return (plain + sum(digit // 10 + digit % 10 for digit in doubled)) % 10 == 0


def is_iban(code: bytes) -> bool:
    """The check digits (ISO 13616: 1 modulo 97) of a country's own length; XX is no country."""
    squeezed = code.replace(b" ", b"")
    if squeezed[:2] not in _IBAN_LENGTHS.get(len(squeezed), frozenset()):
        return False
    return int("".join(str(int(chr(byte), 36)) for byte in squeezed[4:] + squeezed[:4])) % 97 == 1
