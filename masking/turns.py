"""The turns of a table's maskers: what reads another masked column comes after it, and is made of its mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from masking.catalogue import Table
from masking.expressions import Expression
from masking.masker import Use
from masking.policy import TableRule, invalid


def in_turn(
    table: Table, rule: TableRule, uses: Sequence[Use], expressions: Mapping[str, Expression]
) -> Iterator[tuple[list[Use], set[str]]]:
    """Maskers that can run at once, with all columns that they read; each turn reads what earlier ones left.

    Raises:
        PolicyInvalid: some ``sql`` rules read each other, so that one of them would be made of raw values.
    """
    reads = {use.column.name: {use.column.name} for use in uses}
    for name in reads.keys() & expressions.keys():
        reads[name] |= table.with_sources(expressions[name].reads)
    left = list(uses)
    while left:
        waiting = {use.column.name for use in left}
        ready = [use for use in left if not (reads[use.column.name] - {use.column.name}) & waiting]
        if not ready:
            raise _circle(table, rule, reads, waiting)
        yield ready, set().union(*(reads[use.column.name] for use in ready))
        left = [use for use in left if use not in ready]


def _circle(table: Table, rule: TableRule, reads: Mapping[str, set[str]], waiting: set[str]) -> Exception:
    name = min(waiting)
    path = [name]
    while path.count(path[-1]) < 2:
        path.append(min((reads[path[-1]] - {path[-1]}) & waiting))
    circle = path[path.index(path[-1]) :]
    return invalid(
        rule.columns[circle[0]].position,
        f"the sql of these columns of {table} reads one another in a circle: {' <- '.join(circle)}",
        "Give one of them a masker that reads no other masked column.",
    )
