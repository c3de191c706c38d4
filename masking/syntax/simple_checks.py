"""What a CHECK of a simple shape says of a value, without a server.

Only what can be said for sure is: everything else is :data:`UNKNOWN`. NULL is None, as SQL's logic has it: a CHECK is
broken by what is false, not by NULL. https://www.postgresql.org/docs/current/ddl-constraints.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal

import postgast
from postgast import PgQueryError


class _Unknown(Enum):
    UNKNOWN = "unknown"


#: What can't be told.
UNKNOWN: Final = _Unknown.UNKNOWN
Value = str | int | Decimal | bool | list[Any] | None | Literal[_Unknown.UNKNOWN]

_TEXTS: Final = frozenset({"text", "varchar", "bpchar"})
_NUMBERS: Final = frozenset({"int2", "int4", "int8", "numeric", "integer", "bigint", "smallint"})
#: Regular expressions that PostgreSQL and Python read alike.
_PLAIN_PATTERN: Final = re.compile(
    r"(?:[A-Za-z0-9 @_%#,:/&=<>~!'\"\-.+*?()|{}^$]|\[(?!:)[^\[\]\\]*\]|\\[.+*?()|{}^$/\-ds])*"
)
_KINDS = postgast.pg_query_pb2.A_Expr_Kind
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


def verdict(expression: str, values: Mapping[str, Value]) -> Value:
    """Whether a CHECK's ``expression`` is true of a row whose columns have ``values``; others' aren't known."""
    node = _parsed(expression)
    found = UNKNOWN if node is None else _value(node, values)
    return found if found is None or isinstance(found, bool) else UNKNOWN


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> Any:
    """Its tree; None where it isn't SQL."""
    try:
        tree = postgast.parse(f"SELECT {expression}")
    except PgQueryError:
        return None
    return tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val


def _value(node: Any, values: Mapping[str, Value]) -> Value:
    found = getattr(node, node.WhichOneof("node"))
    match type(found).__name__:
        case "A_Const":
            return _constant(found)
        case "ColumnRef":
            names = [part.string.sval for part in found.fields]
            return values.get(names[0], UNKNOWN) if len(names) == 1 else UNKNOWN
        case "TypeCast":
            return _cast(_value(found.arg, values), found.type_name)
        case "A_ArrayExpr":
            return [_value(one, values) for one in found.elements]
        case "NullTest":
            value = _value(found.arg, values)
            is_null = found.nulltesttype == postgast.pg_query_pb2.NullTestType.IS_NULL
            return UNKNOWN if value is UNKNOWN else (value is None) == is_null
        case "BoolExpr":
            return _logic(found, values)
        case "FuncCall":
            return _called(found, [_value(one, values) for one in found.args])
        case "A_Expr" if len(found.name) == 1:
            return (
                _operated(
                    found.kind,
                    found.name[0].string.sval,
                    _value(found.lexpr, values),
                    _value(found.rexpr, values),
                )
                if found.HasField("lexpr")
                else UNKNOWN
            )
        case _:
            return UNKNOWN


def _constant(constant: Any) -> Value:
    match constant.WhichOneof("val"):
        case "sval":
            return str(constant.sval.sval)
        case "ival":
            return int(constant.ival.ival)
        case "fval":
            return Decimal(constant.fval.fval)
        case "boolval":
            return bool(constant.boolval.boolval)
        case _:
            return None if constant.isnull else UNKNOWN


def _cast(value: Value, type_name: Any) -> Value:
    name = type_name.names[-1].string.sval
    if value is None or value is UNKNOWN or type_name.typmods:
        return None if value is None else UNKNOWN
    if isinstance(value, list):
        return [one if isinstance(one, str) and name in _TEXTS else UNKNOWN for one in value]
    if name in _TEXTS and isinstance(value, str):
        return value
    if name in _NUMBERS and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return UNKNOWN
        return number if name == "numeric" or number == number.to_integral_value() else UNKNOWN
    return UNKNOWN


