"""SQL expressions that the user wrote, read with PostgreSQL's own parser: what they refer to, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import postgast
from postgast import PgQueryError, walk

#: A node of postgast's tree, a protobuf message made at run time.
Node = Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """A function or operator, by the name that it is called by; ``schema`` is None without one."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Expression:
    """An expression over one row: its SQL, with columns unqualified, the columns that it reads, what it calls."""

    text: str
    reads: frozenset[str] = frozenset()
    calls: frozenset[Call] = frozenset()


class NotAnExpression(ValueError):
    """The text isn't one SQL expression, or not one over a single row; its argument says why."""


class AsksOtherRows(NotAnExpression):
    """It has a sub-select."""


def parse_expression(text: str, *, may_query: bool = False) -> Expression:
    """One expression. Sub-selects are refused unless ``may_query``, whose ``text`` is then as written."""
    try:
        tree = postgast.parse(f"SELECT {text}\n")
    except PgQueryError as error:
        raise NotAnExpression(error.message) from None
    if len(tree.stmts) != 1 or tree.stmts[0].stmt.WhichOneof("node") != "select_stmt":
        raise NotAnExpression("it is more than one expression")
    select = tree.stmts[0].stmt.select_stmt
    others = [
        name.name for name, _ in select.ListFields() if name.name not in ("target_list", "limit_option", "op")
    ]
    if len(select.target_list) != 1 or others or select.target_list[0].res_target.name:
        raise NotAnExpression("it is more than one expression")
    value = select.target_list[0].res_target.val
    if may_query:
        return Expression(text=text)
    return row_expression(value, qualifiers=frozenset())


def row_expression(node: Node, *, qualifiers: frozenset[str]) -> Expression:
    """A parsed expression over one row, freed of ``qualifiers`` (the table's name and alias)."""
    copy = type(node)()
    copy.CopyFrom(node)
    reads: set[str] = set()
    for _, found in walk(copy):
        match type(found).__name__:
            case "SubLink":
                raise AsksOtherRows("it has a sub-select")
            case "SetToDefault" | "MultiAssignRef" | "ParamRef":
                raise NotAnExpression("it has DEFAULT, a parameter or a row assignment")
            case "ColumnRef":
                reads.add(_column_name(found, qualifiers))
            case _:
                pass
    return Expression(text=deparse_expression(copy), reads=frozenset(reads), calls=calls_of(copy))


def qualified(expression: Expression, qualifier: str) -> str:
    """The SQL of an expression over one row with ``qualifier`` before each column, for where others could be meant."""
    tree = postgast.parse(f"SELECT {expression.text}")
    for _, found in walk(tree):
        if type(found).__name__ == "ColumnRef":
            name = found.fields[0].string.sval
            found.fields[0].string.sval = qualifier
            found.fields.add().string.sval = name
    text: str = postgast.deparse(tree)
    return text.removeprefix("SELECT ")


def calls_of(node: Node) -> frozenset[Call]:
    """The functions and operators that a tree calls."""
    found: set[Call] = set()
    for _, one in walk(node):
        match type(one).__name__:
            case "FuncCall":
                names = [part.string.sval for part in one.funcname]
            case "A_Expr" | "SubLink":
                names = [part.string.sval for part in (one.name if hasattr(one, "name") else one.oper_name)]
            case _:
                continue
        if names:
            found.add(Call(schema=names[-2] if len(names) > 1 else None, name=names[-1]))
    return frozenset(found)


def deparse_expression(node: Node) -> str:
    """The SQL of an expression's tree."""
    tree = postgast.parse("SELECT 1")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(node)
    text: str = postgast.deparse(tree)
    return text.removeprefix("SELECT ")


def _column_name(reference: Node, qualifiers: frozenset[str]) -> str:
    names: list[str] = [
        part.string.sval if part.WhichOneof("node") == "string" else "*" for part in reference.fields
    ]
    before, name = names[:-1], names[-1]
    if name == "*" or (before and before[-1] not in qualifiers) or (not before and name in qualifiers):
        raise NotAnExpression(f"it refers to {'.'.join(names)}, which isn't one column of the row")
    del reference.fields[: len(before)]
    return name
