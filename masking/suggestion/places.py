"""A column in its table, as far as it matters for which masker it can bear."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from masking.catalogue import Catalogue, Column, Table
from masking.maskers.masker import UNLIMITED
from masking.suggestion.classify import ColumnId
from masking.suggestion.kinds import family_of
from masking.suggestion.samples import ColumnSample, Samples

#: From so many characters on, letters of the hash keep any number of rows distinct.
LONG: Final = 24


@dataclass(frozen=True, kw_only=True)
class Masker:
    """A masker as the policy writes it: a word, or a mapping with one key; ``name`` is how it is tried."""

    name: str
    policy: Any


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column in its table."""

    table: Table
    column: Column
    sample: ColumnSample | None
    #: Columns of the database that are to be masked.
    masked: Collection[ColumnId] = ()

    @property
    def id(self) -> ColumnId:
        return self.table.id, self.column.name

    @property
    def is_unique(self) -> bool:
        """Whether a unique index or exclusion constraint reads the column, plainly or in an expression."""
        return any(
            self.column.name in index.columns
            for index in self.table.indexes
            if index.unique or index.exclusion
        )

    @property
    def has_distinct_partner(self) -> bool:
        """Whether each unique index has another column, whose masks are long enough to keep it unique alone."""
        return all(
            any(self._is_long(name) for name in index.key_columns if name and name != self.column.name)
            for index in self.table.indexes
            if (index.unique or index.exclusion) and self.column.name in index.columns
        )

    def _is_long(self, name: str) -> bool:
        column = self.table.columns_by_name[name]
        return (
            (self.table.id, name) in self.masked
            and family_of(column.element_type) == "text"
            and (column.max_length or UNLIMITED) >= LONG
        )

    @property
    def masked_texts(self) -> tuple[str, ...]:
        """The table's other columns of text that are to be masked."""
        return tuple(
            column.name
            for column in self.table.columns
            if (self.table.id, column.name) in self.masked
            and family_of(column.element_type) == "text"
            and not column.is_array
        )

    @property
    def number_of_row(self) -> str | None:
        """The column that numbers the rows: an integer that is the whole primary key."""
        keys = [index.key_columns for index in self.table.indexes if index.primary]
        if len(keys) != 1 or len(keys[0]) != 1 or keys[0][0] is None:
            return None
        numbered = self.table.columns_by_name[keys[0][0]].element_type in ("int2", "int4", "int8")
        return keys[0][0] if numbered else None

    @property
    def nulls_may_repeat(self) -> bool:
        """Whether all values may become NULL."""
        return not self.column.not_null and not any(
            index.primary or index.nulls_not_distinct
            for index in self.table.indexes
            if index.unique and self.column.name in index.columns
        )


def places(
    catalogue: Catalogue, samples: Samples, members: Sequence[ColumnId], masked: Collection[ColumnId] = ()
) -> tuple[Place, ...]:
    """The columns of ``members``."""
    return tuple(
        Place(
            table=catalogue.tables_by_id[table],
            column=catalogue.tables_by_id[table].columns_by_name[name],
            sample=samples.of(table, name),
            masked=masked,
        )
        for table, name in members
    )
