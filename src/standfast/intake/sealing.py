"""Reads what was landed, once, and seals it into packs. Runs in worker threads.

Each content is digested, cut, named, compressed and encrypted on the way.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from standfast.capture.landing import FileReference, Landed
from standfast.capture.reading import open_reference
from standfast.holdings.digest import ContentDigest, blake3_hex, sha256_hex
from standfast.intake.screen import CHANGED
from standfast.intake.shelf import PackShelf
from standfast.vault.chunks import SMALLEST_BYTES, chunk_id, compress, cut, cut_lengths
from standfast.vault.index import DedupIndex
from standfast.vault.packs import FLAG_COMPRESSED, KIND_DATA, KIND_MANIFEST, PackWriter

WINDOW_BYTES = 8 * 1024 * 1024
"""What is read ahead to be cut: twice the greatest chunk, so that at least one cut in it is final."""
CUTS_LIMIT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A landed thing whose content lies in packs of the accession under way, or the reason why it does not."""

    landed: Landed
    sha256: str = ""
    blake3: str = ""
    size_bytes: int = 0
    chunks: tuple[bytes, ...] = ()
    quality: str = "complete"
    failure: str = ""


class _UnreadableError(Exception):
    """The captured file can't be read; told apart from a disk that can't take our packs."""


class _Window(threading.local):
    """Plain bytes waiting to be cut, one buffer a thread."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(WINDOW_BYTES))


class Sealer:
    """Seals batches of landed things. `seal` may run in several threads at once."""

    def __init__(self, shelf: PackShelf, dedup: DedupIndex, dedup_key: bytes) -> None:
        """`shelf`: where packs are taken from. `dedup`: what is held already. `dedup_key`: names the data's chunks."""
        self._shelf, self._dedup, self._key = shelf, dedup, dedup_key
        self._window = _Window()

    def seal(self, batch: Sequence[Landed]) -> list[Sealed]:
        """Seal the content of each; one that can't be read is returned with its failure.

        Raises:
            OSError: a pack could not be written: the accession can't go on.
        """
        work = _Work(self, self._shelf.take())
        try:
            sealed = [work.seal(landed) for landed in batch]
        except BaseException:
            work.pack.discard()
            raise
        self._shelf.put_back(work.pack)
        return sealed

    def seal_manifest(self, manifest: bytes | bytearray, key: bytes) -> list[str]:
        """Put a manifest into packs and finish those; returns their digests in the manifest's order.

        `key`: the dedup key for what is the vault's own, whatever origin the accession is of.
        """
        names = []
        pack = self._shelf.take()
        begun = False
        for piece in cut(memoryview(manifest)):
            store(pack, piece, KIND_MANIFEST, chunk_id(key, piece))
            begun = True
            if pack.size_bytes >= self._shelf.target_bytes:
                names.append(self._shelf.close(pack).sha256)
                pack, begun = self._shelf.take(), False
        if begun:
            names.append(self._shelf.close(pack).sha256)
        else:
            self._shelf.put_back(pack)
        return names

    def next_pack(self, pack: PackWriter) -> PackWriter:
        """The pack to go on with: this one, or another when it is full."""
        if pack.size_bytes < self._shelf.target_bytes:
            return pack
        self._shelf.close(pack)
        return self._shelf.take()

    def claim(self, piece: bytes | memoryview) -> tuple[bytes, bool]:
        """The chunk's id, and whether it must be stored."""
        name = chunk_id(self._key, piece)
        return name, self._dedup.claim(name)

    @property
    def window(self) -> memoryview:
        """This thread's buffer, `WINDOW_BYTES` long."""
        return self._window.view


def spans(size: int, untrusted_cuts: Sequence[int]) -> list[tuple[int, int]]:
    """What lies between the cuts of a content, in order. Cuts that can't be, or too many of them, are none.

    Example:
        >>> spans(10, (4, 7)), spans(10, ()), spans(10, (7, 4)), spans(10, (4, 10))
        ([(0, 4), (4, 7), (7, 10)], [(0, 10)], [(0, 10)], [(0, 10)])
    """
    if not untrusted_cuts or len(untrusted_cuts) > CUTS_LIMIT:
        return [(0, size)]
    edges = [0, *untrusted_cuts, size]
    found = list(pairwise(edges))
    return found if all(begin < end for begin, end in found) else [(0, size)]


