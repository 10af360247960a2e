"""Asking cosigners: after `protect`, on a rhythm, by files; and what they last saw, before anything is signed.

Nothing here keeps `protect` from its work: who can't be reached is asked later. What they gave is kept at once in
`state/cosignatures/<size>`, and as `tlog/cosigned/<size>/<k>` when a quorum of organisations is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from standfast import clock, durable
from standfast.assembly.cosigner_office import writing_to
from standfast.assembly.ledger import CosignerNote, Ledger
from standfast.assembly.office import Office, open_office
from standfast.assembly.quorum import (
    COSIGNERS_LIMIT,
    chosen_quorum,
    is_met,
    keys_of,
    policies,
    require_quorum,
    same_key,
)
from standfast.cosigning.asking import (
    Cosigned,
    Peer,
    ask_cosigner,
    ask_last_seen,
    read_answer,
    require_not_ahead,
)
from standfast.errors.base import StandfastError
from standfast.errors.cosigning import CosignerAnswerError, UnknownCosignerError
from standfast.errors.intake import OldCopyError
from standfast.errors.tlog import MalformedNoteError
from standfast.intake.place import newest_acknowledged
from standfast.settings import CosignerSettings, add_cosigner, set_cosigning
from standfast.tlog.checkpoint import Checkpoint, parse_checkpoint
from standfast.tlog.cosign import add_lines, find_cosignatures
from standfast.tlog.cosign_request import parse_size, write_request
from standfast.tlog.cosigned import CosignedFolder, cosigned_name
from standfast.tlog.monitor import verify_growth
from standfast.tlog.note import VerifierKey, parse_note
from standfast.tlog.reader import LogReader
from standfast.vault.evidence import PendingEvidence
from standfast.vault.folder import CHECKPOINT_NAME

ASKING_S = 20.0
"""For all cosigners together, who are asked at the same time."""
LAST_SEEN_S = 5.0
FIRST_WAIT = timedelta(minutes=5)
"""After a failure; doubled with each further one, up to the rhythm."""
ANSWER_FILE_BYTES = 64 * 1024
AHEAD_NOWHERE = "LOCATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerOutcome:
    """What asking one cosigner gave."""

    name: str
    ok: bool
    size: int = 0
    """Leaves that it cosigned."""
    why: str = ""
    code: str = ""


def add_one_cosigner(office: Office, cosigner: CosignerSettings, *, quorum: int | None, understood: bool) -> Office:
    """Write one more cosigner into the settings, and the policies that follow from it.

    Raises:
        MalformedNoteError: a key is none, of a kind that no cosigner signs with, or another's; or they are too many.
        NameTakenError, BadNameError: the name.
        WeakQuorumError: a chosen quorum would no longer tolerate a liar. Nothing was changed.
    """
    keys = keys_of(cosigner)
    other = same_key(office.settings, keys)
    if other:
        raise MalformedNoteError("cosigner's keys", f"{other} has one of them already, and a key counts once")
    if len(office.settings.cosigners) >= COSIGNERS_LIMIT:
        raise MalformedNoteError("list of cosigners", f"more than {COSIGNERS_LIMIT}")
    wanted = chosen_quorum(office.settings, quorum, understood=understood)
    after = replace(office.settings, cosigners={**office.settings.cosigners, cosigner.name: cosigner}, cosigning=wanted)
    require_quorum(after, understood=wanted.understood)
    with office.lock("cosigners add"):
        add_cosigner(office.settings, cosigner)
        office = open_office(office.folder.root, office.clock)
        if wanted != office.settings.cosigning:
            set_cosigning(office.settings, wanted)
            office = open_office(office.folder.root, office.clock)
        write_policies(office)
    return office


def choose_quorum(office: Office, quorum: int, *, understood: bool) -> Office:
    """Write another quorum into the settings, and the policies that follow from it; 0: what is recommended.

    Raises:
        WeakQuorumError: it tolerates no liar. Nothing was changed.
    """
    wanted = chosen_quorum(office.settings, quorum, understood=understood)
    require_quorum(replace(office.settings, cosigning=wanted), understood=understood)
    with office.lock("cosigners quorum"):
        set_cosigning(office.settings, wanted)
        office = open_office(office.folder.root, office.clock)
        write_policies(office)
    return office


def write_policies(office: Office) -> None:
    """Bring `tlog/policy/` up to what the settings say. Hold the vault's lock."""
    for name, raw in policies(office).items():
        path = office.folder.held(name)
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == raw:
                continue
        with writing_to(office.folder.root):
            _evidence(office).note(name)
            durable.make_folder(path.parent)
            durable.write_atomically(path, raw)


