"""Reads what a vault holds, from any copy, with the reading identity."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime

from standfast import clock
from standfast.errors.vault import (
    FixityMismatchError,
    MalformedObjectError,
    PackDamagedError,
    PackMissingError,
)
from standfast.holdings.digest import ContentDigest
from standfast.vault.folder import pack_name
from standfast.vault.history import read_history
from standfast.vault.inventory import Inventory
from standfast.vault.manifests import (
    Head,
    HeldItem,
    ItemLine,
    Line,
    OriginLine,
    held_item,
    read_lines,
)
from standfast.vault.origin_state import OriginState
from standfast.vault.pack_reader import (
    OpenPack,
    PlacedChunk,
    open_chunk,
    open_pack,
    read_pack_index,
)
from standfast.vault.packs import KIND_DATA, KIND_MANIFEST
from standfast.vault.source import Source


class _Buffer(threading.local):
    """Sealed bytes of the chunk at hand, one buffer a thread."""

    def __init__(self) -> None:
        self.sealed = bytearray(1 << 20)


class VaultReader:
    """Items and their bytes. Every chunk is authenticated, every item's digests are compared with its record.

    Trusts the caller for the log's size: the inventories below it are what counts. That those are in the log, and that
    no pack was withheld, is what `replicas.audit` checks.
    """

    def __init__(self, source: Source, identities: Sequence[str], log_size: int) -> None:
        """Nothing is read yet. `identities`: age identities, the newest first."""
        self._source, self._identities = source, tuple(identities)
        self._log_size = log_size
        self._history: list[Inventory] | None = None
        self._packs: dict[str, OpenPack] = {}
        self._places: dict[bytes, tuple[OpenPack, PlacedChunk]] | None = None
        self._lock = threading.Lock()
        self._buffer = _Buffer()

    @property
    def history(self) -> list[Inventory]:
        """The acknowledged inventories, oldest first."""
        if self._history is None:
            self._history = [each for each, _ in read_history(self._source, self._log_size)]
        return self._history

    def live_packs(self) -> dict[str, int]:
        """Digest and size of every pack that is part of the vault."""
        live: dict[str, int] = {}
        for inventory in self.history:
            for gone in inventory.replaced:
                live.pop(gone, None)
            live.update((pack.sha256, pack.bytes) for pack in inventory.packs)
        return live

    def lines(self, after: int = 0) -> Iterator[tuple[int, Line]]:
        """Every line of every manifest, from accession `after` + 1 on, with its accession's number, oldest first."""
        for inventory in self.history[after:]:
            for line in read_lines(self._manifest_pieces(inventory), inventory.number):
                yield inventory.number, line

    def items(self, origin: str | None = None, at: datetime | None = None) -> Iterator[HeldItem]:
        """What each origin held at a moment (now, where none is given), in order of accession.

        Raises:
            MalformedObjectError, PackDamagedError, PackMissingError, NotOurKeyError: a manifest can't be read.
        """
        state = OriginState(clock.to_text(at) if at else None)
        for accession, line in self.lines():
            state.take(line, accession)
        yield from state.held(origin)

    def every_item(self) -> Iterator[HeldItem]:
        """Every item ever taken in, those that were replaced or are gone too."""
        for accession, line in self.lines():
            if isinstance(line, ItemLine):
                yield held_item(line, accession)

    def origins(self) -> list[OriginLine]:
        """Each origin by its newest line."""
        newest = {line.origin: line for _, line in self.lines() if isinstance(line, OriginLine)}
        return list(newest.values())

    def newest_settings(self) -> str:
        """The text of standfast.toml at the newest accession; empty where nothing was taken in yet."""
        if not self.history:
            return ""
        head = next(read_lines(self._manifest_pieces(self.history[-1]), self.history[-1].number))
        if not isinstance(head, Head):
            raise MalformedObjectError("a manifest", "it does not begin with its head")
        return head.settings

    def pieces(self, held: HeldItem) -> Iterator[bytes | memoryview]:
        """The item's plain bytes in order. A piece is valid until the next one is asked for in this thread.

        Raises:
            FixityMismatchError: after the last piece, the whole is not what the record says.
            PackDamagedError, PackMissingError: a chunk can't be had.
        """
        digest = ContentDigest()
        for each in held.chunks:
            piece = self.chunk(each)
            digest.update(piece)
            yield piece
        record = held.record
        if digest.sha256 != record.sha256:
            raise FixityMismatchError(record.id, sealed=record.sha256, found=digest.sha256)
        if digest.blake3 != record.blake3:
            raise FixityMismatchError(record.id, sealed=record.blake3, found=digest.blake3)
        if digest.size_bytes != record.size_bytes:
            raise FixityMismatchError(record.id, sealed=str(record.size_bytes), found=str(digest.size_bytes))

    def read(self, held: HeldItem, limit_bytes: int = 1 << 30) -> bytes:
        """The whole item in memory.

        Raises:
            ValueError: larger than `limit_bytes`.
        """
        if held.record.size_bytes > limit_bytes:
            raise ValueError(f"{held.record.id} is larger than {limit_bytes} bytes")
        return b"".join(bytes(piece) for piece in self.pieces(held))

    def chunk(self, chunk_id: bytes) -> bytes | memoryview:
        """One data chunk's plain bytes, valid until the next call in this thread."""
        place = self.places().get(chunk_id)
        if place is None:
            raise MalformedObjectError("a manifest", f"no pack holds chunk {chunk_id.hex()}")
        return self.open_placed(*place)

    def open_placed(self, pack: OpenPack, chunk: PlacedChunk) -> bytes | memoryview:
        """A chunk at its place in a pack."""
        if len(self._buffer.sealed) < chunk.stored_bytes:
            self._buffer.sealed = bytearray(chunk.stored_bytes)
        sealed = memoryview(self._buffer.sealed)[: chunk.stored_bytes]
        self._fill(pack.name, chunk.offset, sealed)
        return open_chunk(pack, chunk, sealed)

    def places(self) -> dict[bytes, tuple[OpenPack, PlacedChunk]]:
        """Where each data chunk lies, from the sealed indexes of all live packs."""
        with self._lock:
            if self._places is None:
                places: dict[bytes, tuple[OpenPack, PlacedChunk]] = {}
                for name, size in self.live_packs().items():
                    pack, chunks = self.pack_index(name, size)
                    for chunk in chunks:
                        if chunk.kind == KIND_DATA:
                            places.setdefault(chunk.chunk_id, (pack, chunk))
                self._places = places
            return self._places

    def pack_index(self, name: str, size: int) -> tuple[OpenPack, list[PlacedChunk]]:
        """A pack's head and index, opened."""

        def read(offset: int, length: int) -> bytes:
            out = bytearray(length)
            self._fill(name, offset, memoryview(out))
            return bytes(out)

        pack = self._packs.get(name)
        if pack is None:
            pack = self._packs[name] = open_pack(name, size, read, self._identities)
        return pack, read_pack_index(pack, read)

    def _manifest_pieces(self, inventory: Inventory) -> Iterator[bytes | memoryview]:
        sizes = {pack.sha256: pack.bytes for pack in inventory.packs}
        for name in inventory.manifest:
            if name not in sizes:
                raise MalformedObjectError(
                    f"inventory {inventory.number}",
                    "its manifest lies in a pack it does not list",
                )
            pack, chunks = self.pack_index(name, sizes[name])
            for chunk in chunks:
                if chunk.kind == KIND_MANIFEST:
                    yield self.open_placed(pack, chunk)

    def _fill(self, pack: str, offset: int, out: memoryview) -> None:
        try:
            self._source.read_into(pack_name(pack), offset, out)
        except FileNotFoundError as why:
            raise PackMissingError(pack) from why
        except EOFError as why:
            raise PackDamagedError(pack, "it ends early") from why
