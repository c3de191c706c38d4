"""What an archive in S3 says of itself. ``manifest.json`` is written last: without it there is no archive.

Sizes are bytes, times are aware and in UTC, a SHA-256 is 64 hex digits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.errors import ArchiveInvalid
from contracts.ownership import Ownership
from contracts.verdict import Verdict, signed_text

MANIFEST_NAME = "manifest.json"
TOC_NAME = "toc.dat"
FORMAT: Literal[1] = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]
# What pg_dump calls the files of its directory format; nothing that could leave the prefix.
ObjectName = Annotated[str, Field(pattern=r"^(toc\.dat|[0-9]+\.dat\.(gz|zst))$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ArchivedPart(_Model):
    """Consecutive bytes of an object that decompress by themselves, to whole rows: they can be loaded alone."""

    offset: Size
    size_bytes: Annotated[int, Field(ge=1)]
    rows: Size
    sha256: Sha256


class ArchivedObject(_Model):
    """One object of the archive: its name below the prefix, its size, and the SHA-256 of its bytes."""

    name: ObjectName
    size_bytes: Size
    sha256: Sha256


class ArchivedTable(_Model):
    """One table with data: ``rows`` as COPY wrote them, and the parts that its object consists of, in order."""

    table: str
    rows: Size
    object_name: ObjectName
    parts: tuple[ArchivedPart, ...] = Field(min_length=1)


class Manifest(_Model):
    """``manifest.json``.

    ``collate``, ``ctype``, ``locale_provider`` and ``locale`` are those of the source's database, as
    ``CREATE DATABASE`` takes them; ``encoding`` is its name, as in ``pg_encoding_to_char``.
    ``verdict`` is what the verification of the masked clone said, ``proof`` the same, signed. ``signature`` is of all
    other fields.
    """

    format: Literal[1] = FORMAT
    run_key: str
    flow_run_id: UUID
    env: str
    database: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    server_version: str
    client_version: str
    compression: Literal["zstd", "gzip"]
    encoding: str
    collate: str
    ctype: str
    locale_provider: Literal["libc", "icu", "builtin"] = "libc"
    locale: str | None = None
    snapshot_arn: str
    policy_digest: str
    verdict: str
    objects: tuple[ArchivedObject, ...]
    tables: tuple[ArchivedTable, ...]
    proof: Verdict | None = None
    signature: str = ""

    @property
    def signed_text(self) -> bytes:
        """What ``signature`` is of."""
        return signed_text(self, kind="manifest")

    @property
    def size_bytes(self) -> int:
        return sum(item.size_bytes for item in self.objects)

    @property
    def rows(self) -> int:
        return sum(item.rows for item in self.tables)

    @property
    def ownership(self) -> Ownership:
        return Ownership(env=self.env, flow_run_id=self.flow_run_id, expires_at=self.expires_at)

    @property
    def client_major(self) -> int:
        """The major version of pg_dump; pg_restore must be that or newer."""
        return int(self.client_version.split(".")[0])

    def object_named(self, name: str) -> ArchivedObject:
        return next(item for item in self.objects if item.name == name)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        """Every byte of a table's object lies in exactly one part, so checked parts are a checked object."""
        objects = {item.name: item for item in self.objects}
        if len(objects) != len(self.objects):
            raise ValueError("an object is listed twice")
        if TOC_NAME not in objects:
            raise ValueError(f"{TOC_NAME} isn't listed")
        if sorted([TOC_NAME, *(table.object_name for table in self.tables)]) != sorted(objects):
            raise ValueError("tables and objects don't match one to one")
        if self.run_key != self.flow_run_id.hex[-12:]:
            raise ValueError("run_key isn't that of flow_run_id")
        for table in self.tables:
            expected = 0
            for part in table.parts:
                if part.offset != expected:
                    raise ValueError(f"parts of {table.object_name} overlap or leave a gap")
                expected += part.size_bytes
            item = objects[table.object_name]
            if expected != item.size_bytes or sum(part.rows for part in table.parts) != table.rows:
                raise ValueError(f"parts of {table.object_name} don't add up")
            if len(table.parts) == 1 and table.parts[0].sha256 != item.sha256:
                raise ValueError(f"{table.object_name} has two checksums")
        return self

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1).encode() + b"\n"


def parse_manifest(body: bytes, *, resource: str) -> Manifest:
    """``body`` as a manifest; :class:`ArchiveInvalid` says which fields are wrong."""
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or MANIFEST_NAME}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)[:5]
        )
        raise ArchiveInvalid(
            f"its manifest can't be used ({faults})",
            resource=resource,
            remedy="It was changed after it was written, or by another version: take a new dump.",
        ) from None


def utc_seconds(moment: datetime) -> datetime:
    """``moment`` without what JSON and tags don't keep: fractions of a second."""
    return moment.replace(microsecond=0)