def refuse_what_cosigners_passed(office: Office, log: LogReader) -> None:
    """Ask all cosigners at once what they last saw of this log; sign nothing unless ours continues it.

    Raises:
        OldCopyError: one has seen more: this folder is an old copy, or the log's key is in other hands.
        LogForkError: the same, and one of the two was added to since.
    """
    peers = [_peer(each) for each in office.settings.cosigners.values() if each.url]

    def last_seen(peer: Peer) -> Checkpoint | None:
        try:
            return ask_last_seen(peer, log.checkpoint.origin, office.vkeys, within_s=LAST_SEEN_S)
        except (StandfastError, OSError):
            return None  # not reached, or nothing that our log has signed: nothing follows

    if not peers:
        return
    with ThreadPoolExecutor(len(peers), "last-seen") as pool:
        seen = list(pool.map(last_seen, peers))
    for peer, theirs in zip(peers, seen, strict=True):
        if theirs is None:
            continue
        if theirs.size > log.size:
            raise OldCopyError(f"the cosigner {peer.name}", log.size, theirs.size, copy=AHEAD_NOWHERE)
        verify_growth(log, theirs)


def ask_cosigners(
    office: Office,
    ledger: Ledger,
    names: Sequence[str] = (),
    *,
    tell: Callable[[str], None] | None = None,
) -> list[CosignerOutcome]:
    """Ask those that are due, or those named, for cosignatures on our checkpoint. Hold the vault's lock.

    Due: it has not cosigned this checkpoint, or the rhythm has passed since; and a failure before is long enough ago.

    Raises:
        UnknownCosignerError: a name that is none.
        VaultWriteError: what they gave could not be kept.
    """
    for name in names:
        _known(office, name)
    log, note = office.log_reader(), office.folder.held(CHECKPOINT_NAME).read_bytes()
    due = [
        each
        for each in office.settings.cosigners.values()
        if each.url and (each.name in names if names else _is_due(office, ledger.cosigner(each.name), log.size))
    ]
    if not due or log.size == 0:
        return []

    def one(cosigner: CosignerSettings) -> Cosigned | StandfastError:
        if tell:
            tell(cosigner.name)
        try:
            return ask_cosigner(
                _peer(cosigner), log, note, ledger.cosigner(cosigner.name).known_size, within_s=ASKING_S
            )
        except StandfastError as why:
            return why
        except OSError as why:
            return CosignerAnswerError(cosigner.name, f"this vault's own log can't be read: {why.strerror or why}")

    with ThreadPoolExecutor(len(due), "cosign") as pool:
        answers = list(pool.map(one, due))
    given = [answer for answer in answers if isinstance(answer, Cosigned)]
    if given:
        with writing_to(office.folder.root):
            _keep(office, ledger, note, given)
    return [
        _noted(office, ledger, cosigner.name, answer, log.size) for cosigner, answer in zip(due, answers, strict=True)
    ]


def write_request_file(office: Office, ledger: Ledger, name: str, target: Path) -> int:
    """A request for a cosigner that is asked by files; returns the size in leaves that it is about.

    Raises:
        UnknownCosignerError: there is none of that name.
        VaultWriteError: it could not be written.
    """
    _known(office, name)
    log, note = office.log_reader(), office.folder.held(CHECKPOINT_NAME).read_bytes()
    known = ledger.cosigner(name).known_size
    known = known if known <= log.size else 0
    request = write_request(known, log.consistency_proof(known), note)
    with writing_to(office.folder.root):
        durable.make_folder(_requested(office, name).parent, mode=0o700)
        durable.write_atomically(_requested(office, name), note)
    with writing_to(target):
        durable.write_atomically(target, request)
    return log.size


