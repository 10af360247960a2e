"""An empty machine to a working vault: from any one replica, and enough shares or the reading identity.

1. the copy's keyring chain and checkpoint hold                     KeyringError, TlogError
2. the shares, or the identity, are of this vault                   WrongVaultSharesError
3. everything that the copy's log names is brought over             checked by digest on the way
4. what was brought is audited as a stranger would                  faults are reported, not hidden
5. the newest manifest opens: settings come from it                 NotOurKeyError
6. keys, then the index of chunks, then settings are written        the settings make the folder a vault
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from standfast import durable
from standfast.errors.keys import WrongVaultSharesError
from standfast.holdings.digest import sha256_hex
from standfast.keys.keyholder import KeyringPin, write_identity, write_keys
from standfast.keys.master import MasterKeys
from standfast.keys.roster import Keyring, verify_keyring_chain
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.destination import Destination, ReadableCopy
from standfast.replicas.findings import Fault
from standfast.seal.age import recipient_of
from standfast.tlog.checkpoint import open_checkpoint
from standfast.vault.folder import CHECKPOINT_NAME, VaultFolder, inventory_name, keyring_name
from standfast.vault.index import DedupIndex
from standfast.vault.packs import KIND_DATA
from standfast.vault.reader import VaultReader
from standfast.vault.source import FolderSource

KEYRINGS_LIMIT = 10_000


@dataclass(slots=True, kw_only=True)
class RebuildResult:
    """What stands again."""

    accessions: int = 0
    items: int = 0
    log_size: int = 0
    duration_s: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    """What the copy held that is not whole; the rest works."""
    can_add: bool = True
    """False when only the identity was given: without the log's key nothing new can be taken in."""

    @property
    def ok(self) -> bool:
        """All of it is whole."""
        return not self.faults


def rebuild(
    copy: ReadableCopy,
    target: Callable[[Path], Destination],
    root: Path,
    *,
    master: MasterKeys | None,
    identities: Sequence[str] = (),
    passphrase: str,
    tell: Callable[[int, int], None] | None = None,
) -> RebuildResult:
    """Make a vault in `root`.

    Args:
        copy: the replica. Nothing in it is trusted.
        target: opens a place to write to at a path; the vault's holdings go there.
        root: a new or empty folder.
        master: from the shares; or None, and then
        identities: what the identity file held.
        passphrase: the new one.
        tell: progress in bytes.

    Raises:
        KeyringError, TlogError, NotAReplicaError, ReplicaUnreachableError: the copy can't be used. Nothing was made.
        WrongVaultSharesError: the shares or the identity are of another vault. Nothing was made.
        OSError: the disk could not take it; what is there is no vault yet.
    """
    began = time.monotonic()
    keyrings = keyrings_of(copy)
    keyring = keyrings[-1]
    open_checkpoint(copy.read(CHECKPOINT_NAME), keyring.log.vkeys)
    readers = (master.identity,) if master else tuple(identities)
    if not any(recipient_of(identity) in keyring.recipients for identity in readers):
        raise WrongVaultSharesError(keyring.log.origin)
    folder = VaultFolder(root)
    durable.make_folder(folder.holdings)
    durable.make_folder(folder.state, mode=0o700)
    place = target(folder.holdings)
    sent = copy_to(copy, place, keyring.log.vkeys, known_size=None, progress=tell)
    checked = audit(place, keyring.log.vkeys)
    source = FolderSource(folder.holdings)
    reader = VaultReader(source, readers, sent.size)
    settings = reader.newest_settings() or f'[vault]\nname = "{keyring.log.origin}"\n'
    items = sum(1 for _ in reader.items())
    # The first custody key is what the chain begins with, and what every later keyring rests on.
    pin = KeyringPin(custody=keyrings[0].custody, number=keyring.number)
    if master:
        write_keys(folder.keys, master, passphrase, pin)
    else:
        write_identity(folder.keys, readers, passphrase, pin)
    _index_chunks(folder, reader)
    durable.write_atomically(folder.settings, settings.encode())
    return RebuildResult(
        accessions=len(reader.history),
        items=items,
        log_size=sent.size,
        duration_s=time.monotonic() - began,
        faults=list(checked.faults),
        can_add=master is not None,
    )


def keyrings_of(copy: ReadableCopy) -> list[Keyring]:
    """All keyrings of a copy, the one in force last, their chain verified. That the log holds them the audit checks.

    Raises:
        KeyringError: there is none, or it can't be trusted.
    """
    raws: list[bytes] = []
    while len(raws) < KEYRINGS_LIMIT:
        try:
            raws.append(copy.read(keyring_name(len(raws))))
        except FileNotFoundError:
            break
    return [file.keyring for file in verify_keyring_chain(raws)]


def _index_chunks(folder: VaultFolder, reader: VaultReader) -> None:
    """Know again which chunks are held, so that the next capture stores only what is new."""
    history = reader.history
    if not history:
        return
    newest = history[-1].number
    digest = sha256_hex(folder.held(inventory_name(newest)).read_bytes())
    index = DedupIndex(folder.state / "dedup.sqlite", lambda number: digest if number == newest else None)
    try:
        for name, size in reader.live_packs().items():
            for chunk in reader.pack_index(name, size)[1]:
                if chunk.kind == KIND_DATA:
                    index.claim(chunk.chunk_id)
        index.keep(newest, digest)
    finally:
        index.close()
