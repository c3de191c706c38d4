"""Which maskers a column's CHECKs would let through, tried on sampled rows before one is suggested.

A CHECK is SQL, so only PostgreSQL can say whether it holds. Each trial puts a value like the masker's own into
sampled rows and asks whether every CHECK that reads the column still holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import sql

from masking.catalogue import Check, Column, Table
from masking.maskers.masker import as_written
from masking.suggestion.kinds import family_of

#: What a column of which a CHECK wants a certain form may be set to, where no masker passes.
CONSTANTS: Final = (
    "x",
    "X",
    "0",
    "1",
    "00",
    "XX",
    "000",
    "XXX",
    "0000",
    "00000",
    "none",
    "https://example.com/",
    "+10000000000",
)

#: Expressions over ``{value}``, the raw value as text: what the masker's results look like.
_TEXT: Final[dict[str, LiteralString]] = {
    "email": "'abcdefghijklmnop@example.com'",
    "username": "'abcdefghij'",
    "pseudonym": "'abcdefghijklmnop'",
    "card_number": "'9999123412341231'",
    "iban": "'XX12QWER12345678901234'",
    "url": "'https://example.com/ab/12'",
    "uuid": "'0b7d4f0e-6a8f-4c1b-8d52-3c1f0a9b7e64'",
    "person_email": "'adela.aldridge.abcdefghijklmnop@example.com'",
    "person_first_name": "'Adela'",
    "person_last_name": "'Aldridge'",
    "person_name": "'Adela Aldridge'",
    "place_city": "'Aldridgeberg'",
    "place_postcode": "'00123'",
    "first_name": "'Adela'",
    "last_name": "'Aldridge'",
    "full_name": "'Adela Aldridge'",
    "street": "'123 Acorn Street'",
    "city": "'Amberbridge'",
    "free_text": "pg_catalog.left('Lorem ipsum dolor sit amet, consectetur', pg_catalog.length({value}))",
    "ip": "'198.18.12.34'",
    "date_of_birth": "pg_catalog.regexp_replace({value}, '[0-9]', '1', 'g')",
    "phone": "pg_catalog.regexp_replace(pg_catalog.regexp_replace({value}, '[^-0-9 ()+./#,;:_*]', 'x', 'g'),"
    " '[0-9]', '5', 'g')",
    "digits": "pg_catalog.regexp_replace(pg_catalog.regexp_replace({value}, '[^-0-9 ()+./#,;:_*]', 'x', 'g'),"
    " '[0-9]', '7', 'g')",
    "ssn": "pg_catalog.regexp_replace(pg_catalog.regexp_replace({value}, '[^-0-9 ()+./#,;:_*]', 'x', 'g'),"
    " '[0-9]', '9', 'g')",
    "postcode": "pg_catalog.regexp_replace(pg_catalog.regexp_replace({value}, '[0-9]', '0', 'g'),"
    " '[[:alpha:]]', 'Q', 'g')",
    "shape": "pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace({value},"
    " '[[:lower:]]', 'x', 'g'), '[[:upper:]]', 'X', 'g'), '[0-9]', '0', 'g')",
    "numbered": "'x1'",
    "null": "NULL",
    **{f"constant {constant}": f"'{constant}'" for constant in CONSTANTS},
}
_JSON: Final[dict[str, LiteralString]] = {"json": "'{{}}'", "json_array": "'[]'", "null": "NULL"}
_NUMBER: Final[dict[str, LiteralString]] = {
    "card_number": "pg_catalog.regexp_replace({value}, '[0-9]', '9', 'g')",
    "geo_jitter": "{value}::numeric + 0.01",
    "number": "pg_catalog.round({value}::numeric * 0.75)",
    "phone": "pg_catalog.regexp_replace({value}, '[0-9]', '5', 'g')",
    "ssn": "pg_catalog.regexp_replace({value}, '[0-9]', '9', 'g')",
    "year": "'1970'",
    "numbered": "'900000001'",
    "null": "NULL",
}
_DATE: Final[dict[str, LiteralString]] = {
    "date_of_birth": "pg_catalog.date_trunc('year', {value}::timestamp) + interval '40 days'",
    "old_year": "'1750-01-01'",
    "null": "NULL",
}
_BYTES: Final[dict[str, LiteralString]] = {"bytes": "''", "null": "NULL"}
_ELSE: Final[dict[str, LiteralString]] = {"null": "NULL"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One masker tried on one column; ``value`` is the SQL of its example, reading the row as ``r``."""

    column: Column
    masker: str
    value: sql.Composed
    checks: tuple[Check, ...]


def checks_on(table: Table, column: Column) -> tuple[Check, ...]:
    """The table's own CHECKs that read the column; a domain's are tried by the cast to the domain."""
    return tuple(check for check in table.checks if column.name in check.columns and check.domain is None)


def is_checked(table: Table, column: Column) -> bool:
    """Whether a CHECK of the table or of a domain restricts the column's values."""
    return column.domain is not None or bool(checks_on(table, column))


def _examples(column: Column) -> dict[str, LiteralString]:
    match family_of(column.element_type):
        case "text":
            return _TEXT
        case "json":
            return _JSON if column.element_type in ("json", "jsonb") else {"constant": "''", "null": "NULL"}
        case "integer" | "number":
            return _NUMBER
        case "date":
            return _DATE
        case "bytes":
            return _BYTES
        case _:
            return _ELSE


def trials_of(table: Table) -> Iterator[Trial]:
    """The trials that tell which maskers fit the checked columns of a table."""
    for column in table.columns:
        if column.generated or column.is_array or not is_checked(table, column):
            continue
        raw = sql.SQL("r.{}::text").format(sql.Identifier(column.name))
        for masker, example in _examples(column).items():
            yield Trial(
                column=column,
                masker=masker,
                value=sql.SQL("({})::text::{}").format(
                    sql.SQL(example).format(value=raw), as_written(column.type)
                ),
                checks=checks_on(table, column),
            )
