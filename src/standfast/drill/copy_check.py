"""What a drill checks of the copy before it restores anything. No key that reads is used.

 1. every key of the log has signed the copy's checkpoint                          signatures
 2. the copy continues what this machine knows of it, where it knows anything      not rolled back
 3. log, keyrings, inventories and documents are whole, and nothing is withheld    objects of the copy
 4. every pack that the inventories name is there, with its size                   packs present

The packs' bytes are not read here: the restore authenticates each chunk, and an audit digests each pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.drill.result import Check, CheckName, Example, check_all, not_checked
from standfast.errors.replicas import NotAReplicaError
from standfast.errors.tlog import TlogError
from standfast.replicas.audit import check_copy_format
from standfast.replicas.destination import ReadableCopy
from standfast.replicas.examine import Examined, examine
from standfast.replicas.findings import Findings
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.tiles import LogReader, verify_growth
from standfast.vault.folder import CHECKPOINT_NAME, pack_name
from standfast.vault.inventory import Inventory

_NO_CHECKPOINT = "the copy has no checkpoint that can be trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCopy:
    """A copy as far as its log speaks for it."""

    log: LogReader | None
    """None where no checkpoint can be trusted: then nothing can be restored."""
    inventories: dict[int, Inventory]
    """Those that the log opens, by number."""
    checks: tuple[Check, ...]


def check_copy(copy: ReadableCopy, vkeys: Sequence[str], known: Checkpoint | None) -> CheckedCopy:
    """Check a copy without reading its packs.

    Args:
        copy: nothing in it is trusted.
        vkeys: the log's keys; all must have signed.
        known: a checkpoint that the copy must continue, such as the one this machine sent there last.

    Raises:
        NotAReplicaError: neither FORMAT nor a checkpoint is there.
        NewerFormatError: a later version wrote the copy.
        ReplicaUnreachableError: the place is not there.
    """
    findings = Findings()
    has_format = check_copy_format(copy, findings)
    checkpoint, signatures = _check_signatures(copy, vkeys, has_format)
    if checkpoint is None:
        unread: list[tuple[CheckName, int]] = [("objects of the copy", 0), ("packs present", 0)]
        rest = [not_checked(name, expected, _NO_CHECKPOINT, public=True) for name, expected in unread]
        return CheckedCopy(log=None, inventories={}, checks=(signatures, *rest))
    examined = examine(copy, checkpoint, findings, with_packs=False)
    checks = [signatures]
    if known is not None and examined.reader is not None:
        checks.append(_check_growth(examined.reader, known))
    checks += [_check_objects(findings), _check_packs(examined)]
    inventories = {number: each.value for number, each in sorted(examined.inventories.accepted.items())}
    return CheckedCopy(log=examined.reader, inventories=inventories, checks=tuple(checks))


def _check_signatures(copy: ReadableCopy, vkeys: Sequence[str], has_format: bool) -> tuple[Checkpoint | None, Check]:
    """Step 1."""
    try:
        note = copy.read(CHECKPOINT_NAME)
    except FileNotFoundError:
        if not has_format:
            raise NotAReplicaError(copy.location, "neither FORMAT nor tlog/checkpoint is there") from None
        return None, _unsigned(0, len(vkeys), "it is not there")
    except OSError as why:
        return None, _unsigned(0, len(vkeys), why.strerror or str(why))
    try:
        checkpoint = open_checkpoint(note, vkeys)
    except TlogError as why:
        return None, _unsigned(sum(_has_signed(note, key) for key in vkeys), len(vkeys), str(why))
    return checkpoint, check_all("signatures", len(vkeys), len(vkeys))


def _unsigned(found: int, expected: int, why: str) -> Check:
    example = Example(name=CHECKPOINT_NAME, why=why, public=True)
    return Check(name="signatures", outcome="failed", found=found, expected=expected, examples=(example,))


def _has_signed(note: bytes, vkey: str) -> bool:
    try:
        open_checkpoint(note, [vkey])
    except TlogError:
        return False
    return True


def _check_growth(log: LogReader, known: Checkpoint) -> Check:
    """Step 2: found and expected are entries of the log."""
    try:
        verify_growth(log, known)
    except TlogError as why:
        example = Example(name=CHECKPOINT_NAME, why=str(why), public=True)
        return Check(name="not rolled back", outcome="failed", found=log.size, expected=known.size, examples=(example,))
    except OSError as why:
        return not_checked("not rolled back", known.size, why.strerror or str(why), public=True)
    return Check(name="not rolled back", outcome="passed", found=log.size, expected=known.size)


def _check_objects(findings: Findings) -> Check:
    """Step 3. Strange files hinder no recovery; an audit names them."""
    faults = [each for each in findings.faults.values() if each.kind != "unexpected"]
    if not faults and findings.not_checked:
        return not_checked("objects of the copy", 0, findings.not_checked[0], public=True)
    examples = (Example(name=each.object, why=f"{each.kind}: {each.detail}", public=True) for each in faults)
    return check_all("objects of the copy", len(faults) + findings.faults_left_off, 0, examples)


def _check_packs(examined: Examined) -> Check:
    """Step 4."""
    named, listed = examined.named_packs, examined.survey.packs
    wrong = [digest for digest in named if listed.get(digest) != named[digest]]
    examples = (
        Example(
            name=pack_name(digest), why="it has another size" if digest in listed else "it is not there", public=True
        )
        for digest in wrong
    )
    return check_all("packs present", len(named) - len(wrong), len(named), examples)
