"""Custody events of what leaves the vault: written in as items, so that they are kept, logged and sealed like the rest.

An export or a restore is written down before it begins: a reading that can't be recorded does not take place.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from standfast import __version__, clock
from standfast.assembly.office import Office
from standfast.capture.landing import Finished, Landed, LandingEvent, Seen
from standfast.holdings.canonical import canonical_checked
from standfast.holdings.identifiers import new_item_id
from standfast.holdings.item import NoteFacts
from standfast.intake.run import RunResult, bring_in
from standfast.settings import RESERVED_ORIGIN

ITEMS_NAMED = 10_000
"""An event names its items up to here, and beyond only counts them and names the origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEvent:
    """Who did what to which items, when (PREMIS event)."""

    event: str
    """`export`, `restore`, `drill`."""
    origin: str = ""
    items: Sequence[str] = ()
    outcome: str = ""
    detail: dict[str, object] | None = None


class NoteCapture:
    """Lands one document of our own."""

    def __init__(self, about: str, document: bytes, at: clock.Clock) -> None:
        """`about`: the kind of event."""
        self.tool = f"standfast/{__version__} notes"
        self._about, self._document, self._clock = about, document, at

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """The document; never complete, since older ones stay."""
        now = self._clock()
        name = f"{self._about}/{clock.to_text(now)}-{new_item_id()}.json".encode()
        yield Landed(
            key=name,
            mark=b"",
            untrusted_name=name,
            media_type="application/json",
            captured_at=now,
            facts=NoteFacts(about=self._about),
            content=self._document,
        )
        yield Finished(complete=False)


def record_event(office: Office, event: CustodyEvent) -> RunResult:
    """Bring a custody event in as an item of the vault's own origin.

    Raises:
        VaultLockedError: somebody writes; the act that was to be recorded should wait too.
        KeyFileMissingError: this machine has no key to add with.
    """
    document = canonical_checked(
        {
            "at": clock.to_text(office.clock()),
            "by": getpass.getuser(),
            "detail": event.detail or {},
            "event": event.event,
            "item_count": len(event.items),
            "items": list(event.items[:ITEMS_NAMED]),
            "origin": event.origin,
            "outcome": event.outcome,
            "tool": f"standfast/{__version__}",
        }
    )
    with office.lock(event.event), office.intake() as place:
        return bring_in(
            place,
            NoteCapture(event.event, document, office.clock),
            origin=RESERVED_ORIGIN,
            kind="notes",
            location="this vault",
        )
