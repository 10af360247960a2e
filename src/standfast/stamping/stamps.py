"""Stamps of the newest cosigned checkpoint: which are wanting, asking for them, keeping what verifies.

A stamp says that everything below the checkpoint was there by then. The newest checkpoint is stamped, and no older one
afterwards: its stamp could say nothing that the newer one's doesn't.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from standfast.errors.base import StandfastError
from standfast.seal.certificates import to_pem
from standfast.seal.revocation import RevocationPlace
from standfast.seal.timestamp import StampFacts, verify_timestamp
from standfast.stamping.authority import (
    Asked,
    Authority,
    ask_authority,
    ask_revocation,
    sha512,
    verified_revocation,
)
from standfast.stamping.shelf import CHAIN, RESPONSE, REVOCATION, StampPlace, StampShelf

ASKING_S = 15.0
"""For all authorities together, who are asked at the same time."""
AGAIN_AFTER = timedelta(hours=20)
"""The same checkpoint with fresher times of the same cosigners is stamped again no sooner."""
_SIGNATURE = b"\n\xe2\x80\x94 "


@dataclass(frozen=True, slots=True, kw_only=True)
class StampOutcome:
    """What asking one authority gave."""

    name: str
    ok: bool
    size: int = 0
    """Leaves that it stamped."""
    time: datetime | None = None
    not_after: datetime | None = None
    """When the stamp's certificates run out."""
    revocation: tuple[str, ...] = ()
    """What was kept of it."""
    why: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Stampable:
    """A cosigned checkpoint as it lies there."""

    size: int
    number: int
    note: bytes


def is_wanting(shelf: StampShelf, authority: str, newest: Stampable, older: dict[int, bytes], now: datetime) -> bool:
    """Whether an authority should be asked about the newest cosigned checkpoint.

    It is not, where it has stamped it; nor where it has lately stamped the same leaves under as many signatures.

    Args:
        shelf: the stamps.
        authority: its name.
        newest: the checkpoint.
        older: the other notes of the same size, by number.
        now: aware.
    """
    stamped = [place.number for place in shelf.places(newest.size) if place.authority == authority]
    if newest.number in stamped:
        return False
    for number in stamped:
        if older.get(number, b"").count(_SIGNATURE) >= newest.note.count(_SIGNATURE):
            from standfast.seal.stamp_form import read_token, token_in

            time = read_token(token_in(shelf.read(StampPlace(newest.size, number, authority), RESPONSE))).time
            if now - time < AGAIN_AFTER:
                return False
    return True


def stamp(shelf: StampShelf, authorities: Sequence[Authority], newest: Stampable) -> list[StampOutcome]:
    """Ask these authorities about one checkpoint, all at once, and keep what verifies.

    Raises:
        OSError: what an authority gave could not be kept.
    """
    if not authorities:
        return []
    digest = sha512(newest.note)

    def one(authority: Authority) -> Asked | StandfastError:
        try:
            return ask_authority(authority, "sha512", digest, within_s=ASKING_S)
        except StandfastError as why:
            return why

    def revocation_of(facts: StampFacts | StandfastError) -> list[tuple[RevocationPlace, bytes]]:
        return [] if isinstance(facts, StandfastError) else ask_revocation(facts.chain)

    with ThreadPoolExecutor(len(authorities), "stamp") as pool:
        answers = list(pool.map(one, authorities))
        # Here, not in the threads: what verifies sets filters for warnings, which all threads share.
        facts = [_verified(each, answer, digest) for each, answer in zip(authorities, answers, strict=True)]
        revocations = list(pool.map(revocation_of, facts))
    return [
        _kept(shelf, StampPlace(newest.size, newest.number, authority.name), answer, found, given)
        for authority, answer, found, given in zip(authorities, answers, facts, revocations, strict=True)
    ]


def _verified(authority: Authority, answer: Asked | StandfastError, digest: bytes) -> StampFacts | StandfastError:
    if isinstance(answer, StandfastError):
        return answer
    try:
        return verify_timestamp(answer.response, digest, authority.roots_pem, nonce=answer.nonce)
    except StandfastError as why:
        return why


def _kept(
    shelf: StampShelf,
    place: StampPlace,
    answer: Asked | StandfastError,
    facts: StampFacts | StandfastError,
    given: list[tuple[RevocationPlace, bytes]],
) -> StampOutcome:
    if isinstance(answer, StandfastError) or isinstance(facts, StandfastError):
        return _failed(place.authority, answer if isinstance(answer, StandfastError) else facts)
    try:
        revocation = verified_revocation(given)
    except StandfastError as why:
        return _failed(place.authority, why)
    # The answer first: what is cut off after it can be made again from it, but for what is said of revocation.
    shelf.write(place, RESPONSE, answer.response)
    shelf.write(place, CHAIN, to_pem(facts.chain))
    for name, data in revocation.items():
        shelf.write(place, f"{REVOCATION}/{name}", data)
    return StampOutcome(
        name=place.authority,
        ok=True,
        size=place.size,
        time=facts.time,
        not_after=facts.chain_not_after,
        revocation=tuple(revocation),
    )


def _failed(name: str, why: object) -> StampOutcome:
    assert isinstance(why, StandfastError)
    return StampOutcome(name=name, ok=False, why=f"{why}; {why.step()}", code=why.code)
