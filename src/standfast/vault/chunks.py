"""Cuts content into chunks, names them and makes them small. Format: docs/formats/pack.md, "Chunking"."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import blake3
import pyfastcdc
import zstandard

SMALLEST_BYTES, AVERAGE_BYTES, GREATEST_BYTES = 256 * 1024, 1024 * 1024, 4 * 1024 * 1024
COMPRESSION_LEVEL = 3
"""zstd's own default: 500 MB/s on text here; level 6 halves that for 4 % less."""
SAMPLE_BYTES = 16 * 1024
SAMPLED_FROM_BYTES = 128 * 1024


class _Tools(threading.local):
    """One compressor a thread: they are not safe to share, and dear to make."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
        self.sampler = zstandard.ZstdCompressor(level=1)


_TOOLS = _Tools()
_CUTTER = pyfastcdc.FastCDC(avg_size=AVERAGE_BYTES, min_size=SMALLEST_BYTES, max_size=GREATEST_BYTES)


def chunk_id(dedup_key: bytes, plain: bytes | memoryview) -> bytes:
    """The chunk's name, 32 bytes: says nothing without the dedup key."""
    return blake3.blake3(plain, key=dedup_key).digest()


def cut(content: memoryview) -> Iterator[memoryview]:
    """Cut content that is all there into chunks, in order."""
    if len(content) < SMALLEST_BYTES:
        if content:
            yield content
        return
    at = 0
    for piece in _CUTTER.cut_buf(content):
        yield content[at : at + piece.length]
        at += piece.length


def cut_lengths(window: memoryview) -> list[int]:
    """Lengths of the chunks in a window of a longer content. The last one may grow when more is known."""
    return [piece.length for piece in _CUTTER.cut_buf(window)]


def compress(plain: bytes | memoryview) -> bytes | None:
    """The chunk as one zstd frame, or None where that would not be smaller.

    A large chunk is tried on two samples first: video and images are the bulk of what is held, and do not shrink.
    """
    size = len(plain)
    if size >= SAMPLED_FROM_BYTES:
        middle = size // 2
        sample = bytes(plain[:SAMPLE_BYTES]) + bytes(plain[middle : middle + SAMPLE_BYTES])
        if len(_TOOLS.sampler.compress(sample)) > len(sample) * 98 // 100:
            return None
    small = _TOOLS.compressor.compress(plain)
    return small if len(small) < size else None