def store(pack: PackWriter, piece: bytes | memoryview, kind: int, name: bytes) -> None:
    """Put one chunk into a pack, compressed where that makes it smaller."""
    small = compress(piece)
    if small is None:
        pack.add(kind, name, piece, plain_bytes=len(piece), flags=0)
    else:
        pack.add(kind, name, small, plain_bytes=len(piece), flags=FLAG_COMPRESSED)


class _Work:
    """One batch in one thread: the pack at hand moves on as packs fill."""

    def __init__(self, sealer: Sealer, pack: PackWriter) -> None:
        self._sealer, self.pack = sealer, pack
        self._chunks: list[bytes] = []

    def seal(self, landed: Landed) -> Sealed:
        self._chunks = []
        content = landed.content
        if isinstance(content, FileReference):
            return self._seal_file(landed, content)
        if len(content) < SMALLEST_BYTES and not landed.cuts:
            return self._seal_small(landed, content, landed.quality)
        digest = ContentDigest()
        view = memoryview(content)
        digest.update(view)
        for begin, end in spans(len(view), landed.cuts):
            self._take_all(view[begin:end])
        return self._sealed(landed, digest, landed.quality)

    def _seal_file(self, landed: Landed, reference: FileReference) -> Sealed:
        try:
            handle = open_reference(reference)
        except OSError as why:
            return Sealed(landed=landed, failure=why.strerror or str(why))
        try:
            if reference.size_bytes < SMALLEST_BYTES:
                content = _read(handle, reference.size_bytes + 1)
                if len(content) <= reference.size_bytes:
                    settled = _settled(handle, reference, len(content))
                    return self._seal_small(landed, content, landed.quality if settled else CHANGED)
                os.lseek(handle, 0, os.SEEK_SET)  # it grew since it was listed
            digest = ContentDigest()
            self._read_large(handle, digest)
            settled = _settled(handle, reference, digest.size_bytes)
            return self._sealed(landed, digest, landed.quality if settled else CHANGED)
        except _UnreadableError as why:
            return Sealed(landed=landed, failure=str(why))
        finally:
            os.close(handle)

    def _read_large(self, handle: int, digest: ContentDigest) -> None:
        filled, window = 0, self._sealer.window
        while True:
            got = _read_into(handle, window[filled:])
            digest.update(window[filled : filled + got])
            filled += got
            if got and filled < WINDOW_BYTES:
                continue
            lengths = cut_lengths(window[:filled]) if filled else []
            at = 0
            # The last cut fell where the window ends: it is final only at the end of the file.
            for length in lengths[:-1] if got else lengths:
                self._take(window[at : at + length])
                at += length
            if not got:
                return
            window[: filled - at] = window[at:filled]
            filled -= at

    def _take_all(self, view: memoryview) -> None:
        for piece in cut(view):
            self._take(piece)

    def _seal_small(self, landed: Landed, content: bytes, quality: str) -> Sealed:
        """A content of one chunk: nothing is cut, nothing digested in pieces."""
        if content:
            self._take(content)
        return Sealed(
            landed=landed,
            sha256=sha256_hex(content),
            blake3=blake3_hex(content),
            size_bytes=len(content),
            chunks=tuple(self._chunks),
            quality=quality,
        )

    def _take(self, piece: bytes | memoryview) -> None:
        name, fresh = self._sealer.claim(piece)
        self._chunks.append(name)
        if fresh:
            store(self.pack, piece, KIND_DATA, name)
            self.pack = self._sealer.next_pack(self.pack)

    def _sealed(self, landed: Landed, digest: ContentDigest, quality: str) -> Sealed:
        return Sealed(
            landed=landed,
            sha256=digest.sha256,
            blake3=digest.blake3,
            size_bytes=digest.size_bytes,
            chunks=tuple(self._chunks),
            quality=quality,
        )


def _settled(handle: int, reference: FileReference, read_bytes: int) -> bool:
    """Whether the file is as it was listed, after all of it was read."""
    found = os.fstat(handle)
    told = (found.st_size, found.st_mtime_ns, read_bytes)
    return told == (reference.size_bytes, reference.mtime_ns, reference.size_bytes)


def _read(handle: int, length: int) -> bytes:
    try:
        return os.read(handle, length)
    except OSError as why:
        raise _UnreadableError(why.strerror or str(why)) from why


def _read_into(handle: int, view: memoryview) -> int:
    try:
        return os.readv(handle, [view])
    except OSError as why:
        raise _UnreadableError(why.strerror or str(why)) from why
