"""Expressions over one row put into one another: a column's name gives way to what the column was assigned.

Done in the text, at the places that PostgreSQL's parser gives, so that everything else stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import postgast
from postgast import walk

from masking.catalogue import Column
from masking.syntax.expressions import Call, Node, calls_of

_SELECT = "SELECT "
#: What takes its name from a column, and wouldn't from an expression.
_TIED_TO_COLUMNS = frozenset({"XmlExpr", "XmlSerialize"})
#: Types whose values come with a collation of their own.
_COLLATED_TYPES = frozenset({"name"})
_SESSION_NAMES = frozenset(
    {
        "SVFOP_CURRENT_ROLE",
        "SVFOP_CURRENT_USER",
        "SVFOP_USER",
        "SVFOP_SESSION_USER",
        "SVFOP_CURRENT_CATALOG",
        "SVFOP_CURRENT_SCHEMA",
    }
)
_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
#: Functions of text that fail for no value.
_TOTAL = frozenset(
    {"concat", "lower", "upper", "initcap", "left", "right", "md5", "btrim", "ltrim", "rtrim", "length"}
)
_ANY_LENGTH = frozenset({"text", "varchar"})


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An SQL value over one row."""

    text: str
    #: Where columns are named: byte offsets in ``text``, and the column.
    places: tuple[tuple[int, int, str], ...]
    calls: frozenset[Call]
    #: Columns that are looked at whatever the row holds.
    certain: frozenset[str]
    #: Whether an expression may stand where it names a column, and it where a column is named.
    composable: bool
    node: Node

    @property
    def reads(self) -> frozenset[str]:
        """The columns that it names."""
        return frozenset(name for _, _, name in self.places)

    def composed(self, values: Mapping[str, str]) -> str:
        """Its text, with ``values`` in the places of these columns."""
        encoded, parts, behind = self.text.encode(), [], 0
        for start, end, name in self.places:
            if name in values:
                parts += [encoded[behind:start], b"(", values[name].encode(), b")"]
                behind = end
        return b"".join([*parts, encoded[behind:]]).decode()

    def cannot_fail(self) -> bool:
        """Whether it has a value for every row, as far as its form shows."""
        return _is_total(self.node)

    def fits(self, column: Column) -> bool:
        """Whether its value can be assigned to the column in every row."""
        if not self.cannot_fail() or column.domain is not None:
            return False
        constant = _inner(self.node)
        if type(constant).__name__ == "A_Const":
            if constant.isnull:
                return True
            if constant.HasField("sval") and column.base_type in _ANY_LENGTH:
                return column.max_length is None or len(constant.sval.sval) <= column.max_length
        return column.base_type in _ANY_LENGTH and column.max_length is None


def read(text: str) -> Reading:
    """An expression that PostgreSQL's parser takes."""
    tree = postgast.parse(f"{_SELECT}{text}\n")
    node = tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val
    encoded = f"{_SELECT}{text}\n".encode()
    ends = {token.start: token.end for token in postgast.scan(encoded.decode()).tokens}
    places, is_located = [], True
    for _, found in walk(node):
        if (
            type(found).__name__ == "ColumnRef"
            and len(found.fields) == 1
            and found.fields[0].HasField("string")
        ):
            start, end = found.location, ends.get(found.location, 0)
            is_located &= end > start
            places.append((start - len(_SELECT), end - len(_SELECT), found.fields[0].string.sval))
    return Reading(
        text=text,
        places=tuple(sorted(places)),
        calls=calls_of(node),
        certain=frozenset(_certain(node)),
        composable=is_located and not any(_is_tied(found) for _, found in walk(node)),
        node=node,
    )


def _is_tied(node: Any) -> bool:
    match type(node).__name__:
        case kind if kind in _TIED_TO_COLUMNS:
            return True
        case "CollateClause":
            # What a column without a collation of its own has anyway may stand in its place.
            return str(node.collname[-1].string.sval) != "default"
        case "TypeCast":
            return node.type_name.names[-1].string.sval in _COLLATED_TYPES
        case "SQLValueFunction":
            return postgast.pg_query_pb2.SQLValueFunctionOp.Name(node.op) in _SESSION_NAMES
        case _:
            return False


def _inner(node: Any) -> Any:
    return getattr(node, node.WhichOneof("node")) if type(node).__name__ == "Node" else node


def _certain(node: Any) -> set[str]:
    """Columns that are evaluated before anything can be decided: empty where PostgreSQL may know the value already."""
    found = _inner(node)
    match type(found).__name__:
        case "ColumnRef":
            last = found.fields[-1]
            return {last.string.sval} if len(found.fields) == 1 and last.HasField("string") else set()
        case "FuncCall":
            return _certain_in_all(found.args)
        case "A_Expr" if found.kind == postgast.pg_query_pb2.A_Expr_Kind.AEXPR_OP:
            return _certain_in_all([one for one in (found.lexpr, found.rexpr) if one.WhichOneof("node")])
        case "TypeCast" | "CollateClause" | "NullTest":
            return _certain(found.arg)
        case "CoalesceExpr":
            return _certain(found.args[0])
        case "BoolExpr" if all(_certain(one) for one in found.args):
            return _certain(found.args[0])
        case "CaseExpr" if not found.HasField("arg"):
            return _certain(found.args[0].case_when.expr)
        case _:
            return set()


def _certain_in_all(operands: Iterable[Any]) -> set[str]:
    """Of operands one of which may be known to be NULL nothing is evaluated: a strict function is NULL then."""
    found: set[str] = set()
    for operand in operands:
        columns = _certain(operand)
        if not columns and not _is_literal(operand) and not _is_subselect(operand):
            return set()
        found |= columns
    return found


def _is_subselect(node: Any) -> bool:
    """What PostgreSQL can't know before it runs the statement."""
    found = _inner(node)
    return (
        type(found).__name__ == "SubLink"
        and found.sub_link_type == postgast.pg_query_pb2.SubLinkType.EXPR_SUBLINK
    )


def _is_literal(node: Any) -> bool:
    found = _inner(node)
    if type(found).__name__ == "TypeCast":
        return _is_literal(found.arg)
    return type(found).__name__ == "A_Const" and not found.isnull


def _is_total(node: Any) -> bool:
    found = _inner(node)
    match type(found).__name__:
        case "ColumnRef" | "A_Const":
            return True
        case "FuncCall":
            names = [part.string.sval for part in found.funcname]
            return names[-1] in _TOTAL and all(_is_total(one) for one in found.args)
        case "A_Expr":
            operator = [part.string.sval for part in found.name]
            plain = found.kind == postgast.pg_query_pb2.A_Expr_Kind.AEXPR_OP and len(operator) == 1
            return plain and operator[0] in _COMPARISONS and _is_total(found.lexpr) and _is_total(found.rexpr)
        case "NullTest":
            return _is_total(found.arg)
        case "BoolExpr" | "CoalesceExpr":
            return all(_is_total(one) for one in found.args)
        case _:
            return False
