"""One drill, step by step. Everything is read from the copy; the vault's own holdings are never asked.

 1. the copy's checkpoint is signed by all keys of the log         signatures, not rolled back
 2. its log is whole, and what the log names is there              objects of the copy, packs present
 3. the reading identity opens the manifests                       manifests opened
 4. of each origin something is held, committed to by the log      something held, records in the log
 5. it is restored into the scratch place                          failures in restoring
 6. what lies there is read again and compared                     by kind of origin
 7. times are taken: recovery from the start to this origin's last check, loss by the newest thing that came back

A check that could not be made is not passed. Nothing that was restored stays, also when something fails.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from standfast import __version__, clock
from standfast.drill.copy_check import CheckedCopy, check_copy
from standfast.drill.result import (
    Check,
    DrillResult,
    Example,
    Machine,
    OriginDrill,
    Rehearsal,
    check_all,
    not_checked,
)
from standfast.drill.scenario import SCENARIOS, Scenario
from standfast.drill.scratch import Scratch
from standfast.errors.base import StandfastError
from standfast.errors.drill import DrillError, ScratchTooSmallError
from standfast.errors.replicas import ReplicaUnreachableError
from standfast.errors.vault import NotOurKeyError, PackDamagedError, PackMissingError
from standfast.holdings.canonical import canonical_bytes
from standfast.replicas.destination import ReadableCopy
from standfast.tlog.checkpoint import Checkpoint
from standfast.tlog.leaf import leaf_of
from standfast.tlog.tiles import LogReader
from standfast.vault.folder import inventory_name
from standfast.vault.manifests import HeldItem, OriginLine
from standfast.vault.origin_state import OriginState
from standfast.vault.reader import VaultReader
from standfast.vault.source import Source

Tell = Callable[[str, str, int, int], None]
"""Called with (origin, step, done, in all); the origin is empty while the copy itself is looked at. The steps are
`copy`, `manifests`, `restore`, `check`."""
SPARE_BYTES = 64 * 1024 * 1024
"""Kept free beside what an origin takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyUnderDrill:
    """A copy in other hands: the same place by both of its doors."""

    name: str
    """What this vault calls the replica."""
    objects: ReadableCopy
    packs: Source


def run_drill(
    copy: CopyUnderDrill,
    identities: Sequence[str],
    vkeys: Sequence[str],
    origins: Mapping[str, str],
    scratch: Path,
    *,
    known: Checkpoint | None = None,
    keep: bool = False,
    scenarios: Mapping[str, Scenario] = SCENARIOS,
    clock: clock.Clock = clock.machine_clock,
    stopwatch: Callable[[], float] = time.monotonic,
    tell: Tell | None = None,
) -> DrillResult:
    """Rehearse the recovery of each origin from one copy.

    Args:
        copy: what is restored from. Nothing in it is trusted.
        identities: age identities that read, the newest first.
        vkeys: the log's keys, from somewhere else than the copy.
        origins: names and kinds, as the settings know them; each gets a result.
        scratch: a folder for a new private folder; on a disk with room, best an encrypted one.
        known: a checkpoint that the copy must continue, such as the one sent there last.
        keep: leave what was restored, in plain text, and say where.
        scenarios: by kind.
        clock: for the loss.
        stopwatch: seconds, for the recovery time.
        tell: progress.

    Returns:
        A result for each origin, also where nothing could be restored. Nothing but `ok` says that it passed.

    Raises:
        NotAReplicaError, NewerFormatError, ReplicaUnreachableError: there is no copy to drill. Nothing was measured.
        ScratchUnusableError, ScratchTooSmallError: the scratch place. Nothing was measured.
    """
    drill = _Drill(copy, identities, tuple(vkeys), scenarios, clock, stopwatch, tell)
    with Scratch(scratch, keep=keep) as place:
        drills = drill.run(origins, place, known)
        kept = place.folder if keep else None
    return DrillResult(
        started_at=drill.started_at,
        duration_s=stopwatch() - drill.began,
        copy=copy.name,
        location=copy.objects.location,
        log_origin=drill.checked.log.checkpoint.origin if drill.checked.log else "",
        log_size=drill.checked.log.size if drill.checked.log else 0,
        machine=this_machine(),
        tool=f"standfast/{__version__}",
        drills=tuple(drills),
        kept=kept,
    )


