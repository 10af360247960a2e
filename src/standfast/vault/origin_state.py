"""What each origin held at a moment: the lines of all manifests, added up. Rule: docs/formats/manifest.md."""

from __future__ import annotations

from collections.abc import Iterator

from standfast.vault.manifests import (
    EndLine,
    GoneLine,
    HeldItem,
    ItemLine,
    Line,
    OriginLine,
    held_item,
)


class OriginState:
    """Adds up manifest lines in their order. No disk, no keys."""

    def __init__(self, until: str | None = None) -> None:
        """`until`: leave out what came after this moment, as `clock.to_text` writes it."""
        self._until = until
        self._run: dict[str, str] = {}
        self._held: dict[str, dict[str, tuple[HeldItem, str]]] = {}
        self._names: dict[tuple[str, str], str] = {}
        """By origin and item: a message that two origins hold has the same id in both."""

    def take(self, line: Line, accession: int) -> None:
        """The next line, and the accession whose manifest it stands in."""
        if isinstance(line, ItemLine):
            self._take_item(line, accession)
        elif isinstance(line, OriginLine):
            self._run[line.origin] = line.run
        elif isinstance(line, GoneLine):
            if self._in_time(line.at):
                self._remove(line.origin, line.item)
        elif isinstance(line, EndLine) and line.complete and line.runs and self._in_time(line.ended_at):
            for held, run in list(self._held.get(line.origin, {}).values()):
                if run not in line.runs:
                    self._remove(line.origin, held.record.id)

    def held(self, origin: str | None = None) -> Iterator[HeldItem]:
        """What one origin, or each, holds; in the order in which it came."""
        for name, items in self._held.items():
            if origin in (None, name):
                yield from (held for held, _ in items.values())

    def _take_item(self, line: ItemLine, accession: int) -> None:
        record = line.record
        if not self._in_time(record.captured_at):
            return
        for relation in record.relations:
            self._remove(record.origin, relation.item)
        items = self._held.setdefault(record.origin, {})
        older = items.pop(record.name, None)
        if older:
            self._names.pop((record.origin, older[0].record.id), None)
        items[record.name] = (
            held_item(line, accession),
            self._run.get(record.origin, ""),
        )
        self._names[record.origin, record.id] = record.name

    def _remove(self, origin: str, item: str) -> None:
        name = self._names.pop((origin, item), None)
        if name is not None:
            self._held[origin].pop(name, None)

    def _in_time(self, moment: str) -> bool:
        return self._until is None or moment <= self._until
