"""Writes packs. Format: docs/formats/pack.md. Reading them is `vault/pack_reader.py`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.seal import age
from standfast.seal.encrypt import (
    KEY_BYTES,
    TAG_BYTES,
    PartKeys,
    part_label,
    seal_part,
    seal_part_into,
)

MAGIC = b"SFPACK01"
KIND_DATA, KIND_MANIFEST, KIND_INDEX, KIND_TRAILER = 0x00, 0x01, 0x10, 0x11
FLAG_COMPRESSED = 0x01
NO_ID = bytes(32)
TRAILER = struct.Struct(">QII16x")
TRAILER_BYTES = TRAILER.size + TAG_BYTES
INDEX_ENTRY = struct.Struct(">32sBBII")
HEAD = struct.Struct(">8sI")
CHUNK_PLAIN_LIMIT = 8 * 1024 * 1024
WRITE_BUFFER_BYTES = 256 * 1024
CLOSED = -1

Random = Callable[[int], bytes]


def padded_bytes(size: int) -> int:
    """The size class that a file of `size` bytes is padded to: at most 1/64 more, so sizes tell little."""
    exponent = max(size, 1).bit_length() - 1
    step = 1 << max(exponent - 6, 12)
    return -(-size // step) * step


@dataclass(frozen=True, slots=True)
class FinishedPack:
    """A pack that is whole and on the disk, not yet in its place."""

    sha256: str
    size_bytes: int
    path: Path
    chunk_count: int


class PackWriter:
    """Streams one pack into `folder`. Not safe for two threads at once. Close it with `finish` or `discard`."""

    def __init__(self, folder: Path, recipients: Sequence[str], random: Random = os.urandom) -> None:
        """Open a file under a random name and write the head, which only `recipients` can open.

        Raises:
            OSError: the file can't be made.
        """
        self._random = random
        key = random(KEY_BYTES)
        self._key = PartKeys(key)
        self._path = folder / f"{random(8).hex()}{durable.UNFINISHED}"
        self._file = os.open(
            self._path,
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
            0o644,
        )
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._sealed = bytearray(CHUNK_PLAIN_LIMIT // 8 + TAG_BYTES)
        self._index: list[bytes] = []
        self._held: set[bytes] = set()
        self.size_bytes = 0
        head = age.seal_to(key, recipients)
        self._put(HEAD.pack(MAGIC, len(head)) + head)

    @property
    def chunk_count(self) -> int:
        """How many chunks it holds."""
        return len(self._index)

    def add(
        self,
        kind: int,
        chunk_id: bytes,
        stored: bytes | memoryview,
        *,
        plain_bytes: int,
        flags: int,
    ) -> None:
        """Seal one chunk, already compressed where `flags` say so.

        Raises:
            ValueError: this pack holds that id already; its key would seal two plaintexts.
            OSError: the disk could not take it; discard the pack.
        """
        label = part_label(kind, flags, chunk_id)
        if label[:1] + chunk_id in self._held:
            raise ValueError("an id stands once in a pack")
        self._held.add(label[:1] + chunk_id)
        length = len(stored) + TAG_BYTES
        if length > len(self._sealed):
            self._sealed = bytearray(length)
        sealed = memoryview(self._sealed)[:length]
        seal_part_into(self._key, label, stored, sealed)
        self._index.append(INDEX_ENTRY.pack(chunk_id, kind, flags, length, plain_bytes))
        self._put(sealed)

    def finish(self) -> FinishedPack:
        """Write index, padding and trailer, force the file to the disk and name it by its digest, still in `folder`.

        Raises:
            OSError: the disk could not take it; the unfinished file is removed.
        """
        try:
            index_offset = self.size_bytes
            index = seal_part(self._key, part_label(KIND_INDEX, 0, NO_ID), b"".join(self._index))
            self._put(index)
            whole = padded_bytes(self.size_bytes + TRAILER_BYTES)
            self._put(self._random(whole - TRAILER_BYTES - self.size_bytes))
            trailer = TRAILER.pack(index_offset, len(index), len(self._index))
            self._put(seal_part(self._key, part_label(KIND_TRAILER, 0, NO_ID), trailer))
            self._flush()
            os.fsync(self._file)
        except OSError:
            self.discard()
            raise
        os.close(self._file)
        self._file = CLOSED
        name = self._digest.hexdigest()
        path = self._path.with_name(name)
        os.replace(self._path, path)
        return FinishedPack(name, self.size_bytes, path, len(self._index))

    def discard(self) -> None:
        """Throw the unfinished pack away. Harmless when it was finished or thrown away before."""
        if self._file == CLOSED:
            return
        handle, self._file = self._file, CLOSED
        with contextlib.suppress(OSError):
            os.close(handle)
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _put(self, data: bytes | memoryview) -> None:
        self.size_bytes += len(data)
        if len(data) < WRITE_BUFFER_BYTES:
            self._buffer += data
            if len(self._buffer) >= WRITE_BUFFER_BYTES:
                self._flush()
            return
        self._flush()
        self._digest.update(data)
        durable.write_all(self._file, data)

    def _flush(self) -> None:
        if self._buffer:
            self._digest.update(self._buffer)
            durable.write_all(self._file, self._buffer)
            self._buffer.clear()
