"""Where accessions go: the vault's folder, its log, and what a capture machine writes with. No secret that reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from standfast.clock import Clock, machine_clock
from standfast.errors.intake import RecipientsMissingError
from standfast.holdings.digest import sha256_hex
from standfast.intake import journal
from standfast.tlog.append import LogWriter
from standfast.vault.evidence import PendingEvidence
from standfast.vault.folder import VaultFolder, inventory_name
from standfast.vault.history import last_number
from standfast.vault.index import DedupIndex
from standfast.vault.inventory import open_inventory
from standfast.vault.source import FolderSource
from standfast.vault.sweep import sweep_all

PACK_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class IntakePlace:
    """One writer at a time: whoever makes this holds the vault's lock until it is closed."""

    folder: VaultFolder
    log: LogWriter
    dedup: DedupIndex
    dedup_key: bytes
    dedup_strangers: bytes
    """Names chunks of origins that strangers can write to."""
    recipients: tuple[str, ...]
    keyring_number: int
    settings_text: str
    evidence: PendingEvidence
    newest_accession: int
    newest_inventory: str
    """Digest of the newest acknowledged inventory's file; empty before the first."""
    pack_bytes: int = PACK_BYTES
    clock: Clock = machine_clock
    random: Callable[[int], bytes] = os.urandom

    def inventory_digest(self, number: int) -> str | None:
        """The digest of an acknowledged inventory, or None."""
        return acknowledged_digest(self.folder, self.newest_accession, number)

    def acknowledge(self, number: int, inventory: str) -> None:
        """The log holds accession `number`."""
        self.newest_accession, self.newest_inventory = number, inventory
        self.dedup.keep(number, inventory)

    def close(self) -> None:
        """Close the state files."""
        self.dedup.close()


def open_place(
    folder: VaultFolder,
    *,
    log: LogWriter,
    dedup_key: bytes,
    dedup_strangers: bytes,
    recipients: Sequence[str],
    keyring_number: int,
    settings_text: str,
    pack_bytes: int = PACK_BYTES,
    clock: Clock = machine_clock,
    random: Callable[[int], bytes] = os.urandom,
) -> IntakePlace:
    """Sweep what an accession that was cut off left, and stand ready for the next. Call it under the vault's lock.

    Raises:
        RecipientsMissingError: nobody could read what would be sealed.
        MalformedObjectError: the newest inventory can't be read.
    """
    if not recipients:
        raise RecipientsMissingError
    newest = newest_acknowledged(folder, log.size)
    index = folder.state / "dedup.sqlite"
    journal.sweep(folder, newest)
    if not index.exists():
        sweep_all(folder, newest)
    digest = acknowledged_digest(folder, newest, newest) or ""
    dedup = DedupIndex(index, lambda number: acknowledged_digest(folder, newest, number))
    return IntakePlace(
        folder=folder,
        log=log,
        dedup=dedup,
        dedup_key=dedup_key,
        dedup_strangers=dedup_strangers,
        recipients=tuple(recipients),
        keyring_number=keyring_number,
        settings_text=settings_text,
        evidence=PendingEvidence(folder, lambda: newest),
        newest_accession=newest,
        newest_inventory=digest,
        pack_bytes=pack_bytes,
        clock=clock,
        random=random,
    )


def newest_acknowledged(folder: VaultFolder, log_size: int) -> int:
    """The greatest accession that the log covers. At most one inventory can be debris, the last."""
    source = FolderSource(folder.holdings)
    number = last_number(source)
    while number and open_inventory(source.read(inventory_name(number))).leaf.index >= log_size:
        number -= 1
    return number


def acknowledged_digest(folder: VaultFolder, newest: int, number: int) -> str | None:
    """The digest of inventory `number` where the log covers it; None where it doesn't, or for number 0."""
    if not 1 <= number <= newest:
        return None
    try:
        return sha256_hex(folder.held(inventory_name(number)).read_bytes())
    except FileNotFoundError:
        return None
