"""`export`: plain bytes leave the vault, and custody says so first."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from standfast import durable
from standfast.assembly.custody import CustodyEvent, record_event
from standfast.assembly.office import Office
from standfast.errors.restore import TargetUnusableError
from standfast.errors.vault import UnknownItemError
from standfast.holdings.canonical import canonical_bytes
from standfast.vault.manifests import HeldItem
from standfast.vault.reader import VaultReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One item written out."""

    item: str
    file: Path
    record: Path


def export_items(office: Office, identities: Sequence[str], items: Sequence[str], folder: Path) -> list[Exported]:
    """Write items to a folder, each under its id and the last part of its name, never over something.

    Raises:
        UnknownItemError: one of them is not held; nothing was written.
        TargetUnusableError: the folder, or a file that is there already.
        FixityMismatchError, PackMissingError: an item's bytes can't be had as they were sealed.
    """
    reader = office.reader(identities)
    wanted = dict.fromkeys(items)
    found = {held.record.id: held for held in reader.every_item() if held.record.id in wanted}
    for item in wanted:
        if item not in found:
            raise UnknownItemError(item)
    record_event(office, CustodyEvent(event="export", items=list(wanted), outcome="begun"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(reader, found[item], folder) for item in wanted]
    except OSError as why:
        raise TargetUnusableError(folder, why.strerror or str(why)) from why


def _write(reader: VaultReader, held: HeldItem, folder: Path) -> Exported:
    # A name from outside gives only a readable ending, of characters that act nowhere.
    last = re.sub(r"[^\w.-]+", "_", held.record.name.rstrip("/").rpartition("/")[2])[-80:].lstrip(".")
    file = folder / f"{held.record.id}-{last or 'content'}"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        for piece in reader.pieces(held):
            durable.write_all(handle, piece)
    except BaseException:
        file.unlink()
        raise
    finally:
        os.close(handle)
    record = folder / f"{held.record.id}.record.json"
    record.write_bytes(canonical_bytes(held.record))
    (folder / f"{held.record.id}.salt").write_bytes(held.salt)
    return Exported(item=held.record.id, file=file, record=record)