def _logic(node: Any, values: Mapping[str, Value]) -> Value:
    parts = [_value(one, values) for one in node.args]
    if any(part is not None and not isinstance(part, bool) for part in parts if part is not UNKNOWN):
        return UNKNOWN
    kinds = postgast.pg_query_pb2.BoolExprType
    if node.boolop == kinds.NOT_EXPR:
        return parts[0] if parts[0] is UNKNOWN or parts[0] is None else not parts[0]
    decides = bool(node.boolop == kinds.OR_EXPR)
    if any(part is decides for part in parts):
        return decides
    if UNKNOWN in parts:
        return UNKNOWN
    return None if None in parts else not decides


def _operated(kind: int, operator: str, left: Value, right: Value) -> Value:
    if kind in (_KINDS.AEXPR_OP_ANY, _KINDS.AEXPR_OP_ALL, _KINDS.AEXPR_IN):
        return _among(kind, operator, left, right)
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if kind not in (_KINDS.AEXPR_OP, _KINDS.AEXPR_LIKE, _KINDS.AEXPR_ILIKE):
        return UNKNOWN
    if left is None or right is None:
        return None
    if operator in _COMPARED:
        return _compared(operator, left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _matched(operator, left, right)
    return UNKNOWN


def _among(kind: int, operator: str, left: Value, right: Value) -> Value:
    if not isinstance(right, list) or operator not in ("=", "<>") or kind == _KINDS.AEXPR_IN:
        return UNKNOWN
    if left is None:
        return None if right else UNKNOWN
    found = [_operated(_KINDS.AEXPR_OP, operator, left, one) for one in right]
    decides = bool(kind == _KINDS.AEXPR_OP_ANY)
    if any(one is decides for one in found):
        return decides
    if UNKNOWN in found:
        return UNKNOWN
    return None if None in found else not decides


def _compared(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        # Which text comes first is its collation's to say; of citext, what differs in case only is unknown.
        if operator not in ("=", "<>") or (left != right and left.lower() == right.lower()):
            return UNKNOWN
        return bool(_COMPARED[operator](left, right))
    numbers = [one for one in (left, right) if isinstance(one, int | Decimal) and not isinstance(one, bool)]
    return bool(_COMPARED[operator](*numbers)) if len(numbers) == 2 else UNKNOWN


def _matched(operator: str, text: str, pattern: str) -> Value:
    negated, bare = operator.startswith("!"), operator.removeprefix("!")
    match bare:
        case "~~" | "~~*" if "\\" not in pattern:
            signs = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in pattern)
            expression = f"^(?:{''.join(signs)})$"
        case "~" | "~*" if _PLAIN_PATTERN.fullmatch(pattern) and "(?" not in pattern and "\n" not in text:
            expression = pattern
        case _:
            return UNKNOWN
    folded = re.search(expression, text, re.ASCII | re.DOTALL | re.IGNORECASE) is not None
    if not bare.endswith("*") and folded != (re.search(expression, text, re.ASCII | re.DOTALL) is not None):
        return UNKNOWN  # to citext, case makes no difference
    return folded != negated


def _called(call: Any, arguments: list[Value]) -> Value:
    if UNKNOWN in arguments or call.over.ListFields():
        return UNKNOWN
    if None in arguments:
        return None
    texts = [one for one in arguments if isinstance(one, str) and one.isascii()]
    if len(texts) != len(arguments):
        return UNKNOWN
    match call.funcname[-1].string.sval, texts:
        case (("length" | "char_length" | "character_length" | "octet_length"), [text]):
            return len(text)
        case "lower", [text]:
            return text.lower()
        case "upper", [text]:
            return text.upper()
        case "btrim", [text]:
            return text.strip(" ")
        case (("strpos" | "position"), [text, part]) if text.find(part) == text.lower().find(part.lower()):
            return text.find(part) + 1
        case _:
            return UNKNOWN