def take_answer_file(office: Office, ledger: Ledger, name: str, source: Path) -> CosignerOutcome:
    """Take in what a cosigner answered by file: cosignatures, or the size that it stands at. Hold the vault's lock.

    Raises:
        UnknownCosignerError: there is none of that name.
        CosignerAnswerError: it is no answer to the newest request that was written for it.
    """
    cosigner = _known(office, name)
    try:
        with source.open("rb") as file:
            raw = file.read(ANSWER_FILE_BYTES + 1)
        note = _requested(office, name).read_bytes()
    except FileNotFoundError as why:
        missing = str(source) if why.filename == str(source) else "the request that this answers was not written here"
        raise CosignerAnswerError(name, f"{missing}: not there") from why
    except OSError as why:
        raise CosignerAnswerError(name, f"{source}: {why.strerror}") from why
    size = parse_checkpoint(parse_note(note).untrusted_text).size
    if raw[:-1].isdigit():
        try:
            named = parse_size(raw)
        except MalformedNoteError as why:
            raise CosignerAnswerError(name, str(why)) from why
        require_not_ahead(name, named, size)
        ledger.cosigner(name).known_size = named
        return CosignerOutcome(name=name, ok=False, why=f"it stands at {named} leaves; write a new request for it")
    answer = read_answer(name, keys_of(cosigner), note, raw)
    with writing_to(office.folder.root):
        _keep(office, ledger, note, [answer])
    return _noted(office, ledger, name, answer, size)


def _keep(office: Office, ledger: Ledger, note: bytes, given: Sequence[Cosigned]) -> None:
    """Keep new lines with those there were; where enough organisations have signed, as the next cosigned checkpoint."""
    keys = [key for each in office.settings.cosigners.values() for key in keys_of(each)]
    size = parse_checkpoint(parse_note(note).untrusted_text).size
    folder, pending = CosignedFolder(office.folder.tlog), office.folder.state / "cosignatures" / str(size)
    newest = folder.find_newest(size)
    merged = newest[1] if newest else note
    with contextlib.suppress(FileNotFoundError, StandfastError):
        before = parse_note(pending.read_bytes())
        if before.untrusted_text == parse_note(merged).untrusted_text:
            merged = add_lines(merged, [line for line in before.lines if _is_by(line, keys)], keys)
    merged = add_lines(merged, [line for each in given for line in each.lines], keys)
    durable.make_folder(pending.parent, mode=0o700)
    durable.write_atomically(pending, merged)
    signed = {each.key for each in find_cosignatures(parse_note(merged), keys)}
    if is_met(office.settings, signed):
        number = newest[0] + 1 if newest else 0
        _evidence(office).note(cosigned_name(size, number))
        folder.write(size, merged)
        ledger.cosigned_size = max(ledger.cosigned_size, size)
    for older in pending.parent.iterdir():
        if older.name.isdigit() and int(older.name) < min(size, ledger.cosigned_size):
            older.unlink(missing_ok=True)


def _is_by(line: object, keys: Sequence[VerifierKey]) -> bool:
    return (getattr(line, "name", None), getattr(line, "key_id", None)) in {(key.name, key.key_id) for key in keys}


def _noted(office: Office, ledger: Ledger, name: str, answer: Cosigned | StandfastError, size: int) -> CosignerOutcome:
    note, now = ledger.cosigner(name), office.clock()
    if isinstance(answer, Cosigned):
        note.known_size, note.cosigned_at, note.ok = size, clock.to_text(answer.at), True
        note.why, note.failures, note.ask_after = "", 0, ""
        return CosignerOutcome(name=name, ok=True, size=size)
    note.ok, note.failures = False, note.failures + 1
    note.why = answer.why if isinstance(answer, CosignerAnswerError) else str(answer)
    rhythm = timedelta(hours=office.settings.cosigning.rhythm_hours)
    wait = min(FIRST_WAIT * 2 ** min(note.failures - 1, 20), rhythm)
    note.ask_after = clock.to_text(now + wait)
    return CosignerOutcome(name=name, ok=False, why=f"{note.why}; {answer.step()}", code=answer.code)


def _is_due(office: Office, note: CosignerNote, size: int) -> bool:
    now = office.clock()
    if note.ask_after and now < clock.from_text(note.ask_after):
        return False
    rhythm = timedelta(hours=office.settings.cosigning.rhythm_hours)
    return note.known_size != size or not note.cosigned_at or now - clock.from_text(note.cosigned_at) >= rhythm


def _known(office: Office, name: str) -> CosignerSettings:
    if name not in office.settings.cosigners:
        raise UnknownCosignerError(name)
    return office.settings.cosigners[name]


def _peer(cosigner: CosignerSettings) -> Peer:
    return Peer(name=cosigner.name, url=cosigner.url, keys=keys_of(cosigner))


def _requested(office: Office, name: str) -> Path:
    return office.folder.state / "cosign-requests" / name


def _evidence(office: Office) -> PendingEvidence:
    return PendingEvidence(office.folder, lambda: newest_acknowledged(office.folder, office.checkpoint().size))
