"""Who was a State Party to the Rome Statute on a day: computed from the events of its series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from standfast.register.view import Entry, View

PARTY, NOT_PARTY, DISPUTED = "party", "not a party", "disputed"
STARTS = ("in force", "deposited: succession")
"""A State that succeeds is bound from the start: Article 126 gives no day for it, its deposit is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyState:
    """Whether a State was a party, and the claims that say so."""

    iso3: str
    state: str
    """party, not a party, disputed."""
    claims: tuple[str, ...]
    since: str = ""
    """First day in force, as the claim gives it."""


def states(view: View) -> list[str]:
    """ISO 3166-1 alpha-3 of every State that is or was a party by any claim, in order."""
    return sorted({each.claim.subject for each in view.current() if _starts(each)})


def party_state(view: View, iso3: str, day: date) -> PartyState:
    """The State's membership at the end of a day.

    A withdrawal that its sources dispute makes the membership disputed from its day on: the claim shows both sides.
    """
    state, since = NOT_PARTY, ""
    resting: list[str] = []
    for each in _events(view, iso3):
        if each.happened_by(day) is not True:
            continue
        word = each.claim.value.word
        if word in STARTS and state != PARTY:
            state, since = PARTY, each.claim.when.at
        elif word == "withdrawal effective":
            state = DISPUTED if each.confidence == "disputed" else NOT_PARTY
        elif not word.startswith(("deposited", "withdrawal", "signed")):
            continue
        resting.append(each.id)
    return PartyState(iso3=iso3, state=state, claims=tuple(resting), since=since)


def on_day(view: View, day: date) -> list[PartyState]:
    """Every State that is or was a party, with its state on that day."""
    return [party_state(view, iso3, day) for iso3 in states(view)]


def group_of(view: View, iso3: str) -> str:
    """The State's regional group, or empty when no claim says."""
    for each in view.by_subject.get(iso3, ()):
        if each.claim.predicate == "regional group":
            return each.claim.value.word
    return ""


def _starts(entry: Entry) -> bool:
    return entry.claim.predicate == "membership" and entry.claim.value.word in STARTS


def _events(view: View, iso3: str) -> Iterator[Entry]:
    found = [each for each in view.by_subject.get(iso3, ()) if each.claim.predicate == "membership"]
    return iter(sorted(found, key=lambda each: (each.claim.step, each.claim.when.at)))
