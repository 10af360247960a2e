"""Keyrings and inventories of a copy, each opened in the log; together their batches must cover it.

An object is *accepted* when the log opens it, or when an accepted later one names its digest. What is not accepted is
damaged; what is not there and must be is missing; and a stretch of the log that nothing here opens shows that
something is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from standfast.errors.base import StandfastError
from standfast.holdings.digest import sha256_hex
from standfast.replicas.findings import Findings
from standfast.replicas.statements import Statement
from standfast.tlog.leaf import padded_count

SMALLEST_BATCH = padded_count(1)

T = TypeVar("T")
S = TypeVar("S")
Fetch = Callable[[str], bytes | None]
"""Reads an object; None where it could not, which is then already named as a fault."""
LeafAt = Callable[[int], bytes | None]
"""The leaf at an index, proved by the checkpoint; None where the copy's tiles don't give it."""


@dataclass(slots=True, kw_only=True)
class Chain(Generic[T]):
    """One kind of numbered object, as far as it was accepted."""

    folder: str
    first: int
    accepted: dict[int, Statement[T]] = field(default_factory=dict)
    files: dict[int, bytes] = field(default_factory=dict)
    """The bytes of those accepted."""
    wanting: set[int] = field(default_factory=set)
    """Numbers that are missing, damaged or unreadable."""
    above: set[int] = field(default_factory=set)
    """Numbers that claim a leaf at or above the checkpoint's size: debris, unless the log has a gap."""

    def name(self, number: int) -> str:
        """Its path in a copy."""
        return f"{self.folder}/{number}"

    @property
    def next_number(self) -> int:
        """One more than the greatest that was accepted."""
        return max(self.accepted, default=self.first - 1) + 1

    def span_around(self, number: int, size: int) -> tuple[int, int]:
        """The leaves between which the batch of an object that was not accepted must stand."""
        below = max((n for n in self.accepted if n < number), default=None)
        higher = min((n for n in self.accepted if n > number), default=None)
        start = 0 if below is None else self.accepted[below].index + self.accepted[below].count
        return start, size if higher is None else self.accepted[higher].index


def walk_chain(
    chain: Chain[T],
    present: Collection[int],
    *,
    open_one: Callable[[bytes], Statement[T]],
    fetch: Fetch,
    leaf_at: LeafAt,
    size: int | None,
    findings: Findings,
) -> None:
    """Read each object that is there, from the newest down, and fill the chain.

    Args:
        chain: an empty one.
        present: the numbers that the copy lists. Not trusted.
        open_one: takes a file apart; raises a StandfastError or ValueError for one that is none.
        fetch: reads one.
        leaf_at: gives leaves.
        size: leaves of the checkpoint; None where none can be trusted: then objects are only compared with one another.
        findings: takes the faults.
    """
    # No batch has fewer leaves than the smallest; and what a cut left above the checkpoint follows without a gap.
    greatest = chain.first + len(present) + (len(present) + 16 if size is None else size // SMALLEST_BATCH)
    for number in sorted(present, reverse=True):
        if number > greatest:
            findings.fault(chain.name(number), "unexpected", "the log is too short for so many")
            continue
        raw = fetch(chain.name(number))
        later = chain.accepted.get(number + 1)
        if raw is None:
            chain.wanting.add(number)
            continue
        try:
            opened = open_one(raw)
        except (StandfastError, ValueError) as why:
            _reject(chain, number, str(why), findings)
            continue
        why_not = _why_not(opened, raw, number, later.previous if later else None, leaf_at, size)
        if why_not == _ABOVE and not chain.accepted:
            chain.above.add(number)
        elif why_not == _UNPROVED:
            findings.leave_unchecked(f"{chain.name(number)}: its leaf can't be read from this copy's log")
            _accept(chain, number, opened, raw)
        elif why_not:
            _reject(chain, number, why_not, findings)
        else:
            _accept(chain, number, opened, raw)
    for number in range(chain.first, chain.next_number):
        if number not in chain.accepted and number not in chain.wanting:
            chain.wanting.add(number)
            findings.fault(chain.name(number), "missing", "later ones are there, and it is not")


_ABOVE = "its leaf lies above the checkpoint, and later ones do not"
_UNPROVED = "unproved"


def _why_not(
    opened: Statement[T], raw: bytes, number: int, wanted: str | None, leaf_at: LeafAt, size: int | None
) -> str:
    """Why an object can't be accepted; empty when it can."""
    if opened.number != number:
        return f"it is number {opened.number}"
    if wanted is not None and sha256_hex(raw) != wanted:
        return "it is not the file whose digest the next one names"
    if opened.count < 1 or padded_count(opened.count) != opened.count:
        return f"no batch has {opened.count} leaves"
    if size is not None and opened.index >= size:
        return _ABOVE
    leaf = leaf_at(opened.index)
    if leaf is None:
        return "" if wanted is not None else _UNPROVED
    if leaf != opened.leaf():
        return f"leaf {opened.index} of the log does not commit to it"
    return ""


def _accept(chain: Chain[T], number: int, opened: Statement[T], raw: bytes) -> None:
    chain.accepted[number], chain.files[number] = opened, raw


def _reject(chain: Chain[T], number: int, why: str, findings: Findings) -> None:
    chain.wanting.add(number)
    findings.fault(chain.name(number), "damaged", why)


def check_coverage(keyrings: Chain[T], inventories: Chain[S], size: int, findings: Findings) -> None:
    """Require that the batches cover the log without gap or overlap; sort what lies above the checkpoint.

    A gap that a damaged or missing object explains is not named a second time.
    """
    batches = sorted(
        (each.index, each.index + each.count, chain.name(number))
        for chain in (keyrings, inventories)
        for number, each in chain.accepted.items()
    )
    at, last_name = 0, ""
    for start, stop, name in batches:
        if start > at:
            _name_gap(keyrings, inventories, at, start, size, findings)
        elif start < at:
            # Of a keyring's batch only the place is committed to, not the length; so it is the one in doubt.
            culprit = last_name if last_name.startswith(keyrings.folder) else name
            findings.fault(culprit, "damaged", f"its batch and that of {name} share leaves from {start}")
        at, last_name = max(at, stop), name
    if at < size:
        _name_gap(keyrings, inventories, at, size, size, findings)
    elif at > size:
        findings.fault(last_name, "damaged", f"its batch ends at leaf {at}, the log at {size}")
    for chain in (keyrings, inventories):
        for number in chain.above:
            name = chain.name(number)
            if number > chain.next_number and number - 1 not in chain.above:
                findings.fault(name, "unexpected", "it does not follow the last one")
            else:
                findings.note(name, "debris", "not acknowledged by this copy's checkpoint; the next copy uses it")


def _name_gap(keyrings: Chain[T], inventories: Chain[S], start: int, stop: int, size: int, findings: Findings) -> None:
    for chain in (keyrings, inventories):
        for number in chain.wanting:
            low, high = chain.span_around(number, size)
            if low <= start and stop <= high:
                return
    what = f"nothing here opens leaves {start} to {stop - 1}: "
    keyring, inventory = keyrings.name(keyrings.next_number), inventories.name(inventories.next_number)
    if stop < size:
        findings.fault(keyring, "withheld", what + "only a keyring can belong there")
        return
    findings.fault(inventory, "withheld", what + f"this or {keyring} is withheld")
    findings.fault(keyring, "withheld", what + f"this or {inventory} is withheld")
