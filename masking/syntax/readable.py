"""Expressions from which the raw value can still be read: they fold it, pad it or dress it up, and mask nothing.

Verification finds values that stay as they were. What ``'x' || email`` or ``reverse(email)`` leave differs from
every raw value, and gives it away all the same: such expressions are known by their form.
"""

from __future__ import annotations

import re
from typing import Any

import postgast

from masking.catalogue import Column
from masking.syntax.composing import read

#: Functions whose first argument can be read off, or guessed up to its case and its spaces, in the result.
_OF_FIRST = frozenset(
    {"lower", "upper", "initcap", "btrim", "ltrim", "rtrim", "normalize", "reverse", "lpad", "rpad", "repeat"}
    | {
        "quote_literal",
        "quote_ident",
        "quote_nullable",
        "convert_to",
        "convert_from",
        "encode",
        "decode",
        "to_json",
    }
    | {"to_jsonb", "to_hex", "textsend", "unaccent", "casefold", "text", "varchar", "citext"}
)
#: Functions any of whose arguments can be read off in the result.
_OF_ANY = frozenset({"concat", "concat_ws", "format", "json_build_object", "jsonb_build_object"})
_OF_ANY |= {"json_build_array", "jsonb_build_array", "array_append", "array_prepend"}
#: Where it takes out no letters and digits, the value stays what it was.
_REPLACING = frozenset({"replace", "translate"})
_LETTER_OR_DIGIT = re.compile(r"\w")
#: Regular expressions of spaces and hyphens; of others nobody knows what is left.
_SPACES = re.compile(r"(\\s|\[\[:space:\]\]|\[\\s\]|[- ])+[+*]?")


def shows(expression: str, column: Column) -> bool:
    """Whether an expression shows all that the column holds, whatever it adds."""
    return _shows(read(expression).node, column)


def _shows(node: Any, column: Column) -> bool:
    found = getattr(node, node.WhichOneof("node")) if type(node).__name__ == "Node" else node
    match type(found).__name__:
        case "ColumnRef":
            return bool(found.fields[-1].string.sval == column.name)
        case "TypeCast" | "CollateClause":
            return _shows(found.arg, column)
        case "CoalesceExpr" | "MinMaxExpr":
            return any(_shows(one, column) for one in found.args)
        case "CaseExpr":
            results = [one.case_when.result for one in found.args]
            results += [found.defresult] if found.HasField("defresult") else []
            # A bare column in one of several branches may be for '' or NULL; verification says whether it was.
            values = [one for one in results if not _is_null(one)]
            dressed = any(_shows(one, column) and one.WhichOneof("node") != "column_ref" for one in values)
            return dressed or all(_shows(one, column) for one in values)
        case "A_ArrayExpr":
            return any(_shows(one, column) for one in found.elements)
        case "A_Expr" if found.name and found.name[-1].string.sval == "||":
            return _shows(found.lexpr, column) or _shows(found.rexpr, column)
        case "A_Expr" if found.kind == postgast.pg_query_pb2.A_Expr_Kind.AEXPR_NULLIF:
            return _shows(found.lexpr, column)
        case "FuncCall":
            return _call_shows(found.funcname[-1].string.sval, list(found.args), column)
        case _:
            return False


def _call_shows(name: str, arguments: list[Any], column: Column) -> bool:
    if name in _OF_ANY:
        return any(_shows(one, column) for one in arguments)
    if not arguments or not _shows(arguments[0], column):
        return False
    constants = [_constant(one) for one in arguments[1:]]
    match name:
        case _ if name in _OF_FIRST:
            return True
        case _ if not constants:
            return False
        case _ if name in _REPLACING:
            return isinstance(constants[0], str) and not _LETTER_OR_DIGIT.search(constants[0])
        case "regexp_replace":
            return isinstance(constants[0], str) and _SPACES.fullmatch(constants[0]) is not None
        case "left" | "right":
            return _takes_all(column, 1, constants[0])
        case "substr" | "substring":
            length = constants[1] if len(constants) > 1 else column.max_length
            return len(constants) in (1, 2) and _takes_all(column, constants[0], length)
        case _:
            return False


def _takes_all(column: Column, start: object, length: object) -> bool:
    """Whether so many characters are all that the column may have; of an unlimited one nobody knows."""
    if start != 1 or not isinstance(length, int):
        return False
    return column.max_length is not None and length >= column.max_length


def _is_null(node: Any) -> bool:
    return node.WhichOneof("node") == "a_const" and bool(node.a_const.isnull)


def _constant(node: Any) -> str | int | None:
    found = getattr(node, node.WhichOneof("node")) if type(node).__name__ == "Node" else node
    if type(found).__name__ != "A_Const":
        return None
    if found.HasField("sval"):
        return str(found.sval.sval)
    return int(found.ival.ival) if found.HasField("ival") else None
