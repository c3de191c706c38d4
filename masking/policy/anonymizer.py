"""PostgreSQL Anonymizer's masking functions, and what each is here.

A function has an equal where a masker gives the same kind of value and the mask tells no more of the raw value than
its format and that equal values are equal. Facts: https://postgresql-anonymizer.readthedocs.io/en/stable/masking_functions/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Equal:
    """A masker that stands for some functions."""

    functions: tuple[str, ...]
    masker: str
    #: How its values differ from the functions' own; '' where nothing is to be said.
    differs: str = ""
    #: Whether the functions' first argument is what the value is made of: it must be the column itself.
    seeded: bool = False


@dataclass(frozen=True, kw_only=True)
class Written:
    """A function that becomes an ``sql`` rule. ``template`` has its arguments as ``$1`` and so on."""

    function: str
    template: str
    arguments: int


@dataclass(frozen=True, kw_only=True)
class NoEqual:
    """Functions without an equal: why, and what to write instead."""

    functions: tuple[str, ...]
    why: str
    remedy: str


EQUALS = (
    Equal(functions=("fake_first_name", "dummy_first_name"), masker="first_name"),
    Equal(functions=("pseudo_first_name",), masker="first_name", seeded=True),
    Equal(functions=("fake_last_name", "dummy_last_name"), masker="last_name"),
    Equal(functions=("pseudo_last_name",), masker="last_name", seeded=True),
    Equal(functions=("dummy_name", "dummy_name_with_title"), masker="full_name", differs="without a title"),
    Equal(
        functions=("fake_email", "dummy_free_email", "dummy_safe_email"),
        masker="email",
        differs="always at example.com",
    ),
    Equal(functions=("pseudo_email",), masker="email", differs="always at example.com", seeded=True),
    Equal(functions=("dummy_username",), masker="username"),
    Equal(functions=("fake_city", "dummy_city_name"), masker="city", differs="a made-up town"),
    Equal(functions=("pseudo_city",), masker="city", differs="a made-up town", seeded=True),
    Equal(
        functions=("fake_country", "dummy_country_name"), masker="place_country", differs="a made-up country"
    ),
    Equal(functions=("pseudo_country",), masker="place_country", differs="a made-up country", seeded=True),
    Equal(
        functions=("dummy_country_code",),
        masker="place_country",
        differs="a code that ISO 3166 leaves to users where the column holds three characters at most, else a name",
    ),
    Equal(
        functions=("fake_address", "dummy_street_name"),
        masker="street",
        differs="a house number and a street, without a town",
    ),
    Equal(
        functions=("fake_postcode", "dummy_post_code", "dummy_zip_code", "random_zip"),
        masker="postcode",
        differs="in the value's own format; it begins with 0 or Q",
    ),
    Equal(
        functions=("dummy_phone_number", "dummy_cell_number", "random_phone"),
        masker="phone",
        differs="in the value's own format, a number reserved for fiction; no prefix is kept",
    ),
    Equal(
        functions=("fake_company", "dummy_company_name"), masker="company", differs="an adjective and a noun"
    ),
    Equal(functions=("pseudo_company",), masker="company", differs="an adjective and a noun", seeded=True),
    Equal(
        functions=("fake_iban",),
        masker="iban",
        differs="in the value's own format, of country XX, which is nobody's",
    ),
    Equal(
        functions=("pseudo_iban",),
        masker="iban",
        differs="in the value's own format, of country XX, which is nobody's",
        seeded=True,
    ),
    Equal(
        functions=("dummy_credit_card_number",),
        masker="card_number",
        differs="in the value's own format, a number that no issuer has",
    ),
    Equal(
        functions=("dummy_bic", "dummy_licence_plate"), masker="letters", differs="in the value's own format"
    ),
    Equal(functions=("random_number_with_format",), masker="digits", differs="in the value's own format"),
    Equal(
        functions=("dummy_ip", "dummy_ipv4", "dummy_ipv6"),
        masker="ip",
        differs="of the value's own family, from a range that is nobody's",
    ),
    Equal(
        functions=("dummy_uuidv1", "dummy_uuidv3", "dummy_uuidv4", "dummy_uuidv5"),
        masker="uuid",
        differs="always of version 4",
    ),
    Equal(
        functions=("random_string", "random_hash"),
        masker="pseudonym",
        differs="18 letters, or as many as fit",
    ),
    Equal(
        functions=("hash", "digest"),
        masker="pseudonym",
        differs="18 letters of a hash with the env's key instead of a salt, or as many as fit",
        seeded=True,
    ),
    Equal(
        functions=("lorem_ipsum", "dummy_word", "dummy_words", "dummy_catchphrase"),
        masker="free_text",
        differs="as long as the value, whatever length is asked for",
    ),
    Equal(
        functions=("noise",),
        masker="number",
        differs="between half of the value and the value; a ratio above 0.5 is refused",
        seeded=True,
    ),
    Equal(
        functions=("dnoise",),
        masker="date",
        differs="another day of the same year; an interval above a year is refused",
        seeded=True,
    ),
)

WRITTEN = (
    Written(
        function="partial",
        template="pg_catalog.substr($1, 1, $2) || $3 || pg_catalog.right($1, $4)",
        arguments=4,
    ),
    Written(
        function="partial_email",
        template=(
            "pg_catalog.left(pg_catalog.split_part($1, '@', 1), 2) || '******@'"
            " || pg_catalog.left(pg_catalog.regexp_replace($1, '^.*@', ''), 2) || '******.'"
            " || pg_catalog.regexp_replace($1, '^.*[@.]', '')"
        ),
        arguments=1,
    ),
)

#: Functions of PostgreSQL's own that the extension offers under its name; they are called by their own.
OWN = (
    "concat",
    "date_add",
    "date_part",
    "date_subtract",
    "date_trunc",
    "left",
    "length",
    "lower",
    "make_date",
    "make_time",
    "md5",
    "regexp_replace",
    "replace",
    "right",
    "substr",
    "to_char",
    "to_date",
    "to_number",
    "to_timestamp",
    "upper",
)

#: ``CASE WHEN $1 THEN $2 ELSE $3 END``: it becomes a rule with ``when``.
TERNARY = "ternary"

_MADE_UP = "no masker makes one up"
_HARMLESS = "it tells nothing of a person"
_CHANCE = "its values come from chance alone, and masks here are made from the row's own value"

NO_EQUALS = (
    NoEqual(
        functions=(
            "dummy_company_suffix", "fake_siret", "pseudo_siret", "dummy_isin", "dummy_health_insurance_code",
            "dummy_mac_address", "dummy_latitude", "dummy_longitude", "dummy_state_name", "dummy_state_abbr",
            "dummy_building_number", "dummy_secondary_address", "dummy_secondary_address_type",
            "dummy_free_email_provider", "dummy_profession",
        ),
        why=_MADE_UP,
        remedy="Write letters (the value's own format), pseudonym, constant or null in policy.yaml.",
    ),
    NoEqual(
        functions=(
            "dummy_bs", "dummy_bs_adj", "dummy_bs_noun", "dummy_bs_verb", "dummy_buzzword", "dummy_buzzword_middle",
            "dummy_buzzword_tail", "dummy_city_prefix", "dummy_city_suffix", "dummy_color", "dummy_currency_code",
            "dummy_currency_name", "dummy_currency_symbol", "dummy_dir_path", "dummy_domain_suffix",
            "dummy_file_extension", "dummy_file_name", "dummy_file_path", "dummy_hex_color", "dummy_hsl_color",
            "dummy_hsla_color", "dummy_industry", "dummy_isbn", "dummy_isbn13", "dummy_rfc_status_code",
            "dummy_rgb_color", "dummy_rgba_color", "dummy_street_suffix", "dummy_suffix", "dummy_timezone",
            "dummy_title", "dummy_user_agent", "dummy_valid_statux_code",
        ),
        why=_HARMLESS,
        remedy="Write constant, or free_text, in policy.yaml.",
    ),
    NoEqual(
        functions=(
            "random_date", "random_date_between", "random_in_daterange", "random_in_tsrange", "random_in_tstzrange",
        ),
        why=_CHANCE,
        remedy="Write date_of_birth (another day of the same year), or constant, in policy.yaml.",
    ),
    NoEqual(
        functions=(
            "random_int_between", "random_bigint_between", "random_in_int4range", "random_in_int8range",
            "random_in_numrange", "random",
        ),
        why=_CHANCE,
        remedy="Write number (between half of the value and the value), or constant, in policy.yaml.",
    ),
    NoEqual(
        functions=("random_in", "random_in_enum"),
        why=_CHANCE,
        remedy="Write constant, or an sql that chooses by the row's own columns, in policy.yaml.",
    ),
    NoEqual(
        functions=("random_id", "random_id_int", "random_id_small_int", "random_id_smallint"),
        why="it counts on from row to row, so the same value would get another mask in each table",
        remedy="Keep a number that only joins rows; for others write pseudonym or ssn in policy.yaml.",
    ),
    NoEqual(
        functions=(
            "generalize_int4range", "generalize_int8range", "generalize_numrange", "generalize_tsrange",
            "generalize_tstzrange", "generalize_daterange",
        ),
        why="it gives a range, which the column's type doesn't hold",
        remedy="Round it in policy.yaml, such as: {bucket: {width: 10}}, or {bucket: month}.",
    ),
    NoEqual(
        functions=("image_blur",),
        why="it needs the extension's own code in the database",
        remedy="Write bytes in policy.yaml.",
    ),
    NoEqual(
        functions=("age", "now"),
        why="it answers otherwise each day",
        remedy="Write out the date in policy.yaml, with constant or sql.",
    ),
    NoEqual(
        functions=("shuffle_column", "add_noise_on_numeric_column", "add_noise_on_datetime_column"),
        why="it changes a whole table by itself",
        remedy="Write number, date or pseudonym in policy.yaml.",
    ),
)  # fmt: skip

EQUAL_OF: Mapping[str, Equal] = {name: equal for equal in EQUALS for name in equal.functions}
WRITTEN_OF: Mapping[str, Written] = {written.function: written for written in WRITTEN}
NO_EQUAL_OF: Mapping[str, NoEqual] = {name: none for none in NO_EQUALS for name in none.functions}


def without_locale(function: str) -> str:
    """``dummy_x_locale`` as ``dummy_x``: names and words here come from one list whatever the locale."""
    return function.removesuffix("_locale") if function.startswith("dummy_") else function
