"""The copies of this vault in other hands: added, brought up to date, audited, healed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import clock
from standfast.assembly.cosigning import refuse_what_cosigners_passed
from standfast.assembly.destinations import Opened, Reach, is_local, open_destination, open_own, open_replica
from standfast.assembly.ledger import Ledger, read_ledger, write_ledger
from standfast.assembly.office import Office
from standfast.errors.base import StandfastError
from standfast.errors.intake import OldCopyError
from standfast.errors.replicas import ReplicaError, ReplicaUnreachableError, UnknownReplicaError
from standfast.replicas.audit import audit
from standfast.replicas.copy import CopyResult, copy_to
from standfast.replicas.findings import AuditResult
from standfast.replicas.freshness import SeenCheckpoints, seen_folder
from standfast.replicas.heal import HealResult, heal
from standfast.tlog.checkpoint import open_checkpoint
from standfast.tlog.monitor import verify_growth
from standfast.vault.folder import CHECKPOINT_NAME

TellReplica = Callable[[str, int, int], None]
TRIES, PAUSE_S = 4, 2
"""Of attempts that bring nothing over, and the pause after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOutcome:
    """What bringing one replica up to date did."""

    name: str
    ok: bool
    objects_sent: int = 0
    bytes_sent: int = 0
    why: str = ""
    code: str = ""


def refuse_old_copy(office: Office) -> None:
    """Ask replicas and cosigners that can be reached what they saw last; sign nothing unless our log continues each.

    Raises:
        OldCopyError: one is ahead: this folder is an old copy, or the log's key is in other hands.
        LogForkError: the same, and one of the two was added to since.
    """
    log = office.log_reader()
    for replica in office.settings.replicas.values():
        try:
            with open_replica(office, replica.name) as copy:
                theirs = open_checkpoint(copy.read(CHECKPOINT_NAME), office.vkeys)
        except (StandfastError, OSError):
            continue  # not there, new, or damaged: syncing and auditing it tell
        if theirs.size > log.size:
            raise OldCopyError(replica.location, log.size, theirs.size)
        verify_growth(log, theirs)
    # After the replicas: where one of them is ahead too, the error names what to rebuild from.
    refuse_what_cosigners_passed(office, log)


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
            done = _copy(office, name, note.synced_size, say)
        except StandfastError as why:
            note.ok = False
            outcomes.append(ReplicaOutcome(name=name, ok=False, why=f"{why}; {why.step()}", code=why.code))
            continue
        note.synced_at, note.synced_size, note.ok = clock.to_text(office.clock()), done.size, True
        outcomes.append(ReplicaOutcome(name=name, ok=True, objects_sent=done.objects_sent, bytes_sent=done.bytes_sent))
    return outcomes


def _copy(office: Office, name: str, known_size: int, tell: Callable[[int, int], None] | None) -> CopyResult:
    """Over a line that breaks, go on from what was sent, as long as each attempt brings some of it over."""
    best = tries = 0

    def progress(done: int, total: int) -> None:
        nonlocal best, tries
        if done > best:
            best, tries = done, 0
        if tell:
            tell(done, total)

    while True:
        try:
            with open_replica(office, name) as destination:
                return copy_to(
                    open_own(office.folder.holdings),
                    destination,
                    office.vkeys,
                    known_size=known_size,
                    progress=progress,
                )
        except ReplicaUnreachableError:
            tries += 1
            if tries >= TRIES or not best or is_local(office.settings.replicas[name].location):
                raise
            time.sleep(tries * PAUSE_S)


def audit_location(
    location: str,
    vkeys: Sequence[str],
    *,
    newest: bytes | None = None,
    reach: Reach | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> AuditResult:
    """Audit any copy with nothing but keys, and remember what was seen, so that an older copy shows next time.

    Raises:
        NotAReplicaError, NewerFormatError, ReplicaUnreachableError, TlogError: nothing could be audited.
    """
    from standfast.tlog.note import parse_vkey

    seen = SeenCheckpoints(seen_folder(os.environ, Path.home()))
    origin = parse_vkey(vkeys[0]).name
    with open_destination(location, reach) as destination:
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
    copies: dict[str, Opened] = {"this vault": own}
    copies |= {name: open_replica(office, name) for name in office.settings.replicas}
    chosen = _known(office, names) if names else list(copies)
    results = []
    with office.lock("replicas heal"), contextlib.ExitStack() as open_copies:
        for each in copies.values():
            open_copies.enter_context(each)
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
