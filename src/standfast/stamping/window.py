"""Between which moments an item entered the log, by the clocks of time-stamping authorities.

*Not after*: the oldest stamped checkpoint that holds the item. Of its stamps the latest counts, which holds as long as
one authority of them is honest.

*Not before*: a stamp over a checkpoint shows that the checkpoint was there by then, not that the log was no longer. But
nobody can foresee a stamp's bytes: an inventory that names it was added to the log after it was made. So those stamps
count here that an inventory names which stands in the log at or below the item, and of those over one checkpoint the
earliest is taken. That checkpoint does not hold the item, and the log continues it.

Nothing follows about when the item was made.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from standfast.errors.base import StandfastError
from standfast.holdings.digest import sha256_hex
from standfast.seal.timestamp import StampFacts, verify_timestamp
from standfast.stamping.authority import sha512
from standfast.stamping.renewing import ReadNote
from standfast.stamping.shelf import RESPONSE, StampPlace, StampShelf
from standfast.tlog.cosigned import open_cosigned
from standfast.tlog.reader import LogReader
from standfast.vault.inventory import Inventory

UNSTATED = timedelta(seconds=1)
"""How far a time may be off where the authority does not say: its last digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One side of a window."""

    size: int
    """Leaves of the checkpoint."""
    number: int
    """Which of the cosigned checkpoints of that size."""
    moment: datetime
    """Aware, UTC; how far the authorities may be off is allowed for."""
    authorities: tuple[str, ...]
    """Who gave the times, as this vault calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWindow:
    """What is shown of when an item entered the log. None where nobody outside shows that side."""

    not_before: Bound | None
    not_after: Bound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedLog:
    """A log, the stamps over its checkpoints, and what is expected of both."""

    log: LogReader
    vkeys: tuple[str, ...]
    shelf: StampShelf
    read_note: ReadNote
    read_inventory: Callable[[int], Inventory]
    roots_pem: bytes

    def window_of(self, leaf: int, accession: int) -> ItemWindow:
        """The window of the item whose leaf this is, which this accession brought in. Costs what lies between.

        Raises:
            TlogError: the log itself can't be read.
        """
        return ItemWindow(not_before=self._not_before(leaf, accession), not_after=self._not_after(leaf))

    def _not_after(self, leaf: int) -> Bound | None:
        sizes = self.shelf.sizes()
        for size in sizes[bisect_right(sizes, leaf) :]:
            found = [(place, facts) for place in self.shelf.places(size) if (facts := self._facts(place))]
            if found:
                number = min(place.number for place, _ in found)
                same = [(place, facts) for place, facts in found if place.number == number]
                return _bound(same, max(facts.time + (facts.accuracy or UNSTATED) for _, facts in same))
        return None

    def _not_before(self, leaf: int, accession: int) -> Bound | None:
        if not self.shelf.sizes():
            return None
        for number in range(accession, 0, -1):
            inventory = self.read_inventory(number)
            if inventory.leaf.index > leaf:
                continue
            named = list(self._named(inventory))
            if named:
                newest = max((place.size, place.number) for place, _ in named)
                same = [(place, facts) for place, facts in named if (place.size, place.number) == newest]
                return _bound(same, min(facts.time - (facts.accuracy or UNSTATED) for _, facts in same))
        return None

    def _named(self, inventory: Inventory) -> Iterator[tuple[StampPlace, StampFacts]]:
        """The stamps that an inventory names, byte for byte, each verified."""
        for each in inventory.evidence_files():
            match each.name.split("/"):
                case ["tlog", "stamps", size, number, authority, "response.tsr"] if size.isdigit() and number.isdigit():
                    place = StampPlace(int(size), int(number), authority)
                    with contextlib.suppress(StandfastError, OSError):
                        if (
                            place.size > inventory.leaf.index
                            or sha256_hex(self.shelf.read(place, RESPONSE)) != each.sha256
                        ):
                            continue
                        if facts := self._facts(place):
                            yield place, facts

    def _facts(self, place: StampPlace) -> StampFacts | None:
        """Of a stamp over a checkpoint that this log signed and continues; None where it is none."""
        with contextlib.suppress(StandfastError, OSError):
            note = self.read_note(place.size, place.number)
            checkpoint = open_cosigned(note, place.size, self.vkeys)
            if place.size <= self.log.size and self.log.root_at(place.size) == checkpoint.root:
                response, kept = self.shelf.read(place, RESPONSE), self.shelf.find_chain(place)
                return verify_timestamp(response, sha512(note), self.roots_pem, others_pem=kept)
        return None


def _bound(found: Sequence[tuple[StampPlace, StampFacts]], moment: datetime) -> Bound:
    place = found[0][0]
    return Bound(
        size=place.size,
        number=place.number,
        moment=moment,
        authorities=tuple(each.authority for each, _ in found),
    )
