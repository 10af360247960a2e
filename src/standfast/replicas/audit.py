"""Audits a copy with no key that reads: everyone can check, nobody learns.

 1. FORMAT is one that this program knows                                 NewerFormatError; damaged, missing
 2. every key given has signed the copy's checkpoint                      unsigned, missing
 3. what the auditor knew before is the beginning of this log             freshness; rolled back, forked
 4. everything that lies there has a name that an object can have         unexpected; note unfinished
 5. entries and tiles give the checkpoint's root                          missing, damaged
 6. keyrings: form, chain, custody signatures, control leaf               missing, damaged
 7. inventories: form, chain, control leaf                                missing, damaged
 8. the batches of both cover the log                                     withheld, damaged
 9. documents have the digests in keyring 0                               missing, damaged
10. cosigned checkpoints, stamps, policies: digest, root, imprint, form   missing, damaged; note debris
11. packs have the size in the inventory and the SHA-256 in their name    missing, damaged; note debris
12. the keyring names the keys given; all that it names have signed       unsigned, damaged

No fault says that the copy is whole and is what the log's keys signed. It says nothing about whether anything newer was
signed, unless step 3 passed, and nothing about whether what is sealed is true.
"""

from __future__ import annotations

from collections.abc import Sequence

from standfast.errors.base import StandfastError
from standfast.errors.replicas import NotAReplicaError
from standfast.errors.tlog import LogForkError, MalformedNoteError, TlogError
from standfast.errors.vault import NewerFormatError, NoVaultError
from standfast.holdings.digest import sha256_hex
from standfast.replicas.destination import ReadableCopy
from standfast.replicas.examine import Examined, examine
from standfast.replicas.findings import AuditResult, Findings, Freshness
from standfast.replicas.pack_check import Progress
from standfast.replicas.statements import open_keyring
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.note import parse_vkey
from standfast.tlog.tiles import verify_growth
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, check_format


