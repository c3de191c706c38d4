"""Planning takes steps in proportion to the tables: counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from masking.catalogue import Catalogue, Table
from masking.explanation.explanation import explain
from masking.planning.plan import make_plan
from masking.policy.reading import parse_policy
from masking.policy.rules import Policy
from masking.statements.checks import batches, checks_of
from tests.unit.masking.shapes import catalogue, column, foreign_key, table

GROUP = 4


def _table(number: int) -> Table:
    """Emptied, masked, scripted, or changed by a statement as it is written; it refers to the last of its kind."""
    before = foreign_key("k", "other", f"t{number - GROUP}", "other")
    return table(
        f"t{number}",
        column("id", "int8"),
        column("other", "varchar", max_length=1000 - number),
        column("note"),
        foreign_keys=(before,) if number >= GROUP else (),
    )


def _rule(number: int) -> str:
    if number % GROUP == 0:
        return "empty"
    note = "{script: {domain: notes}}" if number % GROUP == 2 else "free_text"
    return f"{{columns: {{id: keep, other: pseudonym, note: {note}}}}}"


def _script(number: int) -> str:
    match number % GROUP:
        case 2:
            return f"UPDATE t{number} SET note = 'a note';"
        case 3:
            return f"DELETE FROM t{number} WHERE id = 1;"
    return ""


def _read(tables: int) -> tuple[Catalogue, Policy]:
    rules = "".join(f"  t{number}: {_rule(number)}\n" for number in range(tables))
    script = "\n".join(_script(number) for number in range(tables))
    return catalogue(*(_table(number) for number in range(tables))), parse_policy(
        f"tables:\n{rules}", {"1.sql": script}
    )


def _plan(found: Catalogue, policy: Policy) -> None:
    plan = make_plan(found, policy)
    explain(found, policy, plan)
    for _ in batches(checks_of(plan, found), found):
        pass


def _steps(work: Callable[[], None]) -> int:
    """Lines of Python that ``work`` runs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_eight_times_as_many_tables_take_eight_times_as_many_steps() -> None:
    read = {tables: _read(tables) for tables in (8, 50, 400)}
    _plan(*read[8])  # what is made once is made
    few, many = (_steps(partial(_plan, *read[tables])) for tables in (50, 400))
    assert many < few * 8 * 1.1
