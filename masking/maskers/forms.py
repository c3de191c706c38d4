"""The SQL of the maskers: what gives a result, and what is true of every result."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

from psycopg import sql

from masking.maskers.files import TINY_FILES
from masking.maskers.masker import LETTER, Use, as_written, literal, text_of
from masking.maskers.parameters import Bytes, Constant, Expression, JsonValue, Phone
from masking.maskers.phone_range import LOCAL, RESERVED, pattern

TEXT = frozenset({"text", "varchar", "bpchar", "citext", "name"})
INTEGERS = frozenset({"int2", "int4", "int8"})
NUMBERS = INTEGERS | {"numeric", "float4", "float8"}
DATES = frozenset({"date", "timestamp", "timestamptz"})
JSON = frozenset({"json", "jsonb"})


def call(function: LiteralString, *arguments: Callable[[Use], Any]) -> Callable[..., sql.Composable]:
    """``refresh_mask.function(value, arguments…, domain)``, cast to the column's type."""

    def mask(use: Use, value: sql.Composable) -> sql.Composable:
        rest = [literal(argument(use)) for argument in arguments]
        return _cast(use, function, [text_of(value), *rest, literal(use.domain)])

    return mask


def keyed_call(function: LiteralString, *arguments: Callable[[Use], Any]) -> Callable[..., sql.Composable]:
    """``refresh_mask.function(value, arguments…, domain, keys)``, cast to the column's type. The keys are taken from
    the session's settings once for the statement, not for each value.
    """

    def mask(use: Use, value: sql.Composable) -> sql.Composable:
        rest = [literal(argument(use)) for argument in arguments]
        return _cast(use, function, [text_of(value), *rest, literal(use.domain), key_of(use)])

    return mask


def named(function: LiteralString) -> Callable[..., sql.Composable]:
    """As :func:`keyed_call` for what is made of one number, that of the value's hash in lower case."""

    def mask(use: Use, value: sql.Composable) -> sql.Composable:
        text = text_of(value)
        number = hash_number(use, sql.SQL("pg_catalog.lower({})").format(text), place=16)
        rest = [literal(use.width), literal(use.letters), literal(use.domain)]
        return _cast(use, function, [text, number, *rest, key_of(use)])

    return mask


def common_first(function: LiteralString) -> Callable[..., sql.Composable]:
    """As :func:`call` for numbers with a slot, most of which have a common format: these go a shorter way."""

    def mask(use: Use, value: sql.Composable) -> sql.Composable:
        text = text_of(value)
        canonical = sql.Identifier("refresh_mask", f"{function}_canonical")
        number = hash_number(use, sql.SQL("{}({})").format(canonical, text))
        domain = literal(use.domain)
        once = [
            sql.SQL("(SELECT {}({}))").format(sql.Identifier("refresh_mask", name), domain)
            for name in ("some_moved", "moved_filter", "last_bit")
        ]
        return _cast(use, function, [text, number, domain, *once])

    return mask


def key_of(use: Use) -> sql.Composable:
    """The domain's key, computed before a statement's first row."""
    return sql.SQL("(SELECT refresh_mask.key_of({}))").format(literal(use.domain))


def hash_number(use: Use, text: sql.Composable, *, place: int = 0) -> sql.Composed:
    """Seven bytes of a text's hash, from byte ``place`` on, as a number."""
    return sql.SQL("refresh_mask.number_at(refresh_mask.mac({}, {}), {})").format(
        text, key_of(use), literal(place)
    )


