"""Frames hold whole rows, decompress by themselves and by PostgreSQL's readers, and can't lose their end unnoticed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.archive.frames import Frame, FramesBroken, FrameWriter, decompress, end_frame, without_end_mark
from tasks.archive.layout import END_OF_DATA, Compression

COMPRESSIONS: list[Compression] = ["zstd", "gzip"]
rows_of_text = st.lists(
    st.binary(max_size=40).map(lambda value: value.replace(b"\n", b"") + b"\n"), max_size=60
)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def frames_of(text: bytes, compression: Compression, frame_bytes: int, piece: int) -> list[Frame]:
    writer = FrameWriter(compression, frame_bytes)
    frames = [frame for block in cut(text, piece) if (frame := writer.write(block))]
    return frames + ([last] if (last := writer.close()) else [])


@pytest.mark.parametrize("compression", COMPRESSIONS)
@settings(max_examples=50, deadline=None)
@given(
    rows=rows_of_text, frame_bytes=st.integers(1, 300), piece=st.integers(1, 100), read=st.integers(1, 100)
)
def test_rows_come_back_from_frames_in_any_pieces(
    compression: Compression, rows: list[bytes], frame_bytes: int, piece: int, read: int
) -> None:
    frames = frames_of(b"".join(rows), compression, frame_bytes, piece)
    assert sum(frame.rows for frame in frames) == len(rows)
    data = b"".join(frame.data for frame in [*frames, end_frame(compression)])
    assert b"".join(without_end_mark(decompress(cut(data, read), compression))) == b"".join(rows)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@settings(max_examples=30, deadline=None)
@given(rows=rows_of_text, frame_bytes=st.integers(1, 300), piece=st.integers(1, 100))
def test_each_frame_holds_whole_rows(
    compression: Compression, rows: list[bytes], frame_bytes: int, piece: int
) -> None:
    for frame in frames_of(b"".join(rows), compression, frame_bytes, piece):
        text = b"".join(decompress(iter([frame.data]), compression))
        assert text.endswith(b"\n")
        assert text.count(b"\n") == frame.rows


def test_other_readers_take_concatenated_frames_as_one_file() -> None:
    text = b"".join(b"%d\tvalue\n" % number for number in range(1000))
    data = {kind: b"".join(frame.data for frame in frames_of(text, kind, 500, 64)) for kind in COMPRESSIONS}
    assert gzip.decompress(data["gzip"]) == text
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data["zstd"]), read_across_frames=True)
    assert reader.read() == text


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_cut_within_the_last_frame_is_noticed_wherever_it_is(compression: Compression) -> None:
    first = frames_of(b"row\n" * 1000, compression, 1 << 20, 1 << 20)[0].data
    last = frames_of(b"other row\n" * 50, compression, 1 << 20, 1 << 20)[0].data
    for length in range(1, len(last)):
        with pytest.raises(FramesBroken):
            list(decompress(iter([first + last[:length]]), compression))


def test_a_changed_byte_within_a_zstd_frame_never_gives_other_text() -> None:
    text = b"".join(b"%d\tvalue\n" % number for number in range(500))
    (frame,) = frames_of(text, "zstd", 1 << 20, 1 << 20)
    noticed = 0
    for index in range(len(frame.data)):
        changed = frame.data[:index] + bytes([frame.data[index] ^ 1]) + frame.data[index + 1 :]
        try:
            assert b"".join(decompress(iter([changed]), "zstd")) == text
        except FramesBroken:
            noticed += 1
    assert noticed > 0.99 * len(frame.data)


@pytest.mark.parametrize("text", [b"", b"row\n", b"row\n\\.\n\n", END_OF_DATA + b"row\n"])
def test_a_table_without_its_end_mark_is_refused(text: bytes) -> None:
    with pytest.raises(FramesBroken, match="end mark"):
        list(without_end_mark(iter([text])))
