"""The copies of this vault in other hands: added, brought up to date, audited, healed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import clock
from standfast.assembly.destinations import open_destination, open_own
from standfast.assembly.ledger import Ledger, read_ledger, write_ledger
from standfast.assembly.office import Office, open_office
from standfast.errors.base import StandfastError
from standfast.errors.intake import OldCopyError
from standfast.errors.replicas import ReplicaError, UnknownReplicaError
from standfast.replicas.audit import audit
from standfast.replicas.copy import copy_to
from standfast.replicas.findings import AuditResult
from standfast.replicas.freshness import SeenCheckpoints, seen_folder
from standfast.replicas.heal import HealResult, heal
from standfast.replicas.location import PreparedLocation, prepare_location
from standfast.settings import ReplicaSettings, add_replica
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.monitor import verify_growth
from standfast.vault.folder import CHECKPOINT_NAME

TellReplica = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOutcome:
    """What bringing one replica up to date did."""

    name: str
    ok: bool
    objects_sent: int = 0
    bytes_sent: int = 0
    why: str = ""
    code: str = ""


def add_local_replica(office: Office, name: str, location: str) -> tuple[Office, PreparedLocation]:
    """Write a replica on a disk into the settings, after asking whether its place is fit.

    Raises:
        RefusedLocationError, ReplicaUnreachableError: the place.
        NameTakenError, BadNameError: the name.
    """
    prepared = prepare_location(Path(location), office.folder.root)
    open_destination(str(prepared.folder)).probe()
    add_replica(office.settings, ReplicaSettings(name=name, location=str(prepared.folder)))
    return open_office(office.folder.root, office.clock), prepared


def refuse_old_copy(office: Office) -> None:
    """Ask the replicas that can be reached for their newest checkpoint; sign nothing unless our log continues each.

    Raises:
        OldCopyError: one is ahead: this folder is an old copy, or the log's key is in other hands.
        LogForkError: the same, and one of the two was added to since.
    """
    log = office.log_reader()
    for replica in office.settings.replicas.values():
        try:
            raw = open_destination(replica.location).read(CHECKPOINT_NAME)
            theirs = open_checkpoint(raw, office.vkeys)
        except (StandfastError, OSError):
            continue  # not there, new, or damaged: syncing and auditing it tell
        if theirs.size > log.size:
            raise OldCopyError(replica.location, log.size, theirs.size)
        verify_growth(log, theirs)


def sync_replicas(
    office: Office, ledger: Ledger, *, names: Sequence[str] = (), tell: TellReplica | None = None
) -> list[ReplicaOutcome]:
    """Bring replicas up to date, each by itself. Hold the vault's lock. Writes what it did into the ledger.

    Raises:
        UnknownReplicaError: a name that is none.
    """
    outcomes = []
    for name in _known(office, names):
        note = ledger.replica(name)
        say = (lambda done, total, name=name: tell(name, done, total)) if tell else None
        try:
            with open_destination(office.settings.replicas[name].location) as destination:
                done = copy_to(
                    open_own(office.folder.holdings),
                    destination,
                    office.vkeys,
                    known_size=note.synced_size,
                    progress=say,
                )
        except StandfastError as why:
            note.ok = False
            outcomes.append(ReplicaOutcome(name=name, ok=False, why=f"{why}; {why.step()}", code=why.code))
            continue
        note.synced_at, note.synced_size, note.ok = clock.to_text(office.clock()), done.size, True
        outcomes.append(ReplicaOutcome(name=name, ok=True, objects_sent=done.objects_sent, bytes_sent=done.bytes_sent))
    return outcomes


def audit_location(
    location: str,
    vkeys: Sequence[str],
    *,
    newest: bytes | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> AuditResult:
    """Audit any copy with nothing but keys, and remember what was seen, so that an older copy shows next time.

    Raises:
        NotAReplicaError, NewerFormatError, ReplicaUnreachableError, TlogError: nothing could be audited.
    """
    from standfast.tlog.note import parse_vkey

    seen = SeenCheckpoints(seen_folder(os.environ, Path.home()))
    origin = parse_vkey(vkeys[0]).name
    with open_destination(location) as destination:
        result = audit(destination, vkeys, newest=newest, last_seen=seen.find(origin), progress=tell)
    if result.checkpoint and result.checkpoint_note and result.freshness != "failed":
        seen.keep(origin, result.checkpoint_note)
    return result


def heal_copies(
    office: Office, names: Sequence[str] = (), *, tell: TellReplica | None = None
) -> list[tuple[str, HealResult]]:
    """Repair this vault's own holdings and its replicas, each from all others.

    Raises:
        UnknownReplicaError: a name that is none.
        ReplicaError: a copy that was asked for can't be reached or written.
    """
    own = open_own(office.folder.holdings)
    replicas = {name: open_destination(each.location) for name, each in office.settings.replicas.items()}
    copies = {"this vault": own, **replicas}
    chosen = _known(office, names) if names else list(copies)
    results = []
    with office.lock("replicas heal"):
        for name in chosen:
            others = [each for other, each in copies.items() if other != name]
            say = (lambda done, total, name=name: tell(name, done, total)) if tell else None
            try:
                # This folder is repaired as it stands: to adopt a newer state is what `rebuild` is for.
                forward = copies[name] is not own
                results.append((name, heal(copies[name], others, office.vkeys, forward=forward, progress=say)))
            except ReplicaError:
                if names:
                    raise  # it was asked for by name; else the copies that can be reached are healed
    return results


def note_audit(office: Office, name: str, result: AuditResult) -> None:
    """Write into the ledger what an audit of a replica said."""
    ledger = read_ledger(office.folder.state)
    note = ledger.replica(name)
    note.audited_at, note.ok = clock.to_text(office.clock()), result.ok
    write_ledger(office.folder.state, ledger)


def _known(office: Office, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in office.settings.replicas:
            raise UnknownReplicaError(name)
    return list(names) or list(office.settings.replicas)