def _cast(use: Use, function: LiteralString, arguments: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("CAST({}({}) AS {})").format(
        sql.Identifier("refresh_mask", function), sql.SQL(", ").join(arguments), use.element_type
    )


def matches(pattern: Callable[[Use], str], *, mostly: str = "") -> Callable[..., sql.Composable]:
    """NULL, '' or a text that matches (``~*``) ``pattern``. ``mostly``: what most match, told sooner."""

    def holds(use: Use, value: sql.Composable) -> sql.Composable:
        first = sql.SQL("{} ~ {} OR ").format(text_of(value), literal(mostly)) if mostly else sql.SQL("")
        return sql.SQL("{text} IS NULL OR {text} = '' OR {first}{text} ~* {pattern}").format(
            text=text_of(value), first=first, pattern=literal(pattern(use))
        )

    return holds


def is_at(host: str) -> Callable[..., sql.Composable]:
    """NULL, '' or an address of the use's letters at ``host``, in any case.

    Three short questions, as PostgreSQL builds a pattern's automaton anew for every value: a class is one state, a text
    of 30 characters 30.
    """

    def holds(use: Use, value: sql.Composable) -> sql.Composable:
        tail = f"@{host}"
        return sql.SQL(
            "{text} IS NULL OR {text} = '' OR (pg_catalog.length({text}) = {length}"
            ' AND (pg_catalog."right"({text}, {tail_length}) = {tail}'
            ' OR pg_catalog.lower(pg_catalog."right"({text}, {tail_length})) = {tail})'
            ' AND pg_catalog."left"({text}, {letters}) !~* {other})'
        ).format(
            text=text_of(value),
            length=literal(use.letters + len(tail)),
            tail_length=literal(len(tail)),
            tail=literal(tail),
            letters=literal(use.letters),
            other=literal(f"[^{LETTER[1:]}"),
        )

    return holds


def width_of(use: Use) -> int:
    return use.width


def letters_of(use: Use) -> int:
    return use.letters


def username_prefix(use: Use) -> str:
    return "user_" if use.letters + 5 <= use.width else ""


def from_list(*words: LiteralString, leading: str = "") -> Callable[..., sql.Composable]:
    """NULL, '' or a word of a list, cut to the width, with letters behind it where results are distinct, and any of the
    characters ``leading`` before it.
    """

    def holds(use: Use, value: sql.Composable) -> sql.Composable:
        text = text_of(value)
        bare = text
        room = use.width
        if use.letters:
            bare = sql.SQL("pg_catalog.regexp_replace({}, {}, '', 'i')").format(
                text, literal(f" {LETTER}{{{use.letters}}}$")
            )
            room = max(use.width - use.letters - 1, 0)
        if leading:
            bare = sql.SQL("pg_catalog.ltrim(pg_catalog.ltrim({}, {}), ' ')").format(bare, literal(leading))
        # A list's longest word with what may stand before it: narrower columns can hold only its beginning.
        narrow = room < _WHOLE_WIDTH
        test = (
            sql.SQL(
                "EXISTS (SELECT FROM pg_catalog.unnest({list}) word WHERE pg_catalog.starts_with(word, {bare}))"
            )
            if narrow
            else sql.SQL("{bare} IN (SELECT word FROM pg_catalog.unnest({list}) word)")
        )
        lists = [sql.SQL("{}()").format(sql.Identifier("refresh_mask", word)) for word in words]
        if len(lists) == 1:
            matched = test.format(bare=bare, list=lists[0])
        else:
            first = sql.SQL("pg_catalog.split_part({}, ' ', 1)").format(bare)
            second = sql.SQL("pg_catalog.split_part({}, ' ', 2)").format(bare)
            matched = sql.SQL(" AND ").join(
                [test.format(bare=first, list=lists[0]), test.format(bare=second, list=lists[1])]
            )
        return sql.SQL("{text} IS NULL OR {text} = '' OR ({matched})").format(text=text, matched=matched)

    return holds


_WHOLE_WIDTH = 24


def address(use: Use, value: sql.Composable) -> sql.Composable:
    if use.column.element_type in TEXT:
        return call("ip")(use, value)
    address = sql.SQL("refresh_mask.ip_inet({}, {})").format(value, literal(use.domain))
    if use.column.element_type == "cidr":
        return sql.SQL("CAST(pg_catalog.network({}) AS pg_catalog.cidr)").format(address)
    return address


def is_reserved_ip(use: Use, value: sql.Composable) -> sql.Composable:
    if use.column.element_type in TEXT:
        return matches(lambda _: r"^(198\.1[89]\.[0-9.]+|2001:db8:[0-9a-f:]+)(/[0-9]+)?$")(use, value)
    # A prefix shorter than the reserved range's own covers more than the range, but says nothing of anyone.
    return sql.SQL(
        "{value} IS NULL OR {value} <<= '198.18.0.0/15' OR {value} <<= '2001:db8::/32'"
        " OR {value} >>= '198.18.0.0/15' OR {value} >>= '2001:db8::/32'"
    ).format(value=value)


def same_year(use: Use, value: sql.Composable) -> sql.Composable:
    domain = literal(use.domain)
    match use.column.element_type:
        case "timestamptz":
            return sql.SQL("(refresh_mask.same_year({} AT TIME ZONE 'UTC', {}) AT TIME ZONE 'UTC')").format(
                value, domain
            )
        case "date" | "timestamp":
            return sql.SQL("CAST(refresh_mask.same_year(CAST({} AS pg_catalog.timestamp), {}) AS {})").format(
                value, domain, use.element_type
            )
        case _:
            return call("same_year_text")(use, value)


def is_masked_day(use: Use, value: sql.Composable) -> sql.Composable:
    match use.column.element_type:
        case "timestamptz":
            day = sql.SQL("({} AT TIME ZONE 'UTC')").format(value)
        case "date" | "timestamp":
            day = sql.SQL("CAST({} AS pg_catalog.timestamp)").format(value)
        case _:
            return matches(lambda _: r"^([0-9]{4}-[01][0-9]-([01][0-9]|2[0-8])|[-0x ()+./#,;:_*]*)$")(
                use, value
            )
    return sql.SQL(
        "{day} IS NULL OR NOT pg_catalog.isfinite({day})"
        " OR (EXTRACT(day FROM {day}) <= 28 AND {day} = pg_catalog.date_trunc('day', {day}))"
    ).format(day=day)


def noisy(use: Use, value: sql.Composable) -> sql.Composable:
    return sql.SQL("CAST(refresh_mask.noisy(CAST({} AS pg_catalog.numeric), {}) AS {})").format(
        value, literal(use.domain), use.element_type
    )


def is_smallest(use: Use, value: sql.Composable) -> sql.Composable:
    return sql.SQL("refresh_mask.stays(CAST({} AS pg_catalog.numeric))").format(value)


def pseudonym(use: Use, value: sql.Composable) -> sql.Composable:
    if use.column.element_type == "uuid":
        return sql.SQL("refresh_mask.pseudonym_uuid({}, {})").format(value, literal(use.domain))
    return keyed_call("pseudonym", letters_of)(use, value)


def is_pseudonym(use: Use, value: sql.Composable) -> sql.Composable:
    if use.column.element_type == "uuid":
        return matches(lambda _: "^.{14}4.{4}8")(use, value)
    return matches(lambda _: f"^{LETTER}{{{use.letters}}}$")(use, value)


def is_filler(use: Use, value: sql.Composable) -> sql.Composable:
    text = text_of(value)
    if use.letters:
        return sql.SQL(
            "{text} IS NULL OR {text} = '' OR {text} ~* {pattern} AND"
            " pg_catalog.substr({text}, {after})"
            " = refresh_mask.filler(GREATEST(pg_catalog.length({text}) - {letters} - 1, 0))"
        ).format(
            text=text,
            pattern=literal(f"^{LETTER}{{{use.letters}}}( |$)"),
            after=literal(use.letters + 2),
            letters=literal(use.letters),
        )
    # A value's trailing blanks may be the filler's own, cut in the middle; char(n) drops them.
    return sql.SQL("{text} IS NULL OR {text} = refresh_mask.filler(pg_catalog.length({text}))").format(
        text=text
    )


def is_phone(use: Use, value: sql.Composable) -> sql.Composable:
    places = use.parameters.places if isinstance(use.parameters, Phone) else RESERVED
    digits = sql.SQL("pg_catalog.translate({}, '-+ ()./#,;:_*x', '')").format(text_of(value))
    # Most are of a common format, and most others have ten digits or more: those are the first questions.
    common = sql.SQL("refresh_mask.phone_is_common_and_reserved({text}) OR ")
    return sql.SQL(
        "{text} IS NULL OR {common}{text} ~ '^[-0-9 ()+./#,;:_*x]*$' AND"
        ' (pg_catalog."right"({digits}, {national}) ~ {whole}'
        " OR pg_catalog.length({digits}) < {national} AND"
        ' CASE WHEN pg_catalog.length({digits}) >= {local} THEN pg_catalog."right"({digits}, {local}) ~ {ending}'
        " ELSE {digits} ~ '^(0|$)' END)"
    ).format(
        common=common.format(text=text_of(value)) if places == RESERVED else sql.SQL(""),
        text=text_of(value),
        digits=digits,
        national=literal(len(places)),
        whole=literal(f"^{pattern(places)}"),
        local=literal(LOCAL),
        ending=literal(f"^{pattern(places[-LOCAL:])}"),
    )


def as_constant(use: Use, value: sql.Composable) -> sql.Composable:
    given = constant_of(use)
    if use.column.base_type in TEXT:
        return sql.SQL("CASE WHEN {value} IS NULL OR {value} = '' THEN {value} ELSE {given} END").format(
            value=value, given=given
        )
    return sql.SQL("CASE WHEN {value} IS NOT NULL THEN {given} END").format(value=value, given=given)


def is_constant(use: Use, value: sql.Composable) -> sql.Composable:
    given = constant_of(use)
    # As text: types such as xml and point have no equality. What jsonb shows has one form, what json shows hasn't.
    if use.column.base_type == "json":
        value, given = (sql.SQL("CAST({} AS pg_catalog.jsonb)").format(side) for side in (value, given))
    blank = sql.SQL(" OR {} = ''").format(value) if use.column.base_type in TEXT else sql.SQL("")
    return sql.SQL("{value} IS NULL{blank} OR {text} = {given}").format(
        value=value, blank=blank, text=text_of(value), given=text_of(given)
    )


def constant_of(use: Use) -> sql.Composable:
    """The value of ``constant``, ``json`` or ``bytes``, in the column's own type."""
    parameters = use.parameters
    if isinstance(parameters, Bytes):
        return literal(TINY_FILES[parameters.kind] if parameters.kind else bytes.fromhex(parameters.hex))
    given = parameters.value if isinstance(parameters, Constant | JsonValue) else None
    if use.column.base_type in JSON or isinstance(given, dict):
        given = json.dumps(given)
    elif isinstance(given, list):
        given = [None if item is None else _plain(item) for item in given]
    else:
        given = _plain(given)
    return sql.SQL("CAST({} AS {})").format(literal(given), as_written(use.column.type))


def constant_length(use: Use) -> int:
    """Characters that a constant text needs; 0 for whatever has no length to check."""
    if isinstance(use.parameters, Constant) and use.column.base_type in TEXT:
        return len(_plain(use.parameters.value))
    return 0


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(use: Use, value: sql.Composable) -> sql.Composable:
    if not isinstance(use.parameters, Expression):
        raise TypeError(use.parameters)
    return sql.SQL("({}\n)").format(as_written(use.parameters.expression))  # it may end in a comment


def as_it_is(use: Use, value: sql.Composable) -> sql.Composable:
    return value
