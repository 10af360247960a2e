"""What happened to one item since it was taken in: its whole custody, from manifests and custody events."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    return histories_of(reader, [item])[item]


def histories_of(reader: VaultReader, items: Sequence[str]) -> dict[str, ItemHistory]:
    """As `history_of`, for several items in one reading of the manifests.

    Raises:
        UnknownItemError: one of them is not held.
    """
    closed = {inventory.number: inventory.closed_at for inventory in reader.history}
    wanted, found = set(items), dict[str, ItemHistory]()
    notes: list[HeldItem] = []
    for accession, line in reader.lines():
        if isinstance(line, GoneLine):
            if line.item in found:
                detail = f"no longer at its origin {line.origin}; it stays held"
                found[line.item].events.append(CustodyLine(at=line.at, event="gone", detail=detail))
        elif isinstance(line, ItemLine):
            record = line.record
            if record.id in wanted:
                _taken_in(found, held_item(line, accession), closed[accession])
            for each in record.relations:
                if each.item in found and each.item != record.id:
                    detail = f"a later capture is {record.id}"
                    found[each.item].events.append(CustodyLine(at=record.captured_at, event="replaced", detail=detail))
            if record.origin == RESERVED_ORIGIN and isinstance(record.facts, NoteFacts):
                notes.append(held_item(line, accession))
    for item in items:
        if item not in found:
            raise UnknownItemError(item)
    for note in notes:
        _take_event(reader, note, found)
    for history in found.values():
        history.events.sort(key=lambda event: event.at)
    return found


def _taken_in(found: dict[str, ItemHistory], held: HeldItem, closed_at: str) -> None:
    record = held.record
    history = found.setdefault(record.id, ItemHistory(held=held, since=record.captured_at))
    history.held = held
    history.origins.add(record.origin)
    history.events.append(CustodyLine(at=record.captured_at, event="capture", detail=record.tool))
    detail = f"accession {held.accession}, entry {held.leaf} of the log"
    history.events.append(CustodyLine(at=closed_at, event="accession", detail=detail))


def _take_event(reader: VaultReader, note: HeldItem, found: dict[str, ItemHistory]) -> None:
    """A custody event, to each item that it is about: named itself, or by its whole origin."""
    record = note.record
    if record.size_bytes > EVENT_LIMIT or all(record.captured_at < each.since for each in found.values()):
        return
    said = json.loads(reader.read(note, EVENT_LIMIT))
    named = set(said.get("items", ()))
    for item, history in found.items():
        whole_origin = said.get("origin") in history.origins and not named
        if record.captured_at >= history.since and (whole_origin or item in named):
            detail = f"by {said['by']}; {said['outcome']}".strip("; ")
            history.events.append(CustodyLine(at=str(said["at"]), event=str(said["event"]), detail=detail))
