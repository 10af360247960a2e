"""One accession: from sealed content to an acknowledged place in the log.

The order is what makes it all or nothing (docs/formats/vault.md): packs durable → inventory durable → tiles durable →
signed checkpoint durable, which is the acknowledgement. Before it everything is debris that the next start sweeps
away; after it nothing is lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from standfast import clock, durable
from standfast.holdings.canonical import canonical_bytes
from standfast.holdings.digest import sha256_hex
from standfast.holdings.item import Record
from standfast.intake import journal
from standfast.intake.place import IntakePlace
from standfast.intake.sealing import Sealer
from standfast.intake.shelf import PackShelf
from standfast.tlog.leaf import dummy_leaf, leaf_of, padded_count
from standfast.vault.folder import inventory_name, pack_name
from standfast.vault.inventory import ControlLeaf, Inventory, PackEntry, control_statement, write_inventory
from standfast.vault.manifests import Head, Line, text_of, write_item, write_line
from standfast.vault.packs import FinishedPack

SALT_BYTES = 32
SALTS_AT_ONCE = 128
DUMMY_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """An accession that is in the log."""

    number: int
    inventory: str
    """Digest of its inventory's file."""
    checkpoint: bytes
    stored_bytes: int


class Accession:
    """One body of items under way. `close` acknowledges it, `discard` leaves nothing of it."""

    def __init__(self, place: IntakePlace, workers: ThreadPoolExecutor, *, strangers: bool = False) -> None:
        """Begin; nothing is written yet but packs under way in state/pending.

        `strangers`: the origin is one that anybody can write to.
        """
        self._place, self._workers = place, workers
        durable.make_folder(place.folder.pending)
        self.shelf = PackShelf(place.folder.pending, place.recipients, place.pack_bytes)
        self.sealer = Sealer(self.shelf, place.dedup, place.dedup_strangers if strangers else place.dedup_key)
        self.number = place.newest_accession + 1
        self._leaves: list[bytes] = []
        self._salts: list[bytes] = []
        self._manifest = bytearray()
        self.add_line(Head(accession=self.number, settings=place.settings_text))

    @property
    def item_count(self) -> int:
        """Items added so far."""
        return len(self._leaves)

    def add_line(self, line: Line) -> None:
        """A line of the manifest that is no item."""
        self._manifest += write_line(line)

    def add_item(self, record: Record, chunks: tuple[bytes, ...]) -> None:
        """An item whose chunks are held or lie in this accession's packs: its leaf, and its line of the manifest."""
        salt, statement = self._salt(), canonical_bytes(record)
        leaf = self._place.log.size + 1 + len(self._leaves)
        self._leaves.append(leaf_of(statement, salt))
        self._manifest += write_item(chunks=chunks, leaf=leaf, record=statement, salt=salt)

    def _salt(self) -> bytes:
        """The next salt; they are drawn in blocks, since asking the system for each costs as much as sealing a file."""
        if not self._salts:
            block = self._place.random(SALT_BYTES * SALTS_AT_ONCE)
            self._salts = [block[at : at + SALT_BYTES] for at in range(0, len(block), SALT_BYTES)]
        return self._salts.pop()

    def close(self, before_logged: Callable[[int, str], None] | None = None) -> Acknowledged:
        """Make all of it durable and sign.

        Args:
            before_logged: told the number and the inventory's digest just before the log takes it. What it writes is
                of worth only if the log does: whoever is cut off between the two can tell by that digest.

        Raises:
            OSError: the disk could not take it; call `discard`.
        """
        place = self._place
        manifest = self.sealer.seal_manifest(self._manifest, place.dedup_key)
        packs = self.shelf.finish()
        journal.begin(place.folder, self.number, [pack.sha256 for pack in packs])
        self._move_packs(packs)
        inventory, leaves = self._inventory(packs, manifest)
        raw = write_inventory(inventory)
        target = place.folder.held(inventory_name(self.number))
        durable.make_folder(target.parent)
        durable.write_atomically(target, raw)
        if before_logged:
            before_logged(self.number, sha256_hex(raw))
        checkpoint = place.log.append(leaves, place.clock())
        digest = sha256_hex(raw)
        place.acknowledge(self.number, digest)
        place.evidence.settle(inventory.evidence_files())
        journal.end(place.folder)
        stored = sum(pack.size_bytes for pack in packs)
        return Acknowledged(number=self.number, inventory=digest, checkpoint=checkpoint, stored_bytes=stored)

    def discard(self) -> None:
        """Give up: no worker may be writing. What was already acknowledged stays as it is."""
        self.shelf.discard()
        self._place.dedup.forget()

    def _inventory(self, packs: list[FinishedPack], manifest: list[str]) -> tuple[Inventory, list[bytes]]:
        place = self._place
        count = padded_count(len(self._leaves) + 1)
        salt = place.random(SALT_BYTES)
        inventory = Inventory(
            closed_at=clock.to_text(place.clock()),
            evidence=place.evidence.files() or msgspec.UNSET,
            keyring=place.keyring_number,
            leaf=ControlLeaf(count=count, index=place.log.size, salt=text_of(salt)),
            manifest=tuple(manifest),
            number=self.number,
            packs=tuple(
                sorted((PackEntry(bytes=p.size_bytes, sha256=p.sha256) for p in packs), key=lambda p: p.sha256)
            ),
            previous=place.newest_inventory,
        )
        padding = count - len(self._leaves) - 1
        noise = memoryview(place.random(padding * DUMMY_BYTES))
        dummies = [dummy_leaf(bytes(noise[n * DUMMY_BYTES : (n + 1) * DUMMY_BYTES])) for n in range(padding)]
        return inventory, [leaf_of(control_statement(inventory), salt), *self._leaves, *dummies]

    def _move_packs(self, packs: list[FinishedPack]) -> None:
        folders: set[Path] = set()
        for pack in packs:
            target = self._place.folder.held(pack_name(pack.sha256))
            if target.parent not in folders:
                durable.make_folder(target.parent)
                folders.add(target.parent)
            os.replace(pack.path, target)
        for folder in folders:
            durable.force_folder(folder)
