"""`verify`: what an auditor checks without a key, and then everything that the reading identity opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from standfast.assembly.destinations import Opened, open_own, open_replica, source_of
from standfast.assembly.ledger import read_ledger, write_ledger
from standfast.assembly.office import Office
from standfast.errors.base import StandfastError
from standfast.errors.replicas import UnknownReplicaError
from standfast.replicas.audit import audit
from standfast.replicas.fixity import HeldFault, verify_held
from standfast.replicas.names import TLOG
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.reader import LogReader
from standfast.vault.folder import CHECKPOINT_NAME
from standfast.vault.reader import VaultReader


@dataclass(slots=True, kw_only=True)
class Verified:
    """What a full reading found."""

    objects: int = 0
    bytes: int = 0
    entries: int = 0
    items: int = 0
    faults: list[HeldFault] = field(default_factory=list)


def verify_all(
    office: Office,
    identities: Sequence[str],
    *,
    replica: str | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Verified:
    """Verify the vault's own holdings, or a replica.

    Raises:
        UnknownReplicaError: none of that name.
        NotAReplicaError, ReplicaUnreachableError: there is nothing to read.
    """
    if replica and replica not in office.settings.replicas:
        raise UnknownReplicaError(replica)
    place: Opened = open_replica(office, replica) if replica else open_own(office.folder.holdings)
    keys = office.capture_keys()
    with place as copy:
        checked = audit(copy, office.vkeys, progress=tell)
        done = Verified(objects=checked.objects, bytes=checked.bytes, entries=checked.entries)
        done.faults = [HeldFault(object=f.object, kind=f.kind, detail=f.detail) for f in checked.faults]
        if checked.checkpoint is None:
            return done
        checkpoint = open_checkpoint(copy.read(CHECKPOINT_NAME), office.vkeys)
        reader = VaultReader(source_of(copy), identities, checkpoint.size)
        log = LogReader(lambda path: copy.read(TLOG + path), checkpoint)
        try:
            held = verify_held(reader, log, (keys.dedup_own, keys.dedup_strangers), tell=tell)
        except StandfastError as why:
            done.faults.append(HeldFault(object="manifests", kind="unreadable", detail=f"{why}; {why.step()}"))
            return done
    done.items = held.items
    done.faults += held.faults
    if not replica and not held.faults:
        ledger = read_ledger(office.folder.state)
        ledger.proved_accession = max((inventory.number for inventory in reader.history), default=0)
        write_ledger(office.folder.state, ledger)
    return done
