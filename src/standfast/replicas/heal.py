"""Brings good objects back into a copy from any other that has them. It needs no key that reads.

 1. The newest checkpoint that every key given has signed, in any of the copies, says what must be held.
 2. The copy is examined against it; then all copies together, each object from the first where it is good: tiles by
    the hash above them, keyrings and inventories by their leaves.
 3. A copy whose own good checkpoint is not the beginning of that log is left alone: two histories are evidence.
 4. What is damaged or missing is written, in the order of every copy: checkpoint last.

Nothing good is replaced, nothing that is unexpected is removed. What is written was checked in this run, packs by
their digest while they are written. So two copies that each lost something heal each other, and one that was rolled
back is brought forward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from standfast.errors.replicas import NotAReplicaError, ReplicaForkedError, ReplicaUnreachableError
from standfast.errors.tlog import LogForkError, TlogError
from standfast.errors.vault import PackDamagedError, PackMissingError
from standfast.replicas.audit import check_copy_format, require_vkeys
from standfast.replicas.destination import Content, Destination, ReadableCopy
from standfast.replicas.evidence import EvidenceJudge
from standfast.replicas.examine import Examined, examine
from standfast.replicas.findings import Findings
from standfast.replicas.gathered import Gathered
from standfast.replicas.log_choice import LogChoice
from standfast.replicas.names import TLOG, kind_of
from standfast.replicas.pack_check import Progress
from standfast.replicas.sending import checked_pack
from standfast.tlog.bundles import parse_bundle, write_bundle
from standfast.tlog.checkpoint import Checkpoint, open_checkpoint
from standfast.tlog.paths import TilePath, find_tile_path, needed_tile
from standfast.tlog.tiles import tile_paths, verify_growth
from standfast.tlog.tree import HASH_BYTES
from standfast.vault.folder import CHECKPOINT_NAME, FORMAT_NAME, HOW_TO_OPEN_NAME, pack_name

FROM_THE_LOG = "the log's other tiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """An object that was written."""

    object: str
    source: str
    """Location of the copy it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An object that is good in none of the copies."""

    object: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealResult:
    """What healing did."""

    healed: tuple[Healed, ...]
    lost: tuple[Lost, ...]
    unexpected: tuple[str, ...]
    """What should not lie in the copy. It is left where it is: a person decides."""
    unreachable: tuple[str, ...]
    """Locations of other copies that could not be asked."""

    @property
    def ok(self) -> bool:
        """Everything that the checkpoint speaks of is now there and good."""
        return not self.lost


@dataclass(frozen=True, slots=True)
class _Standing:
    """A copy's own good checkpoint."""

    copy: ReadableCopy
    note: bytes
    checkpoint: Checkpoint


def heal(
    destination: Destination,
    others: Sequence[ReadableCopy],
    vkeys: Sequence[str],
    *,
    threads: int = 2,
    forward: bool = True,
    progress: Progress | None = None,
) -> HealResult:
    """Repair one copy from others.

    Args:
        destination: the copy to repair; may be the vault's own `holdings/`, under the vault's lock.
        others: where good objects may be found. None of them is trusted.
        vkeys: the log's public keys, from somewhere else than the copies.
        threads: for reading packs.
        forward: False to repair the state of the copy's own checkpoint, if that is good, even where others are newer.
        progress: told about the bytes of the copy's packs while they are examined.

    Raises:
        MalformedNoteError: no key was given, or one that is none.
        NotAReplicaError: no copy has a checkpoint that every key has signed.
        ReplicaForkedError: two good checkpoints contradict each other. Nothing was written.
        NewerFormatError: a later version wrote the copy.
        ReplicaUnreachableError, ReplicaFullError, ReplicaReadOnlyError, ReplicaBusyError: the place; run it again.
    """
    require_vkeys(vkeys)
    with destination.writing():
        check_copy_format(destination, Findings())
        standing, reachable, unreachable = _standings(destination, others, vkeys)
        own = next((each for each in standing if each.copy is destination), None)
        target = max(standing, key=lambda each: each.checkpoint.size)
        if own and (not forward or target.checkpoint.size == own.checkpoint.size):
            target = own
        healing = _Healing(destination, reachable, target, threads, progress)
        if not healing.continues(standing, own):
            assert own is not None
            target = own
            healing = _Healing(destination, reachable, own, threads, progress)
        healing.write_all()
        if target is not own:
            healing.write(CHECKPOINT_NAME, target.note, target.copy.location)
        healing.write_evidence()
        return healing.result(unreachable)


