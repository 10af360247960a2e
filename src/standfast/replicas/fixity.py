"""Verifies every byte held, with the reading identity: every chunk, every id, every item against its record.

What needs no key (digests of packs, the log, its inventories) is `replicas.audit`; `standfast verify` does both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from standfast.errors.base import StandfastError
from standfast.holdings.canonical import canonical_bytes
from standfast.tlog.leaf import leaf_of
from standfast.tlog.tiles import LogReader
from standfast.vault.chunks import chunk_id
from standfast.vault.folder import pack_name
from standfast.vault.manifests import STRANGERS_KINDS, HeldItem, ItemLine, OriginLine, held_item
from standfast.vault.packs import KIND_DATA
from standfast.vault.reader import VaultReader

WORKERS = 2
BATCH_BYTES = 16 * 1024 * 1024
BATCH_ITEMS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFault:
    """Something held that is not what was sealed."""

    object: str
    kind: str
    detail: str


@dataclass(slots=True, kw_only=True)
class FixityResult:
    """What a full reading found."""

    items: int = 0
    chunks: int = 0
    bytes: int = 0
    faults: list[HeldFault] = field(default_factory=list)
    proved_packs: list[str] = field(default_factory=list)
    """Packs that the reading identity has opened and found whole: no longer sealed to nobody knows whom."""


Tell = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) now and then."""


def verify_held(
    reader: VaultReader, log: LogReader, dedup_keys: tuple[bytes, bytes], *, tell: Tell | None = None
) -> FixityResult:
    """Read everything: every item ever taken in, and what lies in packs beside them.

    Args:
        reader: over the copy to verify.
        log: over the same copy, at its checkpoint.
        dedup_keys: what chunk ids are made with: of manifests and of the office's own origins, and of those that
            strangers can write to. A chunk whose id is not made with the key of the origin that names it is a fault.
        tell: progress.

    Raises:
        MalformedObjectError, NotOurKeyError, PackDamagedError: a manifest can't be read, so what is held is not known.
    """
    work = _Verification(reader, log, dedup_keys, tell)
    with ThreadPoolExecutor(WORKERS, "verify") as workers:
        for _ in workers.map(work.check_items, _batches(_with_key(reader))):
            work.say()
        for _ in workers.map(work.check_pack, list(reader.live_packs().items())):
            work.say()
    return work.result


OWN, STRANGERS = 0, 1
"""Which of the dedup keys."""


def _with_key(reader: VaultReader) -> Iterator[tuple[HeldItem, int]]:
    """Every item ever taken in, and which key names its chunks."""
    kinds: dict[str, str] = {}
    for accession, line in reader.lines():
        if isinstance(line, OriginLine):
            kinds[line.origin] = line.kind
        elif isinstance(line, ItemLine):
            yield held_item(line, accession), STRANGERS if kinds.get(line.record.origin) in STRANGERS_KINDS else OWN


def _batches(items: Iterator[tuple[HeldItem, int]]) -> Iterator[list[tuple[HeldItem, int]]]:
    batch: list[tuple[HeldItem, int]] = []
    size = 0
    for held, key in items:
        batch.append((held, key))
        size += held.record.size_bytes
        if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Verification:
    """The state of one full reading; its methods run in several threads."""

    def __init__(self, reader: VaultReader, log: LogReader, dedup_keys: tuple[bytes, bytes], tell: Tell | None) -> None:
        self._reader, self._log, self._keys, self._tell = reader, log, dedup_keys, tell
        self._places = reader.places()
        self._total = sum(chunk.plain_bytes for _, chunk in self._places.values())
        self._checked: dict[bytes, int] = {}
        """By chunk id: the key that it was made with."""
        self._lock = threading.Lock()
        self.result = FixityResult()

    def say(self) -> None:
        if self._tell:
            self._tell(min(self.result.bytes, self._total), self._total)

    def check_items(self, batch: list[tuple[HeldItem, int]]) -> None:
        """Items next to each other in the log: their leaves, chunks and digests."""
        first, last = min(held.leaf for held, _ in batch), max(held.leaf for held, _ in batch)
        leaves = list(self._log.leaves(first, last + 1)) if last < self._log.size else []
        for held, key in batch:
            statement = canonical_bytes(held.record)
            if held.leaf - first >= len(leaves) or leaves[held.leaf - first] != leaf_of(statement, held.salt):
                self._fault(held.record.id, "leaf", f"the log's entry {held.leaf} is not of this record")
            try:
                self._check_content(held, key)
            except StandfastError as why:
                self._fault(held.record.id, "content", str(why))
            except OSError as why:
                self._fault(held.record.id, "unreadable", str(why))
        with self._lock:
            self.result.items += len(batch)

    def check_pack(self, named: tuple[str, int]) -> None:
        """What no item named: manifest chunks, and data that nothing refers to. Proves the pack to be ours."""
        name, size = named
        try:
            pack, chunks = self._reader.pack_index(name, size)
            for chunk in chunks:
                if chunk.kind != KIND_DATA or chunk.chunk_id not in self._checked:
                    # Data that nothing names: whose it was is not known.
                    keys = (OWN, STRANGERS) if chunk.kind == KIND_DATA else (OWN,)
                    self._check_id(chunk.chunk_id, self._reader.open_placed(pack, chunk), name, keys)
        except (StandfastError, OSError) as why:
            self._fault(pack_name(name), "content", str(why))
            return
        with self._lock:
            self.result.chunks += len(chunks)
            self.result.proved_packs.append(name)

    def _check_content(self, held: HeldItem, key: int) -> None:
        pieces = self._reader.pieces(held)
        # Run to the end of the pieces: only there are the item's digests compared.
        for name, piece in zip(held.chunks, pieces, strict=True):
            if self._checked.get(name) != key:
                place = self._places.get(name)
                self._check_id(name, piece, place[0].name if place else "", (key,))

    def _check_id(self, name: bytes, plain: bytes | memoryview, pack: str, keys: tuple[int, ...]) -> None:
        found = next((key for key in keys if chunk_id(self._keys[key], plain) == name), None)
        if found is None:
            self._fault(pack_name(pack), "seeded", f"chunk {name.hex()} is not what its id says")
        self._checked[name] = keys[0] if found is None else found
        self.result.bytes += len(plain)

    def _fault(self, what: str, kind: str, detail: str) -> None:
        with self._lock:
            self.result.faults.append(HeldFault(object=what, kind=kind, detail=detail))
