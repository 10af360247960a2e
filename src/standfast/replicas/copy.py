"""Carries what was added to a copy: it costs the addition, not the vault.

What the copy has already is learnt from its own checkpoint, signed with our log's keys, and from our inventories up
to it; nothing is listed. Order: documents, keyrings → packs → inventories → entries, tiles → checkpoint, each durable
before the next. A copy that is cut off is a copy of the older state with debris, which the next one uses or
overwrites.

What is sent is checked against our own log first, packs while they are read: damage here is never carried there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.errors.replicas import (
    NotAReplicaError,
    ReplicaAheadError,
    ReplicaForkedError,
    ReplicaUnreachableError,
)
from standfast.errors.tlog import TlogError
from standfast.errors.vault import NewerFormatError, NoVaultError
from standfast.replicas.destination import Destination, ReadableCopy
from standfast.replicas.evidence import EvidenceJudge, list_evidence
from standfast.replicas.names import POLICIES, TLOG
from standfast.replicas.outgoing import Outgoing
from standfast.replicas.pack_check import Progress
from standfast.replicas.sending import Sending
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.tiles import tile_paths
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, HOW_TO_OPEN_NAME, check_format


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What one copy carried."""

    objects_sent: int
    bytes_sent: int
    size_before: int
    """Leaves of the copy's log before; smaller than what was known of it where it was put back from an older copy."""
    size: int
    """Leaves now."""


def copy_to(
    source: ReadableCopy,
    destination: Destination,
    vkeys: Sequence[str],
    *,
    known_size: int | None,
    progress: Progress | None = None,
) -> CopyResult:
    """Send what is missing. May be cut at any moment and repeated.

    Args:
        source: our own `holdings/`, not written to meanwhile: the caller holds the vault's lock.
        destination: the copy. Nothing that it says is believed unless our log's keys signed it.
        vkeys: our log's public keys.
        known_size: leaves that this copy had when we last wrote to it; None or 0 for a new one. A copy that is known
            and shows no checkpoint is not written to: most likely its disk is not mounted, and what shows is an empty
            folder.
        progress: told about the packs' bytes.

    Raises:
        ReplicaUnreachableError: the place; as ReplicaFullError, ReplicaReadOnlyError, ReplicaBusyError. What was sent
            stays of use.
        NotAReplicaError: another vault's copy, or its checkpoint is damaged.
        ReplicaAheadError: this folder is an old copy, or the log's key is in other hands. Nothing was written.
        ReplicaForkedError: the same, and the copy's history is another. Nothing was written.
        NewerFormatError: a later version wrote the copy. Nothing was written.
        VaultError: an object of ours is missing or damaged; as TlogError. The copy keeps its older state.
    """
    note = source.read(CHECKPOINT_NAME)
    ours = open_checkpoint(note, vkeys)
    outgoing = Outgoing(source, ours)
    with destination.writing():
        theirs = _their_checkpoint(destination, vkeys, known_size)
        if theirs:
            _require_growth(outgoing, theirs, destination.location)
        sending = Sending(source, destination, progress)
        if theirs is None or theirs.size < ours.size:
            _send_all(outgoing, sending, theirs.size if theirs else None)
            sending.send_checkpoint(note)
        _send_evidence(outgoing, sending, vkeys, destination)
    return CopyResult(
        objects_sent=sending.objects_sent,
        bytes_sent=sending.bytes_sent,
        size_before=theirs.size if theirs else 0,
        size=ours.size,
    )


def _their_checkpoint(destination: Destination, vkeys: Sequence[str], known_size: int | None) -> Checkpoint | None:
    try:
        check_format(destination.read(FORMAT_NAME))
        raw = destination.read(CHECKPOINT_NAME)
    except FileNotFoundError as why:
        if known_size:
            lost = "the copy that was there is not; most likely its disk is not mounted"
            raise ReplicaUnreachableError(destination.location, lost) from why
        return None
    except NewerFormatError:
        raise
    except NoVaultError as why:
        raise NotAReplicaError(destination.location, "FORMAT is not the line that a copy begins with") from why
    except OSError as why:
        raise ReplicaUnreachableError(destination.location, why.strerror or str(why)) from why
    try:
        return open_checkpoint(raw, vkeys)
    except TlogError as why:
        raise NotAReplicaError(destination.location, f"its checkpoint is not signed by this log: {why}") from why


def _require_growth(outgoing: Outgoing, theirs: Checkpoint, location: str) -> None:
    """Refuse a copy that our log does not continue."""
    if theirs.size > outgoing.size:
        raise ReplicaAheadError(location, outgoing.size, theirs.size)
    if outgoing.reader.root_at(theirs.size) != theirs.root:
        raise ReplicaForkedError(location, theirs.size, outgoing.source.location)


def _send_all(outgoing: Outgoing, sending: Sending, since: int | None) -> None:
    """Send all but the checkpoint; `since` is the copy's size in leaves, None where it has no checkpoint yet."""
    start = since or 0
    outgoing.require_leaves(start)
    keyrings, inventories = outgoing.new_keyrings(start), outgoing.new_inventories(start)
    outgoing.require_covered(start)
    if since is None:
        outgoing.require_documents()
        sending.send(FORMAT_NAME)
        sending.send(HOW_TO_OPEN_NAME)
    for number in keyrings:
        sending.send(f"keyring/{number}")
    sending.expect(sum(pack.bytes for number in inventories for pack in outgoing.inventory(number).packs))
    for number in inventories:
        for pack in outgoing.inventory(number).packs:
            sending.send_pack(pack.sha256, pack.bytes)
    for number in inventories:
        sending.send(f"inventory/{number}")
    for path in tile_paths(outgoing.size, start):
        sending.send(TLOG + path)


def _send_evidence(outgoing: Outgoing, sending: Sending, vkeys: Sequence[str], destination: Destination) -> None:
    """Send cosigned checkpoints, stamps and policies that the copy lacks; one of ours that is damaged stays here."""
    source = outgoing.source
    ours = list_evidence(source)
    if not ours:
        return
    there = list_evidence(destination)
    judge = EvidenceJudge(reader=outgoing.reader, vkeys=vkeys, named=outgoing.named_evidence(), read=source.read)
    for name, size_bytes in sorted(ours.items()):
        if judge.is_above(name) or (there.get(name) == size_bytes and name not in POLICIES):
            continue
        try:
            raw = source.read(name)
        except OSError:
            continue  # what is unreadable here, `heal` brings back from a copy that has it
        if not judge.why_not(name, raw):
            sending.send(name)
