"""Compressing COPY's text into frames of whole rows, and back. Pure, and constant in memory.

pg_restore reads concatenated zstd frames and gzip members as one file. A zstd file that ends within a frame is a short
file to it, without an error: so a frame's end is checked here, and each frame carries a checksum.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import zstandard

from tasks.archive.layout import END_OF_DATA, MIB, Compression

# Level 1 is what a core writes as fast as PostgreSQL reads: about 230 MB/s, to a fifth of the size.
_LEVEL = 1
_GZIP = 31  # zlib's wbits for a gzip header


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Compressed rows. It decompresses by itself."""

    data: bytes
    rows: int


class FrameWriter:
    """Takes COPY's text in pieces of any length, and gives it back as frames of at least ``frame_bytes`` of text."""

    def __init__(self, compression: Compression, frame_bytes: int) -> None:
        self._compression = compression
        self._frame_bytes = frame_bytes
        self._begin()

    def _begin(self) -> None:
        self._compressor = _compressor(self._compression)
        self._compressed: list[bytes] = []
        self._text_bytes = 0
        self._rows = 0

    def write(self, text: bytes) -> Frame | None:
        """Add text; a finished frame, where it filled one."""
        if self._text_bytes + len(text) < self._frame_bytes or (end := text.rfind(b"\n") + 1) == 0:
            self._add(text)
            return None
        self._add(text[:end])
        frame = self._finish()
        self._add(text[end:])
        return frame

    def close(self) -> Frame | None:
        """The last frame; None where nothing is left."""
        return self._finish() if self._text_bytes else None

    def _add(self, text: bytes) -> None:
        if text:
            self._compressed.append(self._compressor.compress(text))
            self._text_bytes += len(text)
            self._rows += text.count(b"\n")

    def _finish(self) -> Frame:
        self._compressed.append(self._compressor.flush())
        frame = Frame(data=b"".join(self._compressed), rows=self._rows)
        self._begin()
        return frame


def end_frame(compression: Compression) -> Frame:
    """The frame that ends every table."""
    compressor = _compressor(compression)
    return Frame(data=compressor.compress(END_OF_DATA) + compressor.flush(), rows=0)


def _compressor(compression: Compression) -> _Compressor:
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)


class FramesBroken(Exception):
    """Bytes that aren't whole frames. ``reason`` quotes none of them."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def decompress(pieces: Iterator[bytes], compression: Compression) -> Iterator[bytes]:
    """The text of concatenated frames; :class:`FramesBroken` where one is damaged or lacks its end."""
    try:
        yield from _unzstd(pieces) if compression == "zstd" else _gunzip(pieces)
    except (zstandard.ZstdError, zlib.error):
        raise FramesBroken("a frame can't be decompressed") from None


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor()
    frame = None
    for piece in pieces:
        data = piece
        while data:
            frame = frame or decompressor.decompressobj(write_size=MIB)
            if text := frame.decompress(data):
                yield text
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None:
        raise FramesBroken("it ends within a frame")


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    frame = None
    for piece in pieces:
        data = piece
        while data:
            frame = frame or zlib.decompressobj(_GZIP)
            if text := frame.decompress(data, MIB):
                yield text
            data = frame.unconsumed_tail
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None:
        raise FramesBroken("it ends within a frame")


def without_end_mark(texts: Iterator[bytes]) -> Iterator[bytes]:
    """The rows of a whole table: ``texts`` less the end mark, which must be there."""
    held = b""
    for text in texts:
        held += text
        if len(held) > len(END_OF_DATA):
            yield held[: -len(END_OF_DATA)]
            held = held[-len(END_OF_DATA) :]
    if held != END_OF_DATA:
        raise FramesBroken("the end mark of a table's rows is missing")
