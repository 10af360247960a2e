"""Chooses which checkpoints, stamps and policies prove an item: the tightest window that outside parties vouch for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from standfast.disclosure.bundle import CheckpointParts
from standfast.errors.tlog import TlogError
from standfast.stamping.shelf import CHAIN, RESPONSE, REVOCATION, StampPlace, StampShelf, renewal_name
from standfast.tlog.checkpoint import ML_DSA_44_COSIGNATURE
from standfast.tlog.cosigned import CosignedFolder, open_cosigned
from standfast.tlog.note import parse_vkey
from standfast.tlog.policy import NO_QUORUM, Policy, PolicyLog, open_under_policy, parse_policy, write_policy
from standfast.tlog.reader import LogReader

Stamps = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A signed note, and what was stamped over it."""

    size: int
    note: bytes
    stamps: Stamps

    def parts(self) -> CheckpointParts:
        """For the bundle."""
        return CheckpointParts(size=self.size, note=self.note, stamps=self.stamps)


class Evidence:
    """What a vault has of outside parties, looked through once for several items."""

    def __init__(
        self,
        *,
        cosigned: CosignedFolder,
        shelf: StampShelf,
        log: LogReader,
        vkeys: Sequence[str],
        newest: bytes,
        policies: tuple[bytes, bytes] | None,
    ) -> None:
        """Nothing is read yet.

        Args:
            cosigned: the vault's.
            shelf: the vault's.
            log: at its newest checkpoint.
            vkeys: of the log in force; all must have signed what is taken.
            newest: the newest checkpoint's own note.
            policies: classic and post-quantum; None in a vault that has none.
        """
        self._cosigned, self._shelf, self._log, self._vkeys, self._newest = cosigned, shelf, log, vkeys, newest
        self._sizes = cosigned.sizes()
        self._known: dict[int, list[Chosen]] = {}
        self.policies = policies or plain_policies(vkeys)
        self._parsed = [parse_policy(each) for each in self.policies]
        self._asks = any(each.quorum != NO_QUORUM for each in self._parsed)

    def choose(self, indexes: Iterable[int]) -> list[tuple[Chosen, Chosen | None]]:
        """For each entry of the log, the checkpoint that holds it, and an earlier one that does not if there is one.

        The smallest that enough cosigners signed and somebody stamped, else the smallest that enough cosigners signed.
        Where one of the items has no such checkpoint (an office that had no cosigners then, or still waits for them),
        the bundle asks for none: `policies` is then without a quorum, and checking says so.
        """
        wanted = list(indexes)
        if self._asks and any(self._find_holding(index, self._is_met) is None for index in wanted):
            self.policies, self._asks = plain_policies(self._vkeys), False
            self._parsed = [parse_policy(each) for each in self.policies]
        return [(self._holding(index), self._earlier(index)) for index in wanted]

    def _holding(self, index: int) -> Chosen:
        found = self._find_holding(index, lambda each: bool(each.stamps) and self._is_met(each))
        found = found or self._find_holding(index, self._is_met)
        return found or Chosen(self._log.size, self._newest, {})

    def _find_holding(self, index: int, fits: Callable[[Chosen], bool]) -> Chosen | None:
        sizes = (size for size in self._sizes if index < size <= self._log.size)
        return next((each for size in sizes for each in self._at(size) if fits(each)), None)

    def _earlier(self, index: int) -> Chosen | None:
        sizes = (size for size in reversed(self._sizes) if 0 < size <= index)
        return next((each for size in sizes for each in self._at(size) if self._is_met(each)), None)

    def _is_met(self, each: Chosen) -> bool:
        return all(_accepts(each.note, policy) for policy in self._parsed)

    def _at(self, size: int) -> list[Chosen]:
        """The usable notes at a size, oldest first: signed by the log in force, of the log that stands here."""
        if size not in self._known:
            self._known[size] = list(self._read(size))
        return self._known[size]

    def _read(self, size: int) -> Iterator[Chosen]:
        places = self._shelf.places(size)
        for number in self._cosigned.numbers(size):
            note = self._cosigned.read(size, number)
            with contextlib.suppress(TlogError):
                if open_cosigned(note, size, self._vkeys).root != self._log.root_at(size):
                    continue
                stamps: Stamps = {}
                for place in places:
                    if place.number == number:
                        stamps.update(self._stamp_files(place))
                yield Chosen(size, note, stamps)

    def _stamp_files(self, place: StampPlace) -> Iterator[tuple[str, bytes]]:
        shelf, name = self._shelf, place.authority
        files = [RESPONSE, CHAIN, *(f"{REVOCATION}/{each}" for each in shelf.revocation(place))]
        files += [renewal_name(number, ending) for number in shelf.renewals(place) for ending in ("ers", "pem")]
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                yield f"{name}/{file}", shelf.read(place, file)


def plain_policies(vkeys: Sequence[str]) -> tuple[bytes, bytes]:
    """Policies that name the log alone: what a vault without cosigners has."""
    keys = [parse_vkey(each) for each in vkeys]
    families = [[key for key in keys if (key.kind == ML_DSA_44_COSIGNATURE) == post] for post in (False, True)]
    classic, post_quantum = (
        write_policy(Policy(logs=tuple(map(PolicyLog, family)), witnesses=(), groups=(), quorum=NO_QUORUM))
        for family in families
    )
    return classic, post_quantum


def _accepts(note: bytes, policy: Policy) -> bool:
    try:
        open_under_policy(note, policy)
    except TlogError:
        return False
    return True