def audit(
    copy: ReadableCopy,
    vkeys: Sequence[str],
    *,
    newest: bytes | None = None,
    last_seen: bytes | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> AuditResult:
    """Read a whole copy and name every object that is not what the log commits to.

    Args:
        copy: the copy. Nothing in it is trusted, and nothing is written.
        vkeys: the log's public keys, from somewhere else than the copy. All of them must have signed.
        newest: a checkpoint that the auditor was given, as its bytes: the copy must be as new.
        last_seen: the checkpoint that this auditor saw last: the copy must continue it.
        threads: how many packs are read at once, one buffer of 1 MiB each.
        progress: told about the packs' bytes.

    Returns:
        All findings. A damaged object never hides the others.

    Raises:
        NotAReplicaError: neither FORMAT nor a checkpoint is there.
        NewerFormatError: written by a later version.
        TlogError: `vkeys`, `newest` or `last_seen` itself is not what it must be.
        ReplicaUnreachableError: the place is not there, or went away.
    """
    require_vkeys(vkeys)
    findings = Findings()
    known = [open_checkpoint(each, vkeys) for each in (newest, last_seen) if each is not None]
    has_format = check_copy_format(copy, findings)
    note, own = _own_checkpoint(copy, vkeys, findings, has_format)
    trusted = own or max(known, key=lambda each: each.size, default=None)
    if trusted and not own:
        findings.leave_unchecked(
            f"{CHECKPOINT_NAME} is not good: the copy was checked against the one that the auditor brought"
        )
    examined = examine(copy, trusted, findings, threads=threads, progress=progress)
    freshness = _freshness(examined if own else None, known, findings)
    if own:
        _check_log_keys(examined, note, vkeys, findings)
    return AuditResult(
        ok=not findings.faults,
        objects=examined.survey.object_count,
        bytes=examined.survey.total_bytes,
        entries=trusted.size if trusted else 0,
        faults=tuple(findings.faults.values()),
        notes=tuple(findings.notes),
        not_checked=tuple(findings.not_checked),
        faults_left_off=findings.faults_left_off,
        freshness=freshness,
        checkpoint=own,
        checkpoint_note=note if own else b"",
    )


def require_vkeys(vkeys: Sequence[str]) -> None:
    """Require at least one key, and that each is one: else every copy would look unsigned.

    Raises:
        MalformedNoteError: none was given, or one that is none.
    """
    if not vkeys:
        raise MalformedNoteError("list of verifier keys", "it is empty, and nothing can be verified by no key")
    for vkey in vkeys:
        parse_vkey(vkey)


def check_copy_format(copy: ReadableCopy, findings: Findings) -> bool:
    """Step 1. False where FORMAT is not there.

    Raises:
        NewerFormatError: a later version wrote the copy.
    """
    try:
        raw = copy.read(FORMAT_NAME)
        check_format(raw)
    except FileNotFoundError:
        findings.fault(FORMAT_NAME, "missing", "every copy begins with it")
        return False
    except NewerFormatError as why:
        if not _is_version_1(copy, raw):
            raise
        findings.fault(FORMAT_NAME, "damaged", f"it says {why.found}, and keyring/0 names the digest of another file")
    except NoVaultError:
        findings.fault(FORMAT_NAME, "damaged", "it is not the line that a copy begins with")
    except OSError as why:
        findings.fault(FORMAT_NAME, "unreadable", why.strerror or str(why))
    return True


def _is_version_1(copy: ReadableCopy, newer: bytes) -> bool:
    """Whether keyring 0 can be read and names another FORMAT than this one: then this one is damaged, not newer."""
    try:
        named = open_keyring(copy.read("keyring/0")).value.keyring.documents
    except (StandfastError, ValueError, OSError):
        return False
    return named.get(FORMAT_NAME) != sha256_hex(newer)


def _own_checkpoint(
    copy: ReadableCopy, vkeys: Sequence[str], findings: Findings, has_format: bool
) -> tuple[bytes, Checkpoint | None]:
    """Step 2."""
    try:
        note = copy.read(CHECKPOINT_NAME)
    except FileNotFoundError:
        if not has_format:
            raise NotAReplicaError(copy.location, "neither FORMAT nor tlog/checkpoint is there") from None
        findings.fault(CHECKPOINT_NAME, "missing", "without it, nothing says what the copy must hold")
        return b"", None
    except OSError as why:
        findings.fault(CHECKPOINT_NAME, "unreadable", why.strerror or str(why))
        return b"", None
    try:
        return note, open_checkpoint(note, vkeys)
    except TlogError as why:
        findings.fault(CHECKPOINT_NAME, "unsigned", str(why))
        return note, None


def _freshness(examined: Examined | None, known: Sequence[Checkpoint], findings: Findings) -> Freshness:
    """Step 3, which needs the tiles that step 5 has checked."""
    if not known:
        return "not checked"
    if examined is None or examined.reader is None:
        findings.leave_unchecked("freshness: the copy's own checkpoint is not good")
        return "not checked"
    outcome: Freshness = "passed"
    for older in known:
        try:
            verify_growth(examined.reader, older)
        except LogForkError as why:
            smaller = examined.reader.size < older.size
            findings.fault(CHECKPOINT_NAME, "rolled back" if smaller else "forked", str(why))
            outcome = "failed"
        except (TlogError, OSError) as why:
            findings.leave_unchecked(f"freshness: {why}")
            outcome = "failed" if outcome == "failed" else "not checked"
    return outcome


def _check_log_keys(examined: Examined, note: bytes, vkeys: Sequence[str], findings: Findings) -> None:
    """Step 12: who was given one key only still learns that another of the log's keys did not sign."""
    keyrings = examined.keyrings
    if not keyrings.accepted:
        findings.leave_unchecked("the keyring's list of log keys: no keyring can be read")
        return
    newest = max(keyrings.accepted)
    named = keyrings.accepted[newest].value.keyring.log.vkeys
    if not set(vkeys) <= set(named):
        findings.fault(keyrings.name(newest), "damaged", "it names other log keys than those given")
        return
    try:
        open_checkpoint(note, named)
    except TlogError as why:
        findings.fault(CHECKPOINT_NAME, "unsigned", str(why))
