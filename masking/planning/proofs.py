"""What can be said of a rule's values before a server is asked: constants that are no value of their column's type, and
masks that a CHECK of a simple shape refuses.

What needs a server (the user's own SQL, other CHECKs, values with a format) is tried on a few rows before the pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any, Final

from contracts.errors import PolicyInvalid
from masking.catalogue import Catalogue, Check, Column, Table, TableName
from masking.maskers.forms import TEXT
from masking.maskers.masker import Use
from masking.maskers.parameters import Constant, Email
from masking.policy.rules import ColumnRule, Policy, invalid
from masking.syntax.simple_checks import Value, verdict

_INTEGERS: Final = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
_BOOLEANS: Final = ("true", "false", "yes", "no", "on", "off", "1", "0")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_UUID_DIGITS: Final = 32
#: Digits that PostgreSQL's numeric has on either side of the point.
_PRECISION_MAX: Final = 150_000
#: What stands for a keyed hash: letters of either case, as the value has it, and letters with digits.
_LETTERS: Final = ("abcdefghijklmnopqr" * 4, "RQPONMLKJIHGFEDCBA" * 4, "h7g6f5e4d3c2b1a0p9" * 4)


def check_values(catalogue: Catalogue, policy: Policy, uses: Mapping[tuple[TableName, str], Use]) -> None:
    """Raise :class:`PolicyInvalid` for every rule whose values its column surely refuses, naming all of them."""
    found: list[PolicyInvalid] = []
    for (name, column), use in uses.items():
        table, rule = catalogue.tables_by_id[name], policy.tables[name].columns[column]
        found += (
            invalid(rule.position, what, remedy)
            for part in use.parts
            for what, remedy in _unfit(catalogue, table, column, part, rule)
        )
    if len(found) == 1:
        raise found[0]
    if found:
        raise PolicyInvalid(
            f"{len(found)} rules don't fit, this one and those below",
            resource=found[0].resource,
            remedy="\n".join(map(str, found)),
        )


def _unfit(
    catalogue: Catalogue, table: Table, column: str, use: Use, rule: ColumnRule
) -> Iterator[tuple[str, str]]:
    for one in use.with_inner():
        given = _given(one)
        why = None if given is None else _no_value(one.column, given)
        if why is not None:
            yield (
                f"column {table}.{column}{one.where}: constant {why}",
                f"Write a value of {one.column.type}.",
            )
            return
    checks = list(_checks(catalogue, table, column))
    examples = _examples(use) if checks else ()
    for check in checks if examples else ():
        name = "value" if check.domain else column
        if all(verdict(check.expression, {name: example}) is False for example in examples):
            whose = f"CHECK {check.name}" + (f" of domain {check.domain}" if check.domain else "")
            yield (
                f"column {table}.{column}: masker {use.masker.name} gives values that {whose} refuses",
                "Use constant with a value that it allows, another masker, sql or a script.",
            )


def _checks(catalogue: Catalogue, table: Table, column: str) -> Iterator[Check]:
    """The valid CHECKs of a table or of its partitions that read a column."""
    seen: set[tuple[str, str]] = set()
    for one in (table, *catalogue.leaves(table)):
        for check in one.checks:
            if check.validated and column in check.columns and (check.name, check.expression) not in seen:
                seen.add((check.name, check.expression))
                yield check


def _examples(use: Use) -> tuple[Value, ...]:
    """Values as the masker gives them, of which a column takes all or none; empty where they depend on the raw ones."""
    column = use.column
    if use.masker.name == "null":
        return (None,)
    if column.is_array or column.element_type == "bpchar":  # padded for some operators
        return ()
    if column.element_type not in TEXT and not isinstance(use.parameters, Constant):
        return ()
    letters = [text[: use.letters] for text in _LETTERS]
    match use.masker.name:
        case "constant" | "password_hash":
            given = _given(use)
            value = None if given is None else _as_value(column, given)
            return () if value is None else (value,)
        case "email" if isinstance(use.parameters, Email) and _is_host(use.parameters):
            return tuple(f"{text}@{use.parameters.domain_part}" for text in letters)
        case "pseudonym":
            return tuple(letters)
        case "username":
            prefix = "user_" if use.letters + len("user_") <= use.width else ""
            return tuple(f"{prefix}{text}" for text in letters)
        case _:
            return ()


def _is_host(parameters: Email) -> bool:
    return isinstance(parameters.domain_part, str) and parameters.domain_part != "keep"


def _given(use: Use) -> Any:
    return use.parameters.value if isinstance(use.parameters, Constant) else None


def _as_value(column: Column, given: Any) -> Value:
    """A constant as a CHECK sees it; None where that isn't known."""
    if column.element_type in TEXT and not isinstance(given, dict | list):
        return _text(given)
    if column.element_type in _INTEGERS and isinstance(given, int):
        return int(given)
    if column.element_type == "numeric" and isinstance(given, int | float):
        return _rounded(column, Decimal(str(given)))
    return given if column.element_type == "bool" and isinstance(given, bool) else None


def _text(given: Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _no_value(column: Column, given: Any) -> str | None:
    """Why a constant is no value of its column's type; None where it may be one."""
    if column.is_array:
        if not isinstance(given, list):
            return None
        return next(
            (why for one in given if one is not None and (why := _no_element(column, one)) is not None), None
        )
    return _no_element(column, given)


def _no_element(column: Column, given: Any) -> str | None:
    text, kind = _text(given).strip(), column.element_type
    if column.enum_labels:
        return None if _text(given) in column.enum_labels else f"is no label of {kind}"
    if kind in _INTEGERS:
        return _no_integer(text, kind)
    if kind == "numeric":
        return _no_numeric(text, column)
    if kind == "bool" and not isinstance(given, bool):
        known = text and any(word.startswith(text.lower()) for word in _BOOLEANS) and text.lower() != "o"
        return None if known else "is neither true nor false"
    if kind == "uuid":
        digits = text.strip("{}").replace("-", "")
        return None if len(digits) == _UUID_DIGITS and _HEX.issuperset(digits) else "is no UUID"
    return None


def _no_integer(text: str, kind: str) -> str | None:
    bare = text.lstrip("+-")
    if not bare.isascii() or not bare.isdigit():
        # 0x1F and 1_000 are numbers since PostgreSQL 16.
        return None if bare[:1].isdigit() and bare.replace("_", "").isalnum() else "is no whole number"
    return None if -_INTEGERS[kind] <= int(text) < _INTEGERS[kind] else f"is out of the range of {kind}"


def _no_numeric(text: str, column: Column) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None if text[:1].isdigit() and text.replace("_", "").isalnum() else "is no number"
    if column.numeric_precision is None or not number.is_finite():
        return None
    precision, scale = column.numeric_precision
    if abs(_rounded(column, number)) >= Decimal(10) ** (precision - scale):
        return f"has more digits than {column.type} holds"
    return None


def _rounded(column: Column, number: Decimal) -> Decimal:
    """As the column's scale rounds it: away from zero."""
    if column.numeric_precision is None or not number.is_finite():
        return number
    with localcontext(prec=_PRECISION_MAX):
        return number.quantize(Decimal(1).scaleb(-column.numeric_precision[1]), rounding=ROUND_HALF_UP)
