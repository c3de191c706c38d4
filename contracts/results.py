"""What each step hands to the next. Small, frozen, without secrets: Prefect stores flow parameters in clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.manifest import Manifest
from contracts.report import Check

SnapshotKind = Literal["manual", "automated", "named"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A DB cluster snapshot of the source. ``is_ours`` says whether this run made it, and so deletes it.

    ``kms_key_id`` is the ARN of its key, None where it isn't encrypted.
    """

    arn: str
    identifier: str
    kind: SnapshotKind
    engine_version: str
    master_username: str
    is_ours: bool
    kms_key_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clone:
    """The temporary cluster, restored from the snapshot. ``secret_arn`` names the one-run secret that opens it."""

    cluster_id: str
    instance_id: str
    host: str
    port: int
    secret_arn: str
    engine_version: str
    snapshot_arn: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A complete archive in S3: its manifest was read there."""

    bucket: str
    prefix: str
    manifest: Manifest

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, kw_only=True)
class RestoredTable:
    table: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Restored:
    """The target after the swap: ``database`` is live, ``previous`` what it replaced (None at the first load)."""

    database: str
    previous: str | None
    tables: tuple[RestoredTable, ...]
    sessions_terminated: int
    swap_seconds: float
    #: What was held against the signed report before the swap; none where an earlier attempt had swapped.
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Something of ours that is still there. ``kind`` is AWS's or PostgreSQL's word for it."""

    kind: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier}"
