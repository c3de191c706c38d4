"""What a policy may say and yet hardly mean. Nothing here stops a run; ``check --strict`` does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast

from masking.catalogue import Catalogue, Column, Index, Table, TableName
from masking.maskers.parameters import Composite, Constant, JsonValue, Keep, Shuffle, UnlistedConstant
from masking.maskers.parameters import Expression as ExpressionParameters
from masking.maskers.reserved_domains import registrable_domains
from masking.planning.copies import DEFAULT_SCHEMA
from masking.planning.plan import Plan
from masking.planning.resolving import resolved
from masking.policy.rules import ColumnRule, Policy, TableRule
from masking.suggestion.classify import Verdict, classify
from masking.suggestion.samples import Samples
from masking.syntax.expressions import Expression, NotAnExpression, parse_expression
from masking.syntax.position import Position
from masking.syntax.scripts import ScriptStatement

#: One warning names no more narrow columns than this besides its first.
_NAMED_MAX = 5


@dataclass(frozen=True, kw_only=True)
class PolicyWarning:
    """Something at ``position`` that somebody should look at."""

    position: Position
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.position}: {self.what}. {self.remedy}"


def warnings_of(
    catalogue: Catalogue, policy: Policy, plan: Plan, samples: Samples | None = None
) -> tuple[PolicyWarning, ...]:
    """All warnings about a policy and the plan that was made of it, by file and line."""
    found = [
        *_of_scripts(catalogue, policy),
        *_of_rules(catalogue, policy, samples or Samples()),
        *_of_narrow_columns(catalogue, policy, plan),
    ]
    found.sort(key=lambda one: (one.position.file, one.position.line, one.position.column, one.what))
    return tuple(dict.fromkeys(found))


def _of_scripts(catalogue: Catalogue, policy: Policy) -> Iterator[PolicyWarning]:
    for statement in policy.statements:
        if statement.barrier is None:
            written = [assignment.expression.text for assignment in statement.assignments]
        else:
            written = [statement.text]
        for domain in dict.fromkeys(found for text in written for found in _domains_in_sql(text)):
            yield _registrable(_position_within(statement, domain), domain)
        table = catalogue.tables_by_id.get(_target(statement))
        for assignment in statement.assignments if table is not None else ():
            if table is not None and _is_constant(assignment.expression):
                position = _position_within(statement, assignment.column)
                yield from _constant_where_unique(table, assignment.column, policy, position)


def _target(statement: ScriptStatement) -> TableName:
    return TableName(schema=statement.schema or DEFAULT_SCHEMA, name=statement.table)


def _of_rules(catalogue: Catalogue, policy: Policy, samples: Samples) -> Iterator[PolicyWarning]:
    verdicts = classify(catalogue, samples)
    for name, rule in policy.tables.items():
        table = catalogue.tables_by_id.get(name)
        if table is None or rule.action == "empty":
            continue
        for column_name, column_rule in rule.columns.items():
            for text in _written(column_rule):
                for domain in dict.fromkeys(registrable_domains(text)):
                    yield _registrable(column_rule.position, domain)
            if _is_constant_sql(column_rule):
                yield from _constant_where_unique(table, column_name, policy, column_rule.position)
            column = table.columns_by_name[column_name]
            yield from _kept(table, column, column_rule, verdicts.get((name, column_name)))


def _of_narrow_columns(catalogue: Catalogue, policy: Policy, plan: Plan) -> Iterator[PolicyWarning]:
    """One for each masking domain in which some columns lack room for the letters that others get."""
    rules = resolved(catalogue, policy).tables
    groups: dict[tuple[str, str], dict[str, tuple[int, Position]]] = {}
    for table_plan, use in plan.uses():
        position = rules[catalogue.root(table_plan.table).id].columns[use.column.name].position
        for one in (inner for part in use.parts for inner in part.with_inner()):
            # Not of names and texts, which have letters under a unique index only and join nothing, nor of what stands
            # for a UUID, which has the same room everywhere and equals no text.
            if one.masker.letters and one.column.element_type != "uuid":
                group = groups.setdefault((one.masker.name, one.domain), {})
                group[f"{use.origin}{one.where}"] = (one.letters, position)
    for (_, domain), columns in groups.items():
        widest = max(columns, key=lambda name: columns[name][0])
        most = columns[widest][0]
        narrow = [name for name, (letters, _) in columns.items() if letters < most]
        if narrow:
            first, *others = narrow
            letters, position = columns[first]
            named = ", ".join(others[:_NAMED_MAX]) + (" and others" if len(others) > _NAMED_MAX else "")
            yield PolicyWarning(
                position=position,
                what=f"columns {widest} and {first} are of one masking domain, {domain}, and masks have {most} letters "
                f"of a hash in the first, and {letters} in the second, which is narrow: equal values mask unequally"
                + (f". So they do in {named}" if others else ""),
                remedy="Join the two under references, widen the second, or give it a domain of its own.",
            )


def _kept(table: Table, column: Column, rule: ColumnRule, verdict: Verdict | None) -> Iterator[PolicyWarning]:
    if verdict is None or verdict.action != "mask":
        return
    if isinstance(rule.parameters, Shuffle):
        yield PolicyWarning(
            position=rule.position,
            what=f"column {table}.{column.name} is shuffled, and looks personal: {verdict.reason}",
            remedy="A value in another row is still somebody's: give it another masker.",
        )
    if isinstance(rule.parameters, Keep) and not rule.parameters.reason:
        yield PolicyWarning(
            position=rule.position,
            what=f"column {table}.{column.name} is kept without a reason, and looks personal: {verdict.reason}",
            remedy='Give it a masker, or say why its raw values may stay: {keep: "…"}',
        )


def _written(rule: ColumnRule) -> Iterator[str]:
    """The texts that a rule itself puts into its column."""
    match rule.parameters:
        case Constant(value=value):
            yield from _strings(value)
        case JsonValue(value=value, paths=paths, default=default):
            yield from _strings([value, paths])
            if isinstance(default, UnlistedConstant):
                yield from _strings(default.constant)
        case Composite(attributes=attributes):
            yield from _strings(attributes)
        case ExpressionParameters(expression=expression):
            yield from _string_literals(expression)
        case _:
            pass


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _domains_in_sql(text: str) -> Iterator[str]:
    for literal in _string_literals(text):
        yield from registrable_domains(literal)


def _string_literals(text: str) -> Iterator[str]:
    """The string literals of some SQL, with their quotes; those that ``||`` or ``concat`` puts together are one."""
    encoded = text.encode()
    kinds = {postgast.pg_query_pb2.Token.SCONST, postgast.pg_query_pb2.Token.USCONST}
    found = before = ""
    calls: list[str] = []
    is_joined = False
    for token in postgast.scan(text).tokens:
        word = encoded[token.start : token.end].decode()
        if token.token in kinds:
            if found and is_joined and found.endswith("'") and word.endswith("'"):
                found = found[:-1] + word.partition("'")[2]
            else:
                if found:
                    yield found
                found = word
            is_joined = False
        elif word == "||" or (word == "," and calls[-1:] == ["concat"]):
            is_joined = before == "literal"
        elif word == "(":
            calls.append(before)
            is_joined = is_joined and not before.isidentifier()
        elif word == ")" and calls and not calls.pop().isidentifier():
            continue  # around a part of what is put together
        else:
            is_joined = False
        before = "literal" if token.token in kinds else word.lower()
    if found:
        yield found


def _registrable(position: Position, domain: str) -> PolicyWarning:
    return PolicyWarning(
        position=position,
        what=f"it writes to {domain}, a domain that somebody can own and read the mail of",
        remedy="Use example.com, or a name below .test, .example or .invalid (RFC 2606).",
    )


def _position_within(statement: ScriptStatement, word: str) -> Position:
    """Where ``word`` first stands in a statement; the statement's own place where it is written otherwise."""
    offset = statement.text.find(word)
    before = statement.text[: max(offset, 0)]
    lines = before.count("\n")
    return Position(
        file=statement.position.file,
        line=statement.position.line + lines,
        column=len(before.rpartition("\n")[2]) + (1 if lines else statement.position.column),
    )


