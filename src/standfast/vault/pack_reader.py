"""Reads packs. Format: docs/formats/pack.md. Every byte is untrusted until its part has opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import zstandard

from standfast.errors.keys import NoIdentityMatchError
from standfast.errors.vault import NotOurKeyError, PackDamagedError
from standfast.seal import age
from standfast.seal.encrypt import (
    KEY_BYTES,
    TAG_BYTES,
    open_part,
    open_part_into,
    part_label,
)
from standfast.vault.packs import (
    CHUNK_PLAIN_LIMIT,
    FLAG_COMPRESSED,
    HEAD,
    INDEX_ENTRY,
    KIND_DATA,
    KIND_INDEX,
    KIND_MANIFEST,
    KIND_TRAILER,
    MAGIC,
    NO_ID,
    TRAILER,
    TRAILER_BYTES,
)

HEAD_AGE_LIMIT = 65_536
PACK_LIMIT = 1 << 30
CHUNK_COUNT_LIMIT = 1 << 20

ReadRange = Callable[[int, int], bytes]
"""(offset, length) → exactly these bytes of the pack, or an OSError."""


class PlacedChunk(NamedTuple):
    """Where a chunk lies: a row of a pack's index with its offset."""

    chunk_id: bytes
    kind: int
    flags: int
    offset: int
    stored_bytes: int
    plain_bytes: int


@dataclass(frozen=True, slots=True)
class OpenPack:
    """A pack whose head has been opened: its name and its key."""

    name: str
    size_bytes: int
    key: bytes
    head_bytes: int


def open_pack(name: str, size_bytes: int, read: ReadRange, identities: Sequence[str]) -> OpenPack:
    """Open a pack's head.

    Raises:
        PackDamagedError: not a pack, or its head was changed.
        NotOurKeyError: sealed to somebody else.
    """
    if not HEAD.size + TRAILER_BYTES < size_bytes <= PACK_LIMIT:
        raise PackDamagedError(name, f"{size_bytes} bytes is no size of a pack")
    magic, untrusted_length = HEAD.unpack(read(0, HEAD.size))
    if magic != MAGIC or not 0 < untrusted_length <= min(HEAD_AGE_LIMIT, size_bytes - HEAD.size - TRAILER_BYTES):
        raise PackDamagedError(name, "it does not begin as a pack")
    try:
        key = age.open_with(read(HEAD.size, untrusted_length), identities)
    except NoIdentityMatchError as why:
        raise NotOurKeyError(f"pack {name}") from why
    except Exception as why:
        raise PackDamagedError(name, f"its head does not open: {why}") from why
    if len(key) != KEY_BYTES:
        raise PackDamagedError(name, "its head holds no pack key")
    return OpenPack(name, size_bytes, key, HEAD.size + untrusted_length)


def read_pack_index(pack: OpenPack, read: ReadRange) -> list[PlacedChunk]:
    """The pack's chunks in order of position.

    Raises:
        PackDamagedError: trailer or index is not what was sealed, or contradicts itself.
    """
    sealed = read(pack.size_bytes - TRAILER_BYTES, TRAILER_BYTES)
    trailer = open_part(pack.key, part_label(KIND_TRAILER, 0, NO_ID), sealed, pack=pack.name)
    offset, length, count = TRAILER.unpack(trailer)
    if count > CHUNK_COUNT_LIMIT or length != count * INDEX_ENTRY.size + TAG_BYTES:
        raise PackDamagedError(pack.name, "its index has an impossible length")
    if not pack.head_bytes <= offset <= pack.size_bytes - TRAILER_BYTES - length:
        raise PackDamagedError(pack.name, "its index lies outside the file")
    index = open_part(pack.key, part_label(KIND_INDEX, 0, NO_ID), read(offset, length), pack=pack.name)
    return list(_placed(pack, index, offset))


def _placed(pack: OpenPack, index: bytes, index_offset: int) -> Iterator[PlacedChunk]:
    at = pack.head_bytes
    for chunk_id, kind, flags, stored, plain in INDEX_ENTRY.iter_unpack(index):
        if kind not in (KIND_DATA, KIND_MANIFEST) or flags & ~FLAG_COMPRESSED or plain > CHUNK_PLAIN_LIMIT:
            raise PackDamagedError(pack.name, "its index names a chunk of no known kind or size")
        if stored < TAG_BYTES or (not flags and stored != plain + TAG_BYTES):
            raise PackDamagedError(pack.name, "its index names a chunk of impossible length")
        yield PlacedChunk(chunk_id, kind, flags, at, stored, plain)
        at += stored
    if at != index_offset:
        raise PackDamagedError(pack.name, "its chunks do not end where the index begins")


class _Buffers(threading.local):
    """Buffers that live as long as their thread: a megabyte allocated per result makes two threads slower than one."""

    def __init__(self) -> None:
        self.plain = bytearray(1 << 20)
        self.decompressor = zstandard.ZstdDecompressor()


_BUFFERS = _Buffers()


def open_chunk(pack: OpenPack, chunk: PlacedChunk, sealed: bytes | memoryview) -> bytes | memoryview:
    """The plaintext of one chunk. A memoryview is valid until the next call in this thread.

    Raises:
        PackDamagedError: not what was sealed, or it does not decompress to the length that the index states.
    """
    label = part_label(chunk.kind, chunk.flags, chunk.chunk_id)
    length = chunk.stored_bytes - TAG_BYTES
    if len(_BUFFERS.plain) < length:
        _BUFFERS.plain = bytearray(length)
    inner = memoryview(_BUFFERS.plain)[:length]
    open_part_into(pack.key, label, sealed, inner, pack=pack.name)
    if not chunk.flags & FLAG_COMPRESSED:
        return inner
    try:
        stated = zstandard.frame_content_size(inner)
        if stated != chunk.plain_bytes:
            raise PackDamagedError(
                pack.name,
                f"a chunk states {stated} bytes where the index says {chunk.plain_bytes}",
            )
        return _BUFFERS.decompressor.decompress(inner, max_output_size=chunk.plain_bytes)
    except zstandard.ZstdError as why:
        raise PackDamagedError(pack.name, f"a chunk does not decompress: {why}") from why
