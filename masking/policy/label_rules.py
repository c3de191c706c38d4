"""What one label of PostgreSQL Anonymizer says of its column, as a rule of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import postgast
from postgast import PgQueryError

from contracts.errors import PolicyInvalid
from masking.catalogue import TableName
from masking.policy.anonymizer import EQUAL_OF, NO_EQUAL_OF, OWN, TERNARY, WRITTEN_OF, Equal, without_locale
from masking.policy.column_rules import rule_of
from masking.policy.rules import ColumnRule, invalid
from masking.syntax.expressions import Node, NotAnExpression, row_expression
from masking.syntax.position import Position

#: The schema of the extension's functions, and what its labels are for.
ANON = "anon"
_VALUE = re.compile(r"\s*MASKED\s+WITH\s+VALUE\s+(.*\S)\s*", re.IGNORECASE | re.DOTALL)
_FUNCTION = re.compile(r"\s*MASKED\s+WITH\s+FUNCTION\s+(.*\S)\s*", re.IGNORECASE | re.DOTALL)
_NOT_MASKED = re.compile(r"\s*NOT\s+MASKED\s*", re.IGNORECASE)
_INTERVAL = re.compile(r"(?:(\d+) +(day|week|mon|month|year)s?|\d+ +(?:hour|minute|second)s?)", re.IGNORECASE)
_DAYS = {"day": 1, "week": 7, "mon": 31, "month": 31, "year": 366}
_RATIO_MAX = 0.5
_DAYS_MAX = 366


def label_rule(label: str, table: TableName, column: str, position: Position) -> ColumnRule:
    """The rule that says the same. Raises :class:`PolicyInvalid` where none does, with what to write instead."""
    if _NOT_MASKED.fullmatch(label):
        return rule_of("keep", "its label says NOT MASKED", position)
    found = _VALUE.fullmatch(label) or _FUNCTION.fullmatch(label)
    if found is None:
        raise invalid(
            position,
            f"its label isn't one of PostgreSQL Anonymizer's for a column: {label.split()[:2]}",
            "Write MASKED WITH FUNCTION, MASKED WITH VALUE or NOT MASKED.",
        )
    reading = _Reading(table=table, column=column, position=position)
    return reading.rule(reading.parsed(found[1]))


@dataclass(frozen=True, kw_only=True)
class _Reading:
    table: TableName
    column: str
    position: Position

    def parsed(self, text: str) -> Node:
        try:
            tree = postgast.parse(f"SELECT {text}\n")
        except PgQueryError as error:
            raise self._invalid(f"its label isn't SQL: {error.message}", "Mend it.") from None
        if len(tree.stmts) != 1 or len(tree.stmts[0].stmt.select_stmt.target_list) != 1:
            raise self._invalid("its label is more than one expression", "Mend it.")
        return tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val

    def rule(self, node: Node) -> ColumnRule:
        """What a label's expression is as a rule."""
        is_null, value = _constant(node)
        if is_null:
            return rule_of("null", {}, self.position)
        if value is not None:
            return rule_of("constant", {"value": value}, self.position)
        name = _anon_name(node)
        if name == TERNARY:
            return self._ternary(node.func_call)
        if name is not None and name in EQUAL_OF:
            self._check_arguments(name, EQUAL_OF[name], node.func_call.args)
            return rule_of(EQUAL_OF[name].masker, {}, self.position)
        return rule_of("sql", {"expression": self._sql(node)}, self.position)

    def _ternary(self, call: Any) -> ColumnRule:
        if len(call.args) != 3:
            raise self._invalid("anon.ternary has three arguments", "Mend it.")
        condition, yes, no = call.args
        if _anon_name(yes) == TERNARY or _anon_name(no) == TERNARY:
            raise self._invalid(
                "anon.ternary stands inside anon.ternary", "Write an sql with CASE in policy.yaml."
            )
        when = self._sql(condition)
        if self._is_own(yes):
            # Whoever keeps the rows of which it is true masks the rows of which it isn't.
            when, yes, no = self._sql(_filled("($1) IS NOT TRUE", [condition])), no, yes
        if self._is_own(yes):
            raise self._invalid("both of its branches keep the value", "Write NOT MASKED.")
        other = rule_of("keep", "its label keeps it", self.position) if self._is_own(no) else self.rule(no)
        return replace(self.rule(yes), when=when, otherwise=other)

    def _check_arguments(self, name: str, equal: Equal, arguments: Sequence[Node]) -> None:
        if equal.seeded and not (arguments and self._is_own(_uncast(arguments[0]))):
            raise self._invalid(
                f"anon.{name} makes its value from something else than the column itself",
                "Write a rule in policy.yaml: masks here are made from the column's own value.",
            )
        if name == "noise" and not _is_at_most(arguments, _RATIO_MAX):
            raise self._invalid(
                f"anon.noise may move a value further than {_RATIO_MAX:.0%}, which masker number doesn't",
                "Write number or constant in policy.yaml.",
            )
        if name == "dnoise" and not _is_within_a_year(arguments):
            raise self._invalid(
                "anon.dnoise may move a date further than a year, which masker date doesn't",
                "Write date or constant in policy.yaml.",
            )

    def _is_own(self, node: Node) -> bool:
        if node.WhichOneof("node") != "column_ref":
            return False
        names = [part.string.sval for part in node.column_ref.fields]
        return names[-1] == self.column and (len(names) == 1 or names[-2] == self.table.name)

    def _sql(self, node: Node) -> str:
        """The expression over the row, free of the extension's functions."""
        copy = type(node)()
        copy.CopyFrom(node)
        for one in [*_nodes_below(copy), copy]:
            name = _anon_name(one)
            if name is not None and name in WRITTEN_OF:
                written, arguments = WRITTEN_OF[name], list(one.func_call.args)
                if len(arguments) != written.arguments or any(
                    argument.WhichOneof("node") == "named_arg_expr" for argument in arguments
                ):
                    raise self._invalid(
                        f"anon.{name} has {written.arguments} arguments", "Write them in their order."
                    )
                one.CopyFrom(_filled(written.template, arguments))
            elif name in OWN:
                one.func_call.funcname[0].string.sval = "pg_catalog"
            elif name is not None:
                raise self._no_equal(name, is_whole=one is copy)
        try:
            return row_expression(copy, qualifiers=frozenset({self.table.name})).text
        except NotAnExpression as why:
            raise self._invalid(f"its label isn't an expression over its row: {why}", "Mend it.") from None

    def _no_equal(self, name: str, *, is_whole: bool) -> PolicyInvalid:
        if not is_whole and (name in EQUAL_OF or name == TERNARY):
            return self._invalid(
                f"anon.{name} stands inside another expression, where no masker can",
                "Write the column's rule in policy.yaml, such as an sql over masked columns.",
            )
        none = NO_EQUAL_OF.get(name)
        if none is None:
            return self._invalid(f"anon.{name} isn't known here", "Write the column's rule in policy.yaml.")
        return self._invalid(f"anon.{name} has no equal here: {none.why}", none.remedy)

    def _invalid(self, what: str, remedy: str) -> PolicyInvalid:
        return invalid(self.position, f"column {self.table}.{self.column}: {what}", remedy)