def this_machine() -> Machine:
    """What kind of machine this is; not which one."""
    return Machine(
        system=platform.system(),
        processor=platform.machine(),
        processor_count=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


class _ReadOnce:
    """What restores read from: items as the drill has read and counted them, bytes from the copy."""

    def __init__(self, reader: VaultReader, held: Sequence[HeldItem]) -> None:
        self._reader, self._held = reader, held
        self.pieces, self.read, self.origins = reader.pieces, reader.read, reader.origins

    def items(self, origin: str | None = None, at: datetime | None = None) -> Iterator[HeldItem]:
        if at is not None:
            return self._reader.items(origin, at)
        return (item for item in self._held if origin in (None, item.record.origin))


@dataclass(slots=True)
class _Opened:
    """What the manifests say."""

    check: Check
    kinds: dict[str, str] = field(default_factory=dict)
    held: dict[str, list[HeldItem]] = field(default_factory=dict)


class _Drill:
    """One drill under way."""

    def __init__(
        self,
        copy: CopyUnderDrill,
        identities: Sequence[str],
        vkeys: tuple[str, ...],
        scenarios: Mapping[str, Scenario],
        at: clock.Clock,
        stopwatch: Callable[[], float],
        tell: Tell | None,
    ) -> None:
        self._copy, self._identities, self._vkeys = copy, identities, vkeys
        self._scenarios, self._clock, self._stopwatch, self._tell = scenarios, at, stopwatch, tell
        self.began = stopwatch()
        self._started = at()
        self.started_at = clock.to_text(self._started)
        self.checked = CheckedCopy(log=None, inventories={}, checks=())

    def run(self, origins: Mapping[str, str], place: Scratch, known: Checkpoint | None) -> list[OriginDrill]:
        """Steps 1 to 3 once, the others for each origin."""
        self._say("", "copy", 0, 1)
        self.checked = check_copy(self._copy.objects, self._vkeys, known)
        log = self.checked.log
        if log is None:
            why = "the copy's checkpoint is not signed by the log's keys"
            return [
                self._unread(name, kind, not_checked("manifests opened", 0, why, public=True))
                for name, kind in origins.items()
            ]
        reader = VaultReader(self._copy.packs, self._identities, log.size)
        opened = self._open_manifests(reader, origins)
        if not opened.check.ok:
            return [self._unread(name, kind, opened.check) for name, kind in origins.items()]
        self._require_room(opened, place)
        shared_s = self._stopwatch() - self.began
        drills = []
        for name, kind in origins.items():
            began = self._stopwatch()
            held = opened.held.get(name, [])
            kind = opened.kinds.get(name, kind)
            rehearsal = self._rehearse(reader, log, name, kind, held, place.place(name))
            took = shared_s + self._stopwatch() - began
            place.clear(name)
            drills.append(self._result(name, kind, held, opened.check, rehearsal, took))
        return drills

    def _open_manifests(self, reader: VaultReader, origins: Mapping[str, str]) -> _Opened:
        """Step 3: every manifest, and what each origin holds now."""
        expected, state = len(self.checked.inventories), OriginState()
        opened = 0
        kinds: dict[str, str] = {}
        try:
            for inventory in reader.history:
                # The copy is asked a second time; it must say what the log opened the first time.
                if self.checked.inventories.get(inventory.number) != inventory:
                    return _Opened(
                        _unopened(0, expected, f"{inventory_name(inventory.number)} is another one now", public=True)
                    )
            for accession, line in reader.lines():
                if accession != opened:
                    self._say("", "manifests", opened, expected)
                    opened = accession
                state.take(line, accession)
                if isinstance(line, OriginLine):
                    kinds[line.origin] = line.kind
        except ReplicaUnreachableError:
            raise
        except (StandfastError, OSError) as why:
            public = isinstance(why, PackMissingError | PackDamagedError | NotOurKeyError)
            return _Opened(_unopened(max(0, opened - 1), expected, str(why), public=public))
        held = {name: list(state.held(name)) for name in origins}
        return _Opened(check_all("manifests opened", len(reader.history), expected), kinds, held)

    def _require_room(self, opened: _Opened, place: Scratch) -> None:
        rooms = [
            self._scenarios[kind].room_bytes(held)
            for name, held in opened.held.items()
            if (kind := opened.kinds.get(name, "")) in self._scenarios
        ]
        needed, free = max(rooms, default=0) + SPARE_BYTES, place.free_bytes()
        if needed > free:
            raise ScratchTooSmallError(place.folder.parent, needed_bytes=needed, free_bytes=free)

    def _rehearse(
        self, reader: VaultReader, log: LogReader, name: str, kind: str, held: list[HeldItem], to: Path
    ) -> Rehearsal:
        """Steps 4 to 6 for one origin."""
        if not held:
            return _nothing(held, Check(name="something held", outcome="failed", found=0, expected=1))
        leaves = check_leaves(log, held)
        scenario = self._scenarios.get(kind)
        if scenario is None:
            why = f"this program can't rehearse an origin of kind {kind}"
            return _nothing(held, leaves, not_checked("rehearsed to the end", 1, why, public=True))
        try:
            done = scenario.rehearse(
                _ReadOnce(reader, held),
                name,
                held,
                to,
                clock=self._clock,
                tell=lambda step, now, total: self._say(name, step, now, total),
            )
        except (DrillError, ReplicaUnreachableError):
            raise
        except (StandfastError, OSError) as why:
            example = Example(why=(why.strerror or str(why)) if isinstance(why, OSError) else str(why))
            ended = Check(name="rehearsed to the end", outcome="failed", found=0, expected=1, examples=(example,))
            return _nothing(held, leaves, ended)
        return dataclasses.replace(done, checks=(leaves, *done.checks))

    def _unread(self, name: str, kind: str, why: Check) -> OriginDrill:
        return self._result(name, kind, [], why, _nothing([]), self._stopwatch() - self.began)

    def _result(
        self, name: str, kind: str, held: Sequence[HeldItem], opened: Check, rehearsal: Rehearsal, took_s: float
    ) -> OriginDrill:
        """Step 7."""
        newest = rehearsal.newest_at
        loss_s = max(0.0, (self._started - clock.from_text(newest)).total_seconds()) if newest else None
        return OriginDrill(
            origin=name,
            kind=kind,
            copy=self._copy.name,
            items_expected=rehearsal.items_expected,
            items_restored=rehearsal.items_restored,
            items_identical=rehearsal.items_identical,
            items_incomplete=sum(item.record.quality != "complete" for item in held),
            bytes_expected=sum(item.record.size_bytes for item in held),
            recovery_time_s=took_s,
            loss_s=loss_s,
            newest_at=newest,
            checks=(*self.checked.checks, opened, *rehearsal.checks),
        )

    def _say(self, origin: str, step: str, done: int, total: int) -> None:
        if self._tell:
            self._tell(origin, step, done, total)


def check_leaves(log: LogReader, held: Sequence[HeldItem]) -> Check:
    """Each record, with its salt, must be what the log holds at its index."""
    examples: list[Example] = []
    found = 0
    for item in sorted(held, key=lambda each: each.leaf):
        why = _leaf_differs(log, item)
        if not why:
            found += 1
        elif len(examples) < 100:
            examples.append(Example(item=item.record.id, name=item.record.name, why=why))
    return check_all("records in the log", found, len(held), examples)


def _leaf_differs(log: LogReader, item: HeldItem) -> str:
    if item.leaf >= log.size:
        return f"the log has no entry {item.leaf}"
    try:
        leaf = log.leaf(item.leaf)
    except (StandfastError, OSError) as why:
        return str(why)
    same = leaf == leaf_of(canonical_bytes(item.record), item.salt)
    return "" if same else f"the log's entry {item.leaf} is not of this record"


def _nothing(held: Sequence[HeldItem], *checks: Check) -> Rehearsal:
    return Rehearsal(items_expected=len(held), items_restored=0, items_identical=0, newest_at="", checks=checks)


def _unopened(found: int, expected: int, why: str, *, public: bool) -> Check:
    examples = (Example(why=why, public=public),)
    return Check(name="manifests opened", outcome="failed", found=found, expected=expected, examples=examples)
