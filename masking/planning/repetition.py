"""Columns whose values repeat: each distinct value is masked once, and the pass joins the masks.

A mask is made of its value alone, so it doesn't matter how often it is made. How many distinct values there are,
PostgreSQL's statistics say (``pg_stats.n_distinct``); where they are wrong the result is the same, and only slower.
"""

from __future__ import annotations

from collections.abc import Sequence

from masking.catalogue import Column, Table
from masking.fusing.fuser import Pass
from masking.maskers.masker import Use

#: Measured: finding and joining distinct values costs a quarter of what masking them costs.
_DISTINCT_SHARE = 0.25
#: Every parallel worker hashes all of them: some 20 MB.
_DISTINCT_AT_MOST = 200_000
#: Types of which equal values are the same to the letter.
_TYPES = frozenset({"text", "varchar", "date"})


def repeating_columns(table: Table, first: Pass, uses: Sequence[Use]) -> tuple[str, ...]:
    """The columns of a table's first pass that are masked by distinct value, in the table's order."""
    masks = {use.column.name: use for use in uses if _is_of_its_value_alone(use)}
    values = {update.column: update.value for update in first.updates}
    return tuple(
        column.name
        for column in table.columns
        if column.name in masks
        and column.name in values
        and _repeats(column, table.estimated_rows)
        # Not where a script assigned it something first.
        and values[column.name].as_string(None) == masks[column.name].expression().as_string(None)
    )


def _is_of_its_value_alone(use: Use) -> bool:
    return use.masker.keyed and use.condition is None and not use.inner and not use.parameters.reads()


def _repeats(column: Column, rows: int) -> bool:
    if column.n_distinct is None or column.base_type not in _TYPES or column.collation is not None:
        return False
    distinct = column.n_distinct if column.n_distinct >= 0 else -column.n_distinct * rows
    return distinct <= min(_DISTINCT_AT_MOST, _DISTINCT_SHARE * rows)