def _anon_name(node: Node) -> str | None:
    """The name of the extension's function that a node calls; None for everything else."""
    if node.WhichOneof("node") != "func_call":
        return None
    names = [part.string.sval for part in node.func_call.funcname]
    return without_locale(names[1]) if len(names) == 2 and names[0] == ANON else None


def _uncast(node: Node) -> Node:
    while node.WhichOneof("node") == "type_cast":
        node = node.type_cast.arg
    return node


def _constant(node: Node) -> tuple[bool, str | int | float | bool | None]:
    """Whether a node is NULL, and the value of another constant."""
    node = _uncast(node)
    if node.WhichOneof("node") != "a_const":
        return False, None
    constant = node.a_const
    match constant.WhichOneof("val"):
        case "sval":
            return False, str(constant.sval.sval)
        case "ival":
            return False, int(constant.ival.ival)
        case "fval":
            return False, str(constant.fval.fval)
        case "boolval":
            return False, bool(constant.boolval.boolval)
        case _:
            return bool(constant.isnull), None


def _is_at_most(arguments: Sequence[Node], most: float) -> bool:
    try:
        return len(arguments) == 2 and 0 <= float(str(_constant(arguments[1])[1])) <= most
    except ValueError:
        return False


def _is_within_a_year(arguments: Sequence[Node]) -> bool:
    found = _INTERVAL.fullmatch(str(_constant(arguments[1])[1]).strip()) if len(arguments) == 2 else None
    if found is None:
        return False
    return found[1] is None or int(found[1]) * _DAYS[found[2].lower()] <= _DAYS_MAX


def _filled(template: str, arguments: Sequence[Node]) -> Node:
    """A template's tree with an argument for each ``$n``."""
    node = postgast.parse(f"SELECT {template}").stmts[0].stmt.select_stmt.target_list[0].res_target.val
    for one in [*_nodes_below(node), node]:
        if one.WhichOneof("node") == "param_ref":
            one.CopyFrom(arguments[one.param_ref.number - 1])
    return node


def _nodes_below(message: Any) -> Iterator[Node]:
    """Every node below a message, the innermost first."""
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for child in [value] if hasattr(value, "ListFields") else value:
                yield from _nodes_below(child)
                if type(child).__name__ == "Node":
                    yield child