def _standings(
    destination: Destination, others: Sequence[ReadableCopy], vkeys: Sequence[str]
) -> tuple[list[_Standing], list[ReadableCopy], tuple[str, ...]]:
    standing: list[_Standing] = []
    reachable: list[ReadableCopy] = []
    unreachable: list[str] = []
    for copy in (destination, *others):
        try:
            note = copy.read(CHECKPOINT_NAME)
            standing.append(_Standing(copy, note, open_checkpoint(note, vkeys)))
        except ReplicaUnreachableError:
            if copy is destination:
                raise
            unreachable.append(copy.location)
            continue
        except (OSError, TlogError):
            # Its objects may still be good: each is checked by itself.
            pass
        if copy is not destination:
            reachable.append(copy)
    if not standing:
        raise NotAReplicaError(
            destination.location, "neither it nor any other copy has a checkpoint signed by the keys given"
        )
    return standing, reachable, tuple(unreachable)


class _Healing:
    """One run against one checkpoint."""

    def __init__(
        self,
        destination: Destination,
        others: Sequence[ReadableCopy],
        target: _Standing,
        threads: int,
        progress: Progress | None,
    ) -> None:
        self._destination, self._others = destination, others
        self._size = target.checkpoint.size
        self._found = Findings()
        self._here = examine(destination, target.checkpoint, self._found, threads=threads, progress=progress)
        self._gathered = Gathered([destination, *others])
        self._together, self._left = self._gather(target.checkpoint)
        self._healed: list[Healed] = []
        self._lost: dict[str, str] = {}

    def continues(self, standing: Sequence[_Standing], own: _Standing | None) -> bool:
        """Whether the target may be taken. False where that its log continues the copy's own can't be shown.

        Raises:
            ReplicaForkedError: a good checkpoint contradicts it.
        """
        for each in standing:
            if each.checkpoint.size > self._size or self._together.reader is None:
                continue
            try:
                verify_growth(self._together.reader, each.checkpoint)
            except LogForkError as why:
                others = next(one.copy.location for one in standing if one is not each)
                raise ReplicaForkedError(each.copy.location, each.checkpoint.size, others) from why
            except (TlogError, OSError):
                if each is own and each.checkpoint.size < self._size:
                    return False
        return True

    def write_all(self) -> None:
        """Write what is damaged or missing here and good elsewhere, in the order of a copy, but not the checkpoint."""
        self._lost.update(self._left)
        for name in (FORMAT_NAME, HOW_TO_OPEN_NAME):
            self._bring(name)
        for number in sorted(self._together.keyrings.accepted):
            self._bring(self._together.keyrings.name(number))
        for digest, size_bytes in sorted(self._together.named_packs.items()):
            if digest not in self._here.good_packs:
                self._bring_pack(digest, size_bytes)
        for number in sorted(self._together.inventories.accepted):
            self._bring(self._together.inventories.name(number))
        for path in tile_paths(self._size):
            self._bring(TLOG + path)
        for tile in self._here.survey.superseded:
            self._mend_superseded(tile)

    def write_evidence(self) -> None:
        """Bring cosigned checkpoints, stamps and policies that are missing or wrong here and good elsewhere."""
        judge = self._together.judge
        if judge is None:
            return
        for name in sorted(self._together.survey.evidence | set(judge.named)):
            if not judge.is_above(name):
                self._bring_evidence(judge, name)

    def _bring_evidence(self, judge: EvidenceJudge, name: str) -> None:
        wrong = "it is in no copy"
        for copy in (self._destination, *self._others):
            try:
                raw = copy.read(name)
            except OSError:
                continue
            wrong = judge.why_not(name, raw)
            # Of a policy nobody can tell which is right: one of ours that has its form stays.
            if not wrong:
                if copy is not self._destination:
                    self.write(name, raw, copy.location)
                return
        self._lost[name] = wrong

    def write(self, name: str, content: Content, source: str) -> None:
        """Write one object, over whatever file stands there."""
        try:
            if self._destination.size(name) is None:
                self._destination.put(name, content)
            else:
                self._destination.replace(name, content)
        except FileExistsError as why:
            self._lost[name] = why.strerror or str(why)
            return
        self._healed.append(Healed(object=name, source=source))

    def result(self, unreachable: tuple[str, ...]) -> HealResult:
        """What was done."""
        strange = {each.object for each in self._found.faults.values() if each.kind == "unexpected"}
        return HealResult(
            healed=tuple(self._healed),
            lost=tuple(Lost(object=name, why=why) for name, why in sorted(self._lost.items())),
            unexpected=tuple(sorted(strange)),
            unreachable=unreachable,
        )

    def _gather(self, checkpoint: Checkpoint) -> tuple[Examined, dict[str, str]]:
        """Turn from what is wrong to the next copy of it, until nothing is wrong or nowhere is left to turn."""
        if any(name.startswith(TLOG) for name in self._found.faulty_names()):
            for choice in LogChoice(self._gathered.copies, checkpoint).choose():
                if choice.place is None:
                    self._gathered.give(choice.name, choice.made)
                else:
                    self._gathered.take_from(choice.name, choice.place)
        while True:
            found = Findings()
            together = examine(self._gathered, checkpoint, found, with_packs=False)
            if not sum(self._gathered.turn_from(name) for name in _turning(found)):
                return together, {
                    each.object: each.detail for each in found.faults.values() if self._is_small_and_needed(each.object)
                }

    def _is_small_and_needed(self, name: str) -> bool:
        """Whether a fault of all copies together counts: packs go by digests, tiles of older sizes are made again."""
        tile = find_tile_path(name[len(TLOG) :]) if name.startswith(TLOG) else None
        if tile is not None:
            return tile.place(self._size) == "needed"
        return kind_of(name) in ("document", "keyring", "inventory")

    def _bring(self, name: str) -> None:
        if name in self._lost:
            return
        if self._gathered.is_made(name):
            self.write(name, self._gathered.read(name), FROM_THE_LOG)
            return
        place = self._gathered.find_place(name)
        if place is None or place == 0:
            return
        source = self._others[place - 1].location
        try:
            self.write(name, self._gathered.read(name), source)
        except OSError as why:
            self._lost[name] = why.strerror or str(why)

    def _bring_pack(self, digest: str, size_bytes: int) -> None:
        for other in self._others:
            try:
                self.write(pack_name(digest), checked_pack(other, digest, size_bytes), other.location)
                return
            except (PackMissingError, PackDamagedError):
                continue
        self._lost[pack_name(digest)] = "it is whole in no copy"

    def _mend_superseded(self, tile: TilePath) -> None:
        """A partial tile of an older size is the beginning of the one that took its place."""
        name, needed = TLOG + tile.text(), needed_tile(tile.level, tile.index, self._size)
        if TLOG + needed.text() in self._lost:
            if name in self._found.faulty_names():
                self._lost[name] = f"{needed.text()}, whose beginning it is, is lost"
            return
        raw = self._destination.read(TLOG + needed.text())
        if tile.level is None:
            data = write_bundle(parse_bundle(raw, needed.width)[: tile.width])
        else:
            data = raw[: tile.width * HASH_BYTES]
        if not _reads_as(self._destination, name, data):
            self.write(name, data, FROM_THE_LOG)


def _reads_as(copy: ReadableCopy, name: str, data: bytes) -> bool:
    try:
        return copy.read(name) == data
    except OSError:  # unreadable: it is written again
        return False


def _turning(found: Findings) -> Iterator[str]:
    """What is wrong and can be judged by itself: packs go by their digests, tiles were chosen from the root down."""
    for name in sorted(found.faulty_names()):
        if kind_of(name) in ("document", "keyring", "inventory"):
            yield name
