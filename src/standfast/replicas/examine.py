"""A copy against one checkpoint that is trusted: steps 4 to 11 of an audit, which healing repeats."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from standfast.errors.base import StandfastError
from standfast.errors.tlog import TlogError
from standfast.holdings.digest import sha256_hex
from standfast.keys import roster
from standfast.keys.roster import KeyringFile
from standfast.replicas.chain import Chain, Fetch, check_coverage, walk_chain
from standfast.replicas.destination import ReadableCopy
from standfast.replicas.evidence import EvidenceJudge, check_evidence, named_evidence
from standfast.replicas.findings import FaultKind, Findings
from standfast.replicas.names import TLOG
from standfast.replicas.pack_check import PackCheck, Progress
from standfast.replicas.statements import open_inventory, open_keyring
from standfast.replicas.survey import Survey, survey
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.tiles import LogReader, check_tiles
from standfast.vault.folder import FORMAT_NAME, HOW_TO_OPEN_NAME
from standfast.vault.inventory import Inventory

_TILE_KINDS: dict[str, FaultKind] = {
    "missing": "missing",
    "unreadable": "unreadable",
    "wrong": "damaged",
    "undecided": "damaged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a copy holds, as far as the checkpoint speaks for it."""

    survey: Survey
    reader: LogReader | None
    """The log at the checkpoint; None where none could be trusted."""
    keyrings: Chain[KeyringFile]
    inventories: Chain[Inventory]
    named_packs: dict[str, int]
    """Digest to size, from the accepted inventories."""
    good_packs: set[str]
    """Digests whose bytes were read and are right."""
    judge: EvidenceJudge | None
    """Tells cosigned checkpoints, stamps and policies apart; None where no log or no keyring can be trusted."""


def examine(
    copy: ReadableCopy,
    checkpoint: Checkpoint | None,
    findings: Findings,
    *,
    threads: int = 2,
    with_packs: bool = True,
    progress: Progress | None = None,
) -> Examined:
    """Check everything but the checkpoint itself.

    Args:
        copy: what to read. Nothing of it is trusted.
        checkpoint: signed by every key that counts; None where there is none: then objects are compared with one
            another, packs with their names, and the findings say what was left unchecked.
        findings: takes what is found.
        threads: for reading packs.
        with_packs: False to leave the packs' bytes alone.
        progress: told about packs.

    Raises:
        ReplicaUnreachableError: the place went away.
    """
    found = survey(copy, checkpoint.size if checkpoint else None, findings)
    reader = None
    if checkpoint:
        reader = LogReader(lambda path: copy.read(TLOG + path), checkpoint)
        _check_log(copy, checkpoint, found, findings)
    else:
        findings.leave_unchecked("tlog: no signed checkpoint to check tiles, keyrings and inventories against")
    fetch = functools.partial(_fetch, copy, findings)
    keyrings, inventories = _check_chains(found, fetch, reader, findings)
    _check_documents(keyrings, fetch, findings)
    judge = _judge(reader, keyrings, inventories, copy)
    if judge:
        check_evidence(judge, copy, found.evidence, findings)
    elif found.evidence:
        findings.leave_unchecked(
            "cosigned checkpoints, stamps and policies: no log that can be trusted to hold them to"
        )
    named = _named_packs(inventories)
    packs = PackCheck(copy, findings, progress)
    if with_packs:
        packs.run(named, found.packs, threads)
    return Examined(
        survey=found,
        reader=reader,
        keyrings=keyrings,
        inventories=inventories,
        named_packs=named,
        good_packs=packs.good,
        judge=judge,
    )


def _judge(
    reader: LogReader | None, keyrings: Chain[KeyringFile], inventories: Chain[Inventory], copy: ReadableCopy
) -> EvidenceJudge | None:
    if reader is None or not keyrings.accepted:
        return None
    vkeys = keyrings.accepted[max(keyrings.accepted)].value.keyring.log.vkeys
    named = named_evidence(each.value for _, each in sorted(inventories.accepted.items()))
    return EvidenceJudge(reader=reader, vkeys=vkeys, named=named, read=copy.read)


