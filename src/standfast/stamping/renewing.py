"""Renewal of stamps before they age, many at once: evidence records (RFC 4998) beside the stamps.

A stamp is due when the certificates of its newest link have less than a year left, or when something that it rests on
is marked as ageing. All that are due go into one tree, whose root one authority stamps: a hundred stamps cost one
question.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from standfast.errors.base import StandfastError
from standfast.errors.stamping import EvidenceRecordError, StampRefusedError
from standfast.seal.certificates import first_not_after, to_pem
from standfast.seal.evidence_record import (
    ALGORITHMS,
    Chains,
    Leaf,
    first_chains,
    hash_tree,
    leaf_to_renew,
    open_record,
    renewed,
    verify_record,
    write_record,
)
from standfast.seal.timestamp import StampFacts, verify_response, verify_timestamp
from standfast.stamping.authority import Asked, Authority, ask_authority, sha512
from standfast.stamping.shelf import CHAIN, RESPONSE, StampPlace, StampShelf, renewal_name
from standfast.stamping.stamps import ASKING_S

RENEW_BEFORE = timedelta(days=365)
"""A certificate with less left is renewed: a year to notice, and to find another authority."""
GAIN_AT_LEAST = timedelta(days=30)
"""A renewal that holds hardly longer than what it renews is not worth its place."""
TREE_LEAVES = 4096

ReadNote = Callable[[int, int], bytes]
"""The bytes of `tlog/cosigned/<size>/<k>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one stamp stands, every link of it verified."""

    place: StampPlace
    time: datetime
    """What it proves: the time of its first link."""
    newest: StampFacts
    """Of its newest link."""
    chains: Chains
    note: bytes
    renewals: int
    """The number of its newest renewal; 0 for none."""

    def ageing(self, marked: Iterable[str]) -> list[str]:
        """What it rests on that is marked."""
        newest = self.newest
        rests_on = (newest.digest_algorithm, newest.imprint_algorithm, newest.key, newest.key.partition("-")[0])
        return sorted(set(rests_on) & set(marked))

    def is_due(self, now: datetime, marked: Iterable[str]) -> bool:
        """Whether it should be renewed now. What has run out already can't be."""
        return now < self.newest.chain_not_after and (
            self.newest.chain_not_after - now < RENEW_BEFORE or bool(self.ageing(marked))
        )


@dataclass(slots=True, kw_only=True)
class RenewalOutcome:
    """What one pass did."""

    renewed: list[StampPlace]
    failures: list[tuple[str, str]]
    """Whose stamp or which authority, and why."""
    next_due: datetime | None
    """When the first of all stamps falls due; None where there is none."""


def standing_of(shelf: StampShelf, place: StampPlace, read_note: ReadNote, roots_pem: bytes) -> Standing:
    """One stamp with its renewals, verified from its first link to its newest.

    Raises:
        StampError: it does not hold.
        OSError: a file of it is not there.
    """
    note, response = read_note(place.size, place.number), shelf.read(place, RESPONSE)
    others = shelf.find_chain(place)
    first = verify_timestamp(response, sha512(note), roots_pem, others_pem=others)
    numbers = shelf.renewals(place)
    if not numbers:
        chains = first_chains(response)
        return Standing(place=place, time=first.time, newest=first, chains=chains, note=note, renewals=0)
    raw = shelf.read(place, renewal_name(numbers[-1]))
    facts = verify_record(raw, note, roots_pem, others_pem=others)
    if facts.stamps[0] != first:
        raise EvidenceRecordError("it renews another stamp than the one beside it")
    return Standing(
        place=place,
        time=facts.time,
        newest=facts.stamps[-1],
        chains=open_record(raw),
        note=note,
        renewals=numbers[-1],
    )


def all_places(shelf: StampShelf) -> Iterator[StampPlace]:
    """Every stamp, oldest checkpoint first."""
    for size in shelf.sizes():
        yield from shelf.places(size)


def mend_newest(shelf: StampShelf, read_note: ReadNote, roots_pem: bytes) -> None:
    """Put right what the last pass left at the newest stamps where it was cut off: debris, certificates not written."""
    for size in shelf.sizes()[-1:]:
        shelf.sweep(size)
        for place in shelf.places(size):
            if not shelf.find_chain(place):
                with contextlib.suppress(StandfastError, FileNotFoundError):
                    _complete(shelf, standing_of(shelf, place, read_note, roots_pem))


def renew(
    shelf: StampShelf,
    authorities: Sequence[Authority],
    read_note: ReadNote,
    roots_pem: bytes,
    *,
    now: datetime,
    ageing: Sequence[str] = (),
    limit: int = 1_000_000,
    tell: Callable[[int], None] | None = None,
) -> RenewalOutcome:
    """Look at every stamp, and renew those that are due.

    Args:
        shelf: the stamps.
        authorities: who may be asked; the first that answers with something that holds longer is taken.
        read_note: gives the cosigned checkpoints.
        roots_pem: of all authorities, also of those that are asked no more.
        now: aware.
        ageing: algorithms that are marked: of digests (`sha256`), of keys (`rsa`, `rsa-2048`, `ecdsa`).
        limit: so many are renewed, and the others left for another time.
        tell: told how many stamps were looked at.

    Raises:
        OSError: what was renewed could not be kept.
    """
    done = RenewalOutcome(renewed=[], failures=[], next_due=None)
    due: dict[str, list[Standing]] = {}
    for standing in _find_due(shelf, read_note, roots_pem, done, now=now, ageing=ageing, limit=limit, tell=tell):
        due.setdefault(_algorithm_for(standing, ageing), []).append(standing)
    for algorithm, standings in due.items():
        if algorithm not in ALGORITHMS:
            done.failures += [(each.place.name, "no digest is left that is not marked as ageing") for each in standings]
            continue
        for at in range(0, len(standings), TREE_LEAVES):
            _renew_together(shelf, authorities, roots_pem, algorithm, standings[at : at + TREE_LEAVES], ageing, done)
    return done


def _find_due(
    shelf: StampShelf,
    read_note: ReadNote,
    roots_pem: bytes,
    done: RenewalOutcome,
    *,
    now: datetime,
    ageing: Sequence[str],
    limit: int,
    tell: Callable[[int], None] | None,
) -> Iterator[Standing]:
    """The stamps that are due, verified. What is said of the others goes into the outcome."""
    found, swept = 0, -1
    for count, place in enumerate(all_places(shelf), 1):
        if tell:
            tell(count)
        if place.size != swept:
            swept = place.size
            shelf.sweep(swept)
        far = None if ageing else _not_after_as_kept(shelf, place)
        if far and far - now >= RENEW_BEFORE:
            _fall_due(done, far)
            continue
        if found >= limit:
            _fall_due(done, now)
            return
        try:
            standing = standing_of(shelf, place, read_note, roots_pem)
            _complete(shelf, standing)
        except (StandfastError, OSError) as why:
            done.failures.append((place.name, str(why)))
            continue
        if standing.is_due(now, ageing):
            found += 1
            yield standing
        elif now < standing.newest.chain_not_after:
            _fall_due(done, standing.newest.chain_not_after)
        else:
            done.failures.append((place.name, f"it ran out on {standing.newest.chain_not_after:%Y-%m-%d}"))


def _not_after_as_kept(shelf: StampShelf, place: StampPlace) -> datetime | None:
    """When the certificates run out that lie beside its newest link: a first look, without verifying anything."""
    numbers = shelf.renewals(place)
    with contextlib.suppress(StandfastError, OSError):
        return first_not_after(shelf.read(place, renewal_name(numbers[-1], "pem") if numbers else CHAIN))
    return None


def _complete(shelf: StampShelf, standing: Standing) -> None:
    """Write the certificates beside the newest link, where writing was cut off before them."""
    name = renewal_name(standing.renewals, "pem") if standing.renewals else CHAIN
    shelf.write(standing.place, name, to_pem(standing.newest.chain))


def _algorithm_for(standing: Standing, ageing: Sequence[str]) -> str:
    """The digest of its chain, unless that one ages: then the strongest that doesn't. Empty where all do."""
    own = standing.chains[-1][0].algorithm
    if own not in ageing:
        return own
    return next((each for each in reversed(ALGORITHMS) if each not in ageing), "")


def _renew_together(
    shelf: StampShelf,
    authorities: Sequence[Authority],
    roots_pem: bytes,
    algorithm: str,
    standings: list[Standing],
    ageing: Sequence[str],
    done: RenewalOutcome,
) -> None:
    leaves = [leaf_to_renew(each.chains, each.note, algorithm) for each in standings]
    root, ways = hash_tree(algorithm, [leaf.digest for leaf in leaves])
    # Where an algorithm ages, another one is what is gained.
    ages = any(each.ageing(ageing) for each in standings)
    needed = None if ages else min(each.newest.chain_not_after for each in standings)
    for authority in authorities:
        try:
            asked = ask_authority(authority, algorithm, root, within_s=ASKING_S)
            facts = _require_gain(authority, asked, algorithm, root, needed, ageing)
        except StandfastError as why:
            done.failures.append((authority.name, f"{why}; {why.step()}"))
            continue
        for standing, leaf, way in zip(standings, leaves, ways, strict=True):
            try:
                _keep(shelf, standing, leaf, asked.response, way, roots_pem, facts)
            except StandfastError as why:
                done.failures.append((standing.place.name, str(why)))
            else:
                done.renewed.append(standing.place)
        _fall_due(done, facts.chain_not_after)
        return
    done.failures += [(each.place.name, "no authority gave a stamp that renews it") for each in standings]
    _fall_due(done, min(each.newest.chain_not_after for each in standings))


def _require_gain(
    authority: Authority, asked: Asked, algorithm: str, root: bytes, needed: datetime | None, ageing: Sequence[str]
) -> StampFacts:
    """The facts of a stamp that rests on nothing that ages and, where that is asked, holds longer than `needed`."""
    facts = verify_response(asked.response, algorithm, root, authority.roots_pem, nonce=asked.nonce)
    weak = {facts.digest_algorithm, facts.key, facts.key.partition("-")[0]} & set(ageing)
    if weak:
        raise StampRefusedError(f"its stamps rest on {', '.join(sorted(weak))}, which is marked as ageing")
    if needed and facts.chain_not_after - needed < GAIN_AT_LEAST:
        raise StampRefusedError(f"its certificate runs out on {facts.chain_not_after:%Y-%m-%d} itself")
    return facts


def _keep(
    shelf: StampShelf,
    standing: Standing,
    leaf: Leaf,
    response: bytes,
    way: tuple[bytes, ...],
    roots_pem: bytes,
    facts: StampFacts,
) -> None:
    raw = write_record(renewed(standing.chains, leaf, response, way))
    # Never keep what does not verify from its first link to its last.
    verify_record(raw, standing.note, roots_pem, others_pem=shelf.find_chain(standing.place))
    number = standing.renewals + 1
    # The record first: its certificates can be taken from it again, should this be cut off in between.
    shelf.write(standing.place, renewal_name(number), raw)
    shelf.write(standing.place, renewal_name(number, "pem"), to_pem(facts.chain))


def _fall_due(done: RenewalOutcome, not_after: datetime) -> None:
    at = not_after - RENEW_BEFORE
    done.next_due = at if done.next_due is None else min(done.next_due, at)