def _is_constant(expression: Expression) -> bool:
    return not expression.reads and not expression.calls and expression.text.upper() != "NULL"


def _is_constant_sql(rule: ColumnRule) -> bool:
    if not isinstance(rule.parameters, ExpressionParameters):
        return False
    try:
        return _is_constant(parse_expression(rule.parameters.expression))
    except NotAnExpression:
        return False


def _constant_where_unique(
    table: Table, column: str, policy: Policy, position: Position
) -> Iterator[PolicyWarning]:
    rule = policy.tables.get(table.id)
    for index in table.indexes:
        if (
            (index.unique or index.exclusion)
            and column in index.columns
            and not _holds_anyway(table, rule, index)
        ):
            yield PolicyWarning(
                position=position,
                what=f"column {table}.{column} gets one value in every row, and is in unique index {index.name}",
                remedy="The pass fails at its second row, unless other columns of the index tell rows apart.",
            )


def _holds_anyway(table: Table, rule: TableRule | None, index: Index) -> bool:
    """Whether kept columns of the index are unique by themselves."""
    rules = rule.columns if rule is not None else {}
    kept = {name for name in index.key_columns if name and not (name in rules and rules[name].masker.masks)}
    return any(
        other.unique
        and other.predicate is None
        and None not in other.key_columns
        and {*other.key_columns} <= kept
        for other in table.indexes
    )
