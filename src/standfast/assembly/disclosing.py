"""`disclose`: one item, or a few, for a stranger; custody says so first, and the bundle is checked before it is one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import __version__, clock, durable
from standfast.assembly.custody import CustodyEvent, record_event
from standfast.assembly.custody_of import ItemHistory, histories_of
from standfast.assembly.office import Office
from standfast.assembly.outside_proofs import EVENT as PROOF_EVENT
from standfast.assembly.quorum import CLASSIC_NAME, PQ_NAME
from standfast.disclosure.bundle import BundleParts, ItemParts, folder_name, write_bundle
from standfast.disclosure.evidence import Chosen, Evidence
from standfast.disclosure.report import words
from standfast.errors.disclosure import (
    BundleExistsError,
    BundlePlaceError,
    BundleUnsoundError,
    RecipientMissingError,
    TooManyItemsError,
)
from standfast.errors.vault import UnknownItemError
from standfast.stamping.shelf import StampShelf
from standfast.tlog.cosign_request import write_request
from standfast.tlog.cosigned import CosignedFolder
from standfast.tlog.proof_text import write_proof
from standfast.tlog.reader import LogReader
from standfast.vault.folder import CHECKPOINT_NAME
from standfast.vault.reader import VaultReader
from standfast.verify.layout import Custody, CustodyLine, Language
from standfast.verify.results import Report
from standfast.verify.steps import ITEMS_LIMIT, Trust, check_bundle

WORDS_LIMIT = 1_000
"""Characters of a recipient or a purpose."""
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """A bundle that was written."""

    file: Path
    items: tuple[str, ...]
    bytes: int
    report: Report
    """What its own check found."""


def disclose(
    office: Office,
    identities: Sequence[str],
    items: Sequence[str],
    file: Path,
    *,
    recipient: str,
    purpose: str,
    language: Language,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Disclosed:
    """Write a bundle of items. Nothing half-written ever has the bundle's name, and no file is written over.

    In this order: everything that can be refused is; the custody event is in the log; the bundle is written beside its
    place, forced to the disk, and checked as its recipient will check it; it gets its name.

    Raises:
        UnknownItemError, TooManyItemsError, RecipientMissingError, BundleExistsError, BundlePlaceError: nothing was
            done.
        FixityMismatchError, PackMissingError, BundleUnsoundError: the event is in custody, and there is no bundle.
        VaultLockedError, KeyFileMissingError: as `record_event`.
    """
    wanted = list(dict.fromkeys(items))
    _refuse(wanted, file, recipient, purpose)
    held = {each.record.id for each in office.reader(identities).every_item() if each.record.id in set(wanted)}
    for item in wanted:
        if item not in held:
            raise UnknownItemError(item)
    said = {"file": file.name, "language": language, "purpose": purpose, "recipient": recipient}
    record_event(office, CustodyEvent(event="disclose", items=wanted, outcome="begun", detail=dict(said)))
    parts = _gather(office, office.reader(identities), wanted, recipient, purpose, language)
    unfinished = file.with_name(file.name + durable.UNFINISHED)
    try:
        report = _write(parts, unfinished, folder_name(file), tell)
        size_bytes = unfinished.stat().st_size
        durable.move_into_free_place(unfinished, file)
    except FileExistsError as why:
        raise BundleExistsError(why.filename2 or why.filename or file) from why
    except OSError as why:
        raise BundlePlaceError(file, why.strerror or str(why)) from why
    return Disclosed(file=file, items=tuple(wanted), bytes=size_bytes, report=report)


def _refuse(wanted: Sequence[str], file: Path, recipient: str, purpose: str) -> None:
    for what, text in (("recipient", recipient), ("purpose", purpose)):
        if not 0 < len(text.strip()) <= WORDS_LIMIT:
            raise RecipientMissingError(what)
    if len(wanted) > ITEMS_LIMIT:
        raise TooManyItemsError(len(wanted), ITEMS_LIMIT)
    unfinished = file.with_name(file.name + durable.UNFINISHED)
    for each in (file, unfinished):
        if each.is_symlink() or each.exists():
            raise BundleExistsError(each)
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise BundlePlaceError(file, "its folder is not there, or may not be written to")


def _write(parts: BundleParts, file: Path, folder: str, tell: Callable[[int, int], None]) -> Report:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    try:
        with os.fdopen(handle, "w+b") as out:
            write_bundle(parts, out, folder)
            out.flush()
            os.fsync(out.fileno())
        report = check_bundle(file, Trust(), tell)
        if report.failed:
            raise BundleUnsoundError(report.failed)
    except BaseException:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
    return report


def _gather(
    office: Office,
    reader: VaultReader,
    wanted: Sequence[str],
    recipient: str,
    purpose: str,
    language: Language,
) -> BundleParts:
    log = office.log_reader()
    evidence = Evidence(
        cosigned=CosignedFolder(office.folder.tlog),
        shelf=StampShelf(office.folder.holdings, _never),
        log=log,
        vkeys=office.vkeys,
        newest=office.folder.held(CHECKPOINT_NAME).read_bytes(),
        policies=_policies(office),
    )
    histories = histories_of(reader, wanted)
    chosen = evidence.choose(histories[item].held.leaf for item in wanted)
    checkpoints = {each.size: each for pair in chosen for each in pair if each}
    later = words("en")["later"]
    return BundleParts(
        items=[_item(reader, log, histories[item], pair, later) for item, pair in zip(wanted, chosen, strict=True)],
        checkpoints=[each.parts() for each in checkpoints.values()],
        policies=evidence.policies,
        origin=log.checkpoint.origin,
        recipient=recipient,
        purpose=purpose,
        language=language,
        made_at=clock.to_text(office.clock()),
        made_by=f"standfast/{__version__}",
    )


def _item(
    reader: VaultReader, log: LogReader, history: ItemHistory, pair: tuple[Chosen, Chosen | None], later: str
) -> ItemParts:
    held, (holding, earlier) = history.held, pair
    consistency = None
    if earlier:
        proof = log.consistency_proof(earlier.size, holding.size)
        consistency = write_request(earlier.size, proof, holding.note)
    return ItemParts(
        record=held.record,
        pieces=lambda: reader.pieces(held),
        salt=held.salt,
        leaf=log.leaf(held.leaf),
        proof=write_proof(held.leaf, log.inclusion_proof(held.leaf, holding.size), holding.note),
        consistency=consistency,
        custody=custody_for_strangers(history, later),
    )


def custody_for_strangers(history: ItemHistory, later: str) -> Custody:
    """An item's custody without its neighbours: no other item, no other origin is named in it."""
    plain = {"replaced": later, "gone": "no longer at its origin; it stays held"}
    return Custody(
        item=history.held.record.id,
        events=tuple(
            CustodyLine(
                at=each.at, event=each.event, detail=plain.get(each.event, _outcome_alone(each.event, each.detail))
            )
            for each in history.events
        ),
    )


def _outcome_alone(event: str, detail: str) -> str:
    """Of an outside proof, who checked it and what came of it: its reasons may name signers, who may be sources."""
    return detail.partition(":")[0] if event == PROOF_EVENT else detail


def _policies(office: Office) -> tuple[bytes, bytes] | None:
    try:
        return office.folder.held(CLASSIC_NAME).read_bytes(), office.folder.held(PQ_NAME).read_bytes()
    except FileNotFoundError:
        return None


def _never(name: str) -> None:
    raise AssertionError(f"a disclosure writes nothing into the vault's folder: {name}")
