"""What a refresh says of itself when it is done: facts, never values."""

from __future__ import annotations

import hashlib
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.verdict import Verdict, signed_text

TableAction = Literal["full", "where", "empty"]
ColumnAction = Literal["mask", "keep", "empty"]
CheckResult = Literal["passed", "failed", "not run"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StepReport(_Model):
    name: str
    seconds: float


class TableReport(_Model):
    """``table`` is ``schema.name``; ``rows`` are the rows that are in the archive.

    ``checksum``: of its rows as they left verification, in any order; None where nothing of it is in the archive.
    """

    table: str
    rows: int
    action: TableAction
    checksum: str | None = None


class ColumnReport(_Model):
    """``masker`` is None where the column is kept or its table is empty; ``email, else keep`` where some rows are.

    ``nulls_filled``: by how many the column's NULLs became fewer where the user's own SQL assigns it; None where
    scripts also add or delete rows. A partitioned table's are those of its partitions together.
    """

    table: str
    column: str
    action: ColumnAction
    masker: str | None = None
    nulls_filled: int | None = 0


class Check(_Model):
    """One check over ``scope_rows`` rows; ``detail`` says which, in words that quote no value."""

    name: str
    scope_rows: int
    result: CheckResult
    detail: str = ""


class AcknowledgedFinding(_Model):
    """What was found at ``place`` in ``count`` values, and why the policy says that it may be there."""

    place: str
    rule: str
    detail: str
    count: int
    reason: str


class NotSearched(_Model):
    """A column of which ``what`` wasn't searched, by rule or by the policy."""

    column: str
    what: Literal["its raw values, elsewhere", "what it holds"]
    reason: str


class Verification(_Model):
    verdict: Literal["passed", "failed"]
    checks: tuple[Check, ...]
    acknowledged: tuple[AcknowledgedFinding, ...] = ()
    not_searched: tuple[NotSearched, ...] = ()


class MaskingReport(_Model):
    """What was done to every table and column of the clone, and how it was checked."""

    policy_digest: str
    tables: tuple[TableReport, ...]
    columns: tuple[ColumnReport, ...]
    verification: Verification
    rows_masked: int = 0
    #: None until it is signed.
    verdict: Verdict | None = None

    @property
    def sha256(self) -> str:
        """Of all but the verdict, as hex."""
        unsigned = self.model_copy(update={"verdict": None})
        return hashlib.sha256(signed_text(unsigned, kind="masking report")).hexdigest()

    @property
    def columns_masked(self) -> int:
        return sum(column.action == "mask" for column in self.columns)


class ArchiveReport(_Model):
    uri: str
    objects: int
    size_bytes: int


class TargetReport(_Model):
    database: str
    rows: int
    previous: str | None
    sessions_terminated: int = 0
    swap_seconds: float = 0.0


class RefreshReport(_Model):
    """The whole run. Times in seconds, sizes in bytes."""

    run_key: str
    flow_run_id: UUID
    env: str
    source: str
    snapshot: str
    steps: tuple[StepReport, ...]
    tables: tuple[TableReport, ...]
    columns: tuple[ColumnReport, ...]
    verification: Verification
    archive: ArchiveReport
    target: TargetReport
    verdict: Verdict | None = None
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)
