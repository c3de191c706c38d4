"""The turns of a table's maskers: what reads another masked column comes after it, and is made of its mask; what asks
another for a condition doesn't come after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from masking.catalogue import Table
from masking.maskers.masker import Use
from masking.policy.rules import TableRule, invalid
from masking.syntax.expressions import Expression


def in_turn(
    table: Table, rule: TableRule, uses: Sequence[Use], expressions: Mapping[str, Expression]
) -> Iterator[tuple[list[Use], set[str]]]:
    """Maskers that can run at once, with all columns that they read; each turn reads what earlier ones left.

    ``expressions``: what a column's ``sql`` reads, masks included. What a ``when`` or an ``of`` reads, it reads as the
    scripts left it, so those columns have their turn with its own column or later.

    Raises:
        PolicyInvalid: some rules read each other, so that one of them would be made of raw values.
    """
    masked = {use.column.name for use in uses}
    #: Columns that have their turn before, by column; for ``when``, those that mustn't.
    before = {
        name: (table.with_sources(expressions[name].reads) & masked) - {name}
        if name in expressions
        else set()
        for name in masked
    }
    asked = {use.column.name: set(table.with_sources(use.asks)) for use in uses}
    left = list(uses)
    while left:
        waiting = {use.column.name for use in left}
        ready = {name for name in waiting if not before[name] & waiting}
        while held := {name for name in ready if any(name in asked[other] for other in waiting - ready)}:
            ready -= held
        if not ready:
            raise _circle(table, rule, before, asked, waiting)
        turn = [use for use in left if use.column.name in ready]
        reads = set(ready)
        for name in ready:
            reads |= asked[name]
            reads |= table.with_sources(expressions[name].reads) if name in expressions else set()
        yield turn, reads
        left = [use for use in left if use.column.name not in ready]


def _circle(
    table: Table,
    rule: TableRule,
    before: Mapping[str, AbstractSet[str]],
    asked: Mapping[str, AbstractSet[str]],
    waiting: AbstractSet[str],
) -> Exception:
    """Each column on the path waits for the next one."""
    waits_for = {
        name: (before[name] | {other for other in waiting - {name} if name in asked[other]}) & waiting
        for name in waiting
    }
    name = min(name for name in waiting if before[name] & waiting)
    path = [name]
    while path.count(path[-1]) < 2:
        # What its mask is made of comes first: a path of conditions alone isn't what stands in the way.
        path.append(min(before[path[-1]] & waiting or waits_for[path[-1]]))
    circle = path[path.index(path[-1]) :]
    if all(one in before[other] for other, one in pairwise(circle)):
        return invalid(
            rule.columns[circle[0]].position,
            f"the sql of these columns of {table} reads one another in a circle: {' <- '.join(circle)}",
            "Give one of them a masker that reads no other masked column.",
        )
    return invalid(
        rule.columns[circle[0]].position,
        f"these columns of {table} wait for one another: {' <- '.join(circle)}. An sql reads what other columns are "
        "masked to, a when or an of what they were before",
        "Let one of them read a column that isn't masked.",
    )
