"""Chunks cover every block once; parts stay within S3's limits; groups keep the parts in order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from contracts.manifest import ArchivedPart
from tasks.archive.layout import MIB, S3_PART_MIN_BYTES, S3_PARTS_MAX, Sizes, group_parts, split_blocks


@given(blocks=st.integers(0, 10_000), size_bytes=st.integers(0, 10**9), chunk_bytes=st.integers(1, 10**8))
def test_chunks_cover_every_block_once_and_the_last_has_no_end(
    blocks: int, size_bytes: int, chunk_bytes: int
) -> None:
    ranges = split_blocks(blocks=blocks, size_bytes=size_bytes, chunk_bytes=chunk_bytes)
    assert ranges[0].first == 0
    assert ranges[-1].end is None
    assert all(one.end == other.first for one, other in itertools.pairwise(ranges))
    assert all(one.first < other.first for one, other in itertools.pairwise(ranges))


def test_a_chunk_is_read_by_its_blocks() -> None:
    first, last = split_blocks(blocks=10, size_bytes=20, chunk_bytes=10)
    assert first.predicate() == "ctid >= '(0,0)'::pg_catalog.tid AND ctid < '(5,0)'::pg_catalog.tid"
    assert last.predicate() == "ctid >= '(5,0)'::pg_catalog.tid"


def test_ten_thousand_parts_hold_400_gb_and_none_is_below_s3s_least_size() -> None:
    sizes = [Sizes().part_size(number) for number in range(1, S3_PARTS_MAX + 1)]
    assert min(sizes) >= S3_PART_MIN_BYTES
    assert sum(sizes) > 400 * 1000 * MIB
    assert sizes == sorted(sizes)


@given(st.lists(st.integers(1, 100), min_size=1), st.integers(1, 300))
def test_groups_are_consecutive_parts_that_reach_the_wanted_size(lengths: list[int], load_bytes: int) -> None:
    offsets = itertools.accumulate(lengths, initial=0)
    parts = tuple(
        ArchivedPart(offset=offset, size_bytes=length, rows=1, sha256="0" * 64)
        for offset, length in zip(offsets, lengths, strict=False)
    )
    groups = list(group_parts(parts, load_bytes))
    assert tuple(itertools.chain.from_iterable(groups)) == parts
    assert all(sum(part.size_bytes for part in group) >= load_bytes for group in groups[:-1])
