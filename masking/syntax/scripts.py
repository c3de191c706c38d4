"""The user's ``masking/*.sql``, read with PostgreSQL's own parser.

A plain ``UPDATE`` whose values are expressions over the same row can be fused with others into one pass over its
table (:mod:`masking.fusing.fuser`). Whatever else changes rows runs as it is written, in its place. What doesn't change
rows is refused: a script that alters the schema would change what is dumped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.errors import PolicyInvalid
from masking.syntax.expressions import Expression, NotAnExpression, row_expression
from masking.syntax.position import Position
from masking.syntax.reach import Reach, reach_of
from masking.syntax.sql_file import statements_of
from masking.syntax.volatility import is_volatile

_CHANGES_ROWS = {
    "update_stmt": "UPDATE",
    "delete_stmt": "DELETE",
    "insert_stmt": "INSERT",
    "merge_stmt": "MERGE",
}


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """``column = expression``."""

    column: str
    expression: Expression


@dataclass(frozen=True, kw_only=True)
class ScriptStatement:
    """One statement. ``barrier`` says why it can't be fused; None when it can."""

    position: Position
    text: str
    #: As it stands there; None without a schema.
    schema: str | None
    table: str
    assignments: tuple[Assignment, ...] = ()
    #: Names of all columns that it assigns, also where it can't be fused.
    assigned: tuple[str, ...] = ()
    condition: Expression | None = None
    #: ``UPDATE ONLY``: without partitions and inheritance children.
    only: bool = False
    barrier: str | None = None
    #: Whether it may change how many rows its table has.
    changes_row_count: bool = False
    #: What it may read and write as it is written.
    reach: Reach


def parse_script(text: str, file: str) -> Iterator[ScriptStatement]:
    """The statements of one file in order. Raises :class:`PolicyInvalid` with file, line and column."""
    for node, written, position in statements_of(text, file, remedy="Mend the script."):
        yield _statement(node, written, position)


def _statement(node: Any, text: str, position: Position) -> ScriptStatement:
    kind = node.WhichOneof("node")
    if kind not in _CHANGES_ROWS:
        raise PolicyInvalid(
            "it isn't a statement that changes rows",
            resource=str(position),
            remedy="Use UPDATE (or DELETE, INSERT, MERGE); what changes the target belongs in post_restore/.",
        )
    statement = getattr(node, kind)
    relation = statement.relation
    fields: dict[str, Any] = {
        "position": position,
        "text": text,
        "schema": relation.schemaname or None,
        "table": relation.relname,
        "only": not relation.inh,
        "reach": reach_of(statement),
    }
    if kind != "update_stmt":
        return ScriptStatement(
            barrier=f"it is no UPDATE but {_CHANGES_ROWS[kind]}", changes_row_count=True, **fields
        )
    fields["assigned"] = tuple(target.res_target.name for target in statement.target_list)
    barrier = _clause_that_bars(statement)
    if barrier is None:
        qualifiers = frozenset({relation.alias.aliasname or relation.relname})
        try:
            fields["assignments"] = tuple(
                Assignment(
                    column=target.res_target.name,
                    expression=row_expression(target.res_target.val, qualifiers=qualifiers),
                )
                for target in statement.target_list
            )
            if statement.HasField("where_clause"):
                fields["condition"] = row_expression(statement.where_clause, qualifiers=qualifiers)
                if is_volatile(fields["condition"].calls):
                    raise NotAnExpression("its WHERE may tell something else when it is asked again")
        except NotAnExpression as why:
            fields["assignments"], fields["condition"], barrier = (), None, str(why)
    return ScriptStatement(barrier=barrier, **fields)


def _clause_that_bars(statement: Any) -> str | None:
    if statement.HasField("with_clause"):
        return "it has WITH"
    if statement.from_clause:
        return "it has FROM"
    if statement.HasField("returning_clause"):
        return "it has RETURNING"
    if any(target.res_target.indirection for target in statement.target_list):
        return "it assigns a part of a column"
    return None