def _check_chains(
    found: Survey, fetch: Fetch, reader: LogReader | None, findings: Findings
) -> tuple[Chain[KeyringFile], Chain[Inventory]]:
    """Keyrings and inventories, each by itself and both together."""
    size, leaf_at = reader.size if reader else None, functools.partial(_leaf_at, reader)
    keyrings: Chain[KeyringFile] = Chain(folder="keyring", first=0)
    inventories: Chain[Inventory] = Chain(folder="inventory", first=1)
    walk_chain(
        keyrings, found.keyrings, open_one=open_keyring, fetch=fetch, leaf_at=leaf_at, size=size, findings=findings
    )
    _check_signatures(keyrings, findings)
    walk_chain(
        inventories,
        found.inventories,
        open_one=open_inventory,
        fetch=fetch,
        leaf_at=leaf_at,
        size=size,
        findings=findings,
    )
    _check_keyring_numbers(keyrings, inventories, findings)
    if size is not None:
        check_coverage(keyrings, inventories, size, findings)
    return keyrings, inventories


def _fetch(copy: ReadableCopy, findings: Findings, name: str) -> bytes | None:
    try:
        return copy.read(name)
    except FileNotFoundError:
        findings.fault(name, "missing", "it must be there, and is not")
    except OSError as why:
        findings.fault(name, "unreadable", why.strerror or str(why))
    return None


def _leaf_at(reader: LogReader | None, index: int) -> bytes | None:
    """A leaf as the checkpoint's root commits to it. What keeps it from being read, the check of tiles names."""
    if reader is None:
        return None
    try:
        return reader.leaf(index)
    except (TlogError, OSError):
        return None


def _check_log(copy: ReadableCopy, checkpoint: Checkpoint, found: Survey, findings: Findings) -> None:
    present = [tile.text() for tile in found.superseded]
    for fault in check_tiles(lambda path: copy.read(TLOG + path), checkpoint, present):
        findings.fault(TLOG + fault.path, _TILE_KINDS[fault.kind], fault.detail)
    for tile in found.above:
        findings.note(TLOG + tile.text(), "debris", "above this copy's checkpoint; the next copy uses it")


def _check_signatures(keyrings: Chain[KeyringFile], findings: Findings) -> None:
    """Require the custody key's signatures, from keyring 0 up: the first that fails is named, the rest hang on it."""
    raws: list[bytes] = []
    for number in range(keyrings.next_number):
        if number not in keyrings.accepted:
            findings.leave_unchecked(f"signatures of {keyrings.name(number)} and later: it can't be read")
            return
        raws.append(keyrings.files[number])
        try:
            roster.verify_keyring_chain(raws)
        except StandfastError as why:
            findings.fault(keyrings.name(number), "damaged", str(why))
            return


def _check_keyring_numbers(keyrings: Chain[KeyringFile], inventories: Chain[Inventory], findings: Findings) -> None:
    """Each inventory names the keyring in force; one that it names and that is not there is missing."""
    for number, each in sorted(inventories.accepted.items()):
        used = each.value.keyring
        if used in keyrings.accepted:
            if keyrings.accepted[used].value.keyring.from_accession > number:
                findings.fault(inventories.name(number), "damaged", f"keyring {used} was not in force yet")
        elif used not in keyrings.wanting:
            keyrings.wanting.add(used)
            findings.fault(keyrings.name(used), "missing", f"{inventories.name(number)} was sealed under it")


def _check_documents(keyrings: Chain[KeyringFile], fetch: Fetch, findings: Findings) -> None:
    if not keyrings.accepted:
        findings.leave_unchecked(f"{HOW_TO_OPEN_NAME}: no keyring, which would name its digest, can be read")
        return
    oldest = min(keyrings.accepted)
    for name in (FORMAT_NAME, HOW_TO_OPEN_NAME):
        raw = fetch(name)
        sealed = keyrings.accepted[oldest].value.keyring.documents.get(name)
        if raw is not None and sha256_hex(raw) != sealed:
            findings.fault(name, "damaged", f"it is not the file whose digest {keyrings.name(oldest)} names")


def _named_packs(inventories: Chain[Inventory]) -> dict[str, int]:
    named: dict[str, int] = {}
    for _, each in sorted(inventories.accepted.items()):
        named.update({pack.sha256: pack.bytes for pack in each.value.packs})
        for gone in each.value.replaced:
            named.pop(gone, None)
    return named
