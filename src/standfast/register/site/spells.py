"""How long each state lasted, computed once: pages of thousands of days then only look which spells a day falls in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from standfast.register import designations, membership
from standfast.register.view import Entry, View


@dataclass(frozen=True, slots=True)
class Spell:
    """One state of one series, from its first day up to the day before `end`."""

    target: str
    state: designations.SeriesState
    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Whether it was the case at the end of a day."""
        return self.start <= day < self.end


def spells_of(view: View, targets: Iterable[str]) -> list[Spell]:
    """The spells of every designation series, by target."""
    return [
        spell
        for target in targets
        for name in designations.series_of(view, target)
        for spell in _spells(target, view.by_series[name])
    ]


def _spells(target: str, events: Iterable[Entry]) -> Iterator[Spell]:
    ordered = list(events)
    turns = sorted({_certain(each) for each in ordered})
    for at, start in enumerate(turns):
        state = designations.state_on(ordered, start)
        if state.state != designations.NONE:
            yield Spell(target, state, start, turns[at + 1] if at + 1 < len(turns) else date.max)


def _certain(entry: Entry) -> date:
    """The first day at whose end an event is sure to have happened."""
    last = entry.certain_from
    assert entry.happened_by(last) is True
    return last


def party_counts(view: View, days: Iterable[date]) -> dict[date, tuple[int, int]]:
    """Of each day: States Parties, and States whose membership is disputed."""
    counts, states = {}, membership.states(view)
    for day in days:
        found = [membership.party_state(view, each, day).state for each in states]
        counts[day] = (found.count(membership.PARTY), found.count(membership.DISPUTED))
    return counts
