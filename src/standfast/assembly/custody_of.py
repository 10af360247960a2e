"""What happened to one item since it was taken in: its whole custody, from manifests and custody events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from standfast.errors.vault import UnknownItemError
from standfast.holdings.item import NoteFacts
from standfast.settings import RESERVED_ORIGIN
from standfast.vault.manifests import GoneLine, HeldItem, ItemLine, held_item
from standfast.vault.reader import VaultReader

EVENT_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyLine:
    """One thing that happened."""

    at: str
    event: str
    detail: str


@dataclass(slots=True, kw_only=True)
class ItemHistory:
    """An item with its custody, oldest first."""

    held: HeldItem
    """As it was taken in last: a message that two origins hold is one item, taken in twice."""
    events: list[CustodyLine] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)
    since: str = ""


def find_item(reader: VaultReader, item: str) -> HeldItem:
    """An item by its id, whether it was replaced since or not.

    Raises:
        UnknownItemError: none of that id.
    """
    for held in reader.every_item():
        if held.record.id == item:
            return held
    raise UnknownItemError(item)


def history_of(reader: VaultReader, item: str) -> ItemHistory:
    """The item and everything that the vault says of it.

    Raises:
        UnknownItemError: none of that id.
    """
    closed = {inventory.number: inventory.closed_at for inventory in reader.history}
    found: ItemHistory | None = None
    notes: list[HeldItem] = []
    for accession, line in reader.lines():
        if isinstance(line, ItemLine):
            record = line.record
            if record.id == item:
                held = held_item(line, accession)
                found = found or ItemHistory(held=held, since=record.captured_at)
                found.held = held
                found.origins.add(record.origin)
                found.events.append(CustodyLine(at=record.captured_at, event="capture", detail=record.tool))
                detail = f"accession {accession}, entry {line.leaf} of the log"
                found.events.append(CustodyLine(at=closed[accession], event="accession", detail=detail))
            elif found and any(each.item == item for each in record.relations):
                detail = f"a later capture is {record.id}"
                found.events.append(CustodyLine(at=record.captured_at, event="replaced", detail=detail))
            elif record.origin == RESERVED_ORIGIN and isinstance(record.facts, NoteFacts):
                notes.append(held_item(line, accession))
        elif found and isinstance(line, GoneLine) and line.item == item:
            detail = f"no longer at its origin {line.origin}; it stays held"
            found.events.append(CustodyLine(at=line.at, event="gone", detail=detail))
    if found is None:
        raise UnknownItemError(item)
    found.events += [event for note in notes if (event := _event(reader, note, found))]
    found.events.sort(key=lambda event: event.at)
    return found


def _event(reader: VaultReader, note: HeldItem, found: ItemHistory) -> CustodyLine | None:
    """A custody event, if it is about this item: named itself, or by its whole origin."""
    if note.record.captured_at < found.since or note.record.size_bytes > EVENT_LIMIT:
        return None
    said = json.loads(reader.read(note, EVENT_LIMIT))
    whole_origin = said.get("origin") in found.origins and not said.get("items")
    if not whole_origin and found.held.record.id not in said.get("items", ()):
        return None
    return CustodyLine(
        at=str(said["at"]), event=str(said["event"]), detail=f"by {said['by']}; {said['outcome']}".strip("; ")
    )
