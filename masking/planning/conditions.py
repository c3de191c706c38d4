"""``when``: the predicates that say which rows a rule is for.

One is asked of a row as it was: once when the raw values are remembered for the verification, and once in the pass,
which masks other columns at the same moment. Both must answer alike, so it reads nothing that a script assigns, and
calls nothing that answers otherwise at another time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import postgast
from postgast import walk

from masking.catalogue import Catalogue, Table, TableName
from masking.planning.copies import DEFAULT_SCHEMA, check_calls
from masking.policy.rules import ColumnRule, Policy, invalid
from masking.syntax.expressions import AsksOtherRows, Expression, NotAnExpression, parse_expression
from masking.syntax.position import Position

#: PostgreSQL's own functions that answer otherwise at another time or to another session.
_CHANGING = frozenset(
    {
        "age",
        "clock_timestamp",
        "currval",
        "gen_random_uuid",
        "inet_client_addr",
        "lastval",
        "nextval",
        "now",
        "pg_backend_pid",
        "random",
        "random_normal",
        "statement_timestamp",
        "timeofday",
        "transaction_timestamp",
        "txid_current",
        "uuidv4",
        "uuidv7",
    }
)


def conditions_of(catalogue: Catalogue, policy: Policy) -> Mapping[tuple[TableName, str], Expression]:
    """The ``when`` of every column that has one, read and checked.

    Raises:
        PolicyInvalid: it isn't a predicate over the table's own row, or may change its answer.
    """
    found: dict[tuple[TableName, str], Expression] = {}
    written = written_by_scripts(catalogue, policy)
    for name, rule in policy.tables.items():
        for column, column_rule in rule.columns.items():
            if column_rule.when is not None:
                table = catalogue.tables_by_id[name]
                found[name, column] = _condition(catalogue, table, column, column_rule, written.get(name, ()))
    return found


def _condition(
    catalogue: Catalogue,
    table: Table,
    column: str,
    rule: ColumnRule,
    writes: Sequence[tuple[Position, frozenset[str]]],
) -> Expression:
    what = f"the when of column {table}.{column}"
    try:
        expression = parse_expression(rule.when or "")
    except AsksOtherRows as why:
        raise invalid(
            rule.position,
            f"{what} isn't a predicate over its row: {why}",
            "Ask for a column of the row; or let a script's UPDATE, which may join other tables, mask those rows, and "
            'list the column as {keep: "the reason"}.',
        ) from None
    except NotAnExpression as why:
        raise invalid(rule.position, f"{what} isn't a predicate over its row: {why}", "Mend it.") from None
    unknown = expression.reads - set(table.columns_by_name)
    if unknown:
        raise invalid(
            rule.position,
            f"{what} refers to {', '.join(sorted(unknown))}, which the table hasn't",
            "Mend it.",
        )
    check_calls(catalogue, expression.calls, rule.position, what)
    changing = sorted(set(_changing(expression)))
    if changing:
        raise invalid(
            rule.position,
            f"{what} calls {', '.join(changing)}, which may answer otherwise a moment later",
            "Compare with a value that you write out, such as a date.",
        )
    for position, written in writes:
        assigned = table.with_sources(expression.reads) & written
        if assigned:
            raise invalid(
                rule.position,
                f"{what} reads {', '.join(sorted(assigned))}, which {position} assigns, and which rows are meant "
                "can't be told afterwards",
                "Read columns that no script assigns, or put the condition into the script's WHERE.",
            )
    return expression


def _changing(expression: Expression) -> Iterator[str]:
    for call in expression.calls:
        if call.schema in (None, "pg_catalog") and call.name in _CHANGING:
            yield call.name
    for _, node in walk(postgast.parse(f"SELECT {expression.text}")):
        if type(node).__name__ == "SQLValueFunction":
            yield "the current time or role"


def written_by_scripts(
    catalogue: Catalogue, policy: Policy
) -> Mapping[TableName, Sequence[tuple[Position, frozenset[str]]]]:
    """By table, the columns that each script's statement may write, and where the statement stands."""
    found: dict[TableName, list[tuple[Position, frozenset[str]]]] = {}
    for statement in policy.statements:
        target = catalogue.tables_by_id.get(
            TableName(schema=statement.schema or DEFAULT_SCHEMA, name=statement.table)
        )
        if target is None:
            continue
        reached = (target,) if statement.only else catalogue.heirs(target)
        for table in {catalogue.root(one).id: catalogue.root(one) for one in reached}.values():
            written = statement.reach.written
            if "*" in written:
                written = frozenset(table.columns_by_name)
            found.setdefault(table.id, []).append((statement.position, written))
    return found
