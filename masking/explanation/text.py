"""An explanation as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from masking.explanation.explanation import (
    ColumnExplanation,
    Explanation,
    StatementExplanation,
    TableExplanation,
)
from masking.explanation.inner import InnerExplanation
from masking.planning.ways import Way

_INDENT = "  "


def explanation_text(explanation: Explanation, *, with_order: bool = True) -> str:
    """The order of things, unless only single tables are asked for, then each table."""
    parts = ["\n".join(_order(explanation))] if with_order else []
    parts += ["\n".join(_table(table)) for table in explanation.tables]
    return "\n\n".join(parts) + "\n"


def _order(explanation: Explanation) -> Iterator[str]:
    yield f"Order, in database {explanation.database}"
    if explanation.emptied:
        yield f"{_INDENT}emptied: {', '.join(explanation.emptied)}"
    if explanation.filtered:
        yield f"{_INDENT}filtered by their where: {', '.join(explanation.filtered)}"
    for stage in explanation.stages:
        yield f"{_INDENT}stage {stage.number}: {', '.join(stage.tables) or 'no pass'}"
        if stage.barrier is not None:
            yield f"{_INDENT * 2}then {stage.barrier} as it is written"
    yield f"{_INDENT}large objects: {explanation.large_objects}"


def _table(table: TableExplanation) -> Iterator[str]:
    rows = f", about {table.estimated_rows:,} rows" if table.estimated_rows > 0 else ""
    yield f"{table.name} ({table.kind}{rows}): {_action(table)}"
    is_partition = table.derived is not None and table.derived.startswith("as its parent")
    if table.derived is None and table.action != "empty":
        yield from (_INDENT + line for line in _columns(table.columns))
    if table.way is not None:
        yield f"{_INDENT}{_way(table.way)}"
    for statement in table.statements:
        yield f"{_INDENT}{_statement(statement)}"
    if is_partition or table.derived is None:
        for one in table.sql:
            head = f"stage {one.stage}" if one.stage else "first"
            lines = one.sql.splitlines()
            yield f"{_INDENT}{head}: {lines[0]}"
            yield from (f"{_INDENT * 2}{line}" for line in lines[1:])


def _action(table: TableExplanation) -> str:
    if table.derived is not None:
        return table.derived
    if table.action == "empty":
        return "emptied, structure only"
    if table.action == "where":
        return f"rows where {table.where}"
    return "all rows"


def _columns(columns: Sequence[ColumnExplanation]) -> Iterator[str]:
    if not columns:
        return
    name_width = max(len(column.name) for column in columns)
    type_width = min(max(len(column.type) for column in columns), 30)
    for column in columns:
        yield f"{column.name:{name_width}}  {column.type:{type_width}}  {_fate(column)}".rstrip()
        place_width = max((len(one.where) for one in column.inner), default=0)
        for one in column.inner:
            yield f"{_INDENT}{one.where:{place_width}}  {_inner_fate(one)}"


def _fate(column: ColumnExplanation) -> str:
    if column.action == "keep":
        return _kept(column.reason)
    domain = f" in domain {column.domain}" if column.domain and column.domain != column.masker else ""
    if column.when is None:
        return f"{column.masker}{domain}{f' ({column.reason})' if column.reason else ''}"
    otherwise = _kept(column.reason) if column.otherwise == "keep" else column.otherwise
    return f"{column.masker}{domain} where {column.when}, else {otherwise}"


def _inner_fate(inner: InnerExplanation) -> str:
    match inner.masker:
        case "keep":
            return _kept(inner.reason)
        case "drop":
            return "dropped"
    domain = f" in domain {inner.domain}" if inner.domain not in ("", inner.masker) else ""
    return f"{inner.masker}{domain}"


def _kept(reason: str) -> str:
    return f"kept: {reason}" if reason else "kept"


def _way(way: Way) -> str:
    if way.name == "copy":
        return "way: written anew"
    return f"way: updated in place ({way.reason})"


def _statement(statement: StatementExplanation) -> str:
    if not statement.is_run:
        return f"{statement.place} isn't run: the table is emptied"
    if statement.barrier is None:
        return f"{statement.place} is fused into the table's pass"
    return f"{statement.place} is a barrier at the end of stage {statement.stage}: {statement.barrier}"
