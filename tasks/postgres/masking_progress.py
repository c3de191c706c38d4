"""How far a pass is: rows and bytes done, of how many."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from contracts.messages import size
from masking.catalogue import Catalogue, Table
from masking.fusing.fuser import Stage

#: Tables may be done by the hundred within a second, or one in an hour.
_EVERY_S = 30.0


class MaskingProgress:
    """Tells ``say`` every half minute, and at the end. Numbers are those of PostgreSQL's statistics."""

    def __init__(self, catalogue: Catalogue, stages: Sequence[Stage], say: Callable[[str], None]) -> None:
        self._catalogue, self._say = catalogue, say
        passes = [catalogue.tables_by_id[found[0].table] for stage in stages for found in stage.passes]
        self._rows_of = sum(self._rows(table) for table in passes)
        self._bytes_of = sum(self._bytes(table) for table in passes)
        self._rows_done, self._bytes_done = 0.0, 0.0
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def add(self, table: Table, share: float = 1.0) -> None:
        """A pass over ``share`` of a table is done. Can be called by several threads."""
        with self._lock:
            self._rows_done += share * self._rows(table)
            self._bytes_done += share * self._bytes(table)
            if time.monotonic() - self._said >= _EVERY_S:
                self._tell()

    def end(self) -> None:
        """All passes are done."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        self._said = time.monotonic()
        self._say(
            f"Masked about {self._rows_done:,.0f} of {self._rows_of:,} rows,"
            f" {size(round(self._bytes_done))} of {size(self._bytes_of)}"
        )

    def _rows(self, table: Table) -> int:
        return sum(max(leaf.estimated_rows, 0) for leaf in self._catalogue.leaves(table))

    def _bytes(self, table: Table) -> int:
        return sum(leaf.size_bytes for leaf in self._catalogue.leaves(table))
