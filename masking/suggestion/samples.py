"""What sampled rows say about a column: counts and shares, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from masking.catalogue import TableName


@dataclass(frozen=True, kw_only=True)
class ColumnSample:
    """Statistics of one column over the rows that were looked at.

    ``shares`` holds, for each shape of ``sql/suggestion/shapes.sql``, the share (0 to 1) of the non-null values
    that have it.
    """

    #: Values that aren't NULL, and how many of them differ.
    values: int
    distinct: int = 0
    average_length: float = 0.0
    average_words: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)
    #: Names of the keys in JSON values.
    json_keys: tuple[str, ...] = ()
    #: Paths to texts and numbers in them (``[*]`` for every element), each with ``string`` or ``number``.
    json_paths: tuple[tuple[tuple[str, ...], str], ...] = ()

    def share(self, shape: str) -> float:
        """The share of values with a shape; 0 when there are none."""
        return self.shares.get(shape, 0.0)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The samples of a database; empty when nobody looked (a schema file alone)."""

    columns: Mapping[tuple[TableName, str], ColumnSample] = field(default_factory=dict)
    #: For columns with CHECKs: whether every CHECK holds when the column is set to this masker's example
    #: (``masking.suggestion.trials``). A masker that was not tried is missing.
    trials: Mapping[tuple[TableName, str, str], bool] = field(default_factory=dict)
    #: Whether somebody looked: a column without a sample is then one whose rows can't be read, or has no value.
    taken: bool = False

    def of(self, table: TableName, column: str) -> ColumnSample | None:
        """A column's sample; None when it has no value to look at."""
        sample = self.columns.get((table, column))
        return sample if sample is not None and sample.values else None
