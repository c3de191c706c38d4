"""PostgreSQL's own types, and how ``format_type`` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from masking.schema_file.naming import quoted

_NAMES = (
    "aclitem bit bool box bpchar bytea char cid cidr circle date datemultirange daterange float4 float8 gtsvector"
    " inet int2 int2vector int4 int4multirange int4range int8 int8multirange int8range interval json jsonb jsonpath"
    " line lseg macaddr macaddr8 money name numeric nummultirange numrange oid oid8 oidvector path pg_lsn"
    " pg_snapshot point polygon refcursor regclass regcollation regconfig regdatabase regdictionary regnamespace"
    " regoper regoperator regproc regprocedure regrole regtype text tid time timestamp timestamptz timetz"
    " tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot uuid varbit varchar xid xid8 xml"
)
#: Those that a column may have, besides arrays of them: what an unqualified name means before anything else.
BUILT_IN: Final = frozenset(_NAMES.split())

#: What ``serial`` and its like stand for.
SERIAL: Final = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}

_WORDS: Final = {
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "varbit": "bit varying",
    "varchar": "character varying",
}
_ZONES: Final = {
    "time": ("time", "without time zone"),
    "timetz": ("time", "with time zone"),
    "timestamp": ("timestamp", "without time zone"),
    "timestamptz": ("timestamp", "with time zone"),
}
# INTERVAL_MASK of each field: https://www.postgresql.org/docs/current/datatype-datetime.html, datetime.h
_MONTH, _YEAR, _DAY, _HOUR, _MINUTE, _SECOND = 1 << 1, 1 << 2, 1 << 3, 1 << 10, 1 << 11, 1 << 12
_INTERVAL_FIELDS: Final = {
    _YEAR: " year",
    _MONTH: " month",
    _DAY: " day",
    _HOUR: " hour",
    _MINUTE: " minute",
    _SECOND: " second",
    _YEAR | _MONTH: " year to month",
    _DAY | _HOUR: " day to hour",
    _DAY | _HOUR | _MINUTE: " day to minute",
    _DAY | _HOUR | _MINUTE | _SECOND: " day to second",
    _HOUR | _MINUTE: " hour to minute",
    _HOUR | _MINUTE | _SECOND: " hour to second",
    _MINUTE | _SECOND: " minute to second",
}


def formatted(name: str, modifiers: Sequence[int]) -> str:
    """A type of PostgreSQL's own with its modifiers, as ``format_type`` shows it."""
    listed = f"({','.join(map(str, modifiers))})" if modifiers else ""
    if name == "interval":
        fields = _INTERVAL_FIELDS.get(modifiers[0], "") if modifiers else ""
        return f"interval{fields}" + (f"({modifiers[1]})" if len(modifiers) > 1 else "")
    if name in _ZONES:
        word, zone = _ZONES[name]
        return f"{word}{listed} {zone}"
    if name == "bpchar":
        return f"character{listed}" if modifiers else "bpchar"
    if name == "bit" and modifiers:
        return f"bit{listed}"
    if name == "numeric" and len(modifiers) == 1:
        return f"numeric({modifiers[0]},0)"
    return _WORDS.get(name, name if name in ("json", "numeric") else quoted(name)) + listed


def max_length(name: str, modifiers: Sequence[int]) -> int | None:
    """``n`` of ``varchar(n)``, ``char(n)``, ``bit(n)`` and ``varbit(n)``."""
    return modifiers[0] if modifiers and name in ("varchar", "bpchar", "bit", "varbit") else None


def numeric_precision(name: str, modifiers: Sequence[int]) -> tuple[int, int] | None:
    """Digits and scale of ``numeric(p, s)``."""
    if name != "numeric" or not modifiers:
        return None
    return modifiers[0], modifiers[1] if len(modifiers) > 1 else 0
