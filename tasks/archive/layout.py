"""How an archive is cut: frames of whole rows, parts of frames, chunks of tables. Pure.

A table is one entry of the TOC and so one object (``3517.dat.zst``): two entries for one table lose rows under
``pg_restore -j``. The object is a concatenation of *frames*, each compressed by itself and ending at a row's end, in
any order, with PostgreSQL's end mark as the last. A *part* is what is uploaded at once, and what can be loaded alone.
A *chunk* is a range of a big table's blocks, which one session reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from contracts.manifest import ArchivedPart

Compression = Literal["zstd", "gzip"]

SUFFIX: dict[Compression, str] = {"zstd": "zst", "gzip": "gz"}
# What pg_dump writes behind a table's rows.
END_OF_DATA = b"\\.\n\n\n"

MIB = 1 << 20
#: From this version on, the server finds a range of blocks without reading what is before it.
#: https://www.postgresql.org/docs/release/14.0/ (E.23.3.1.5)
TID_RANGE_SCANS_SINCE = 140000
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
S3_PART_MIN_BYTES = 5 * MIB
S3_PARTS_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """``frame_bytes`` are uncompressed, ``part_bytes`` compressed, ``chunk_bytes`` on the clone's disk."""

    frame_bytes: int = 16 * MIB
    part_bytes: int = 8 * MIB
    chunk_bytes: int = 128 * MIB
    load_bytes: int = 64 * MIB
    """Compressed bytes that one session loads in one COPY."""

    def part_size(self, number: int) -> int:
        """The least size of part ``number`` (from 1): it grows, so that 10,000 parts hold 400 GB and more."""
        return self.part_bytes * (1 + (number - 1) // 1000)


@dataclass(frozen=True, kw_only=True)
class BlockRange:
    """Blocks ``first`` … ``end - 1`` of a heap; up to its last one where ``end`` is None."""

    first: int
    end: int | None

    def predicate(self) -> str:
        """A condition on ctid, answered by a Tid Range Scan since :data:`TID_RANGE_SCANS_SINCE`."""
        lower = f"ctid >= '({self.first:d},0)'::pg_catalog.tid"
        return lower if self.end is None else f"{lower} AND ctid < '({self.end:d},0)'::pg_catalog.tid"


def split_blocks(*, blocks: int, size_bytes: int, chunk_bytes: int) -> tuple[BlockRange, ...]:
    """Ranges of about ``chunk_bytes`` each that cover all blocks, the last one without an end."""
    count = max(1, min(blocks, -(-size_bytes // chunk_bytes)))
    bounds = [blocks * index // count for index in range(count)]
    return tuple(
        BlockRange(first=first, end=end) for first, end in zip(bounds, [*bounds[1:], None], strict=True)
    )


def group_parts(parts: tuple[ArchivedPart, ...], load_bytes: int) -> Iterator[tuple[ArchivedPart, ...]]:
    """Consecutive parts, together of at least ``load_bytes`` where there are as many."""
    group: list[ArchivedPart] = []
    for part in parts:
        group.append(part)
        if sum(item.size_bytes for item in group) >= load_bytes:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)
