"""Designations as series of events, and the state that a series had on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from standfast.register.codebook import DESIGNATION_STATES
from standfast.register.view import Entry, View

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """The state of one series on a day."""

    series: str
    authority: str
    """Subject id of who acted last."""
    state: str
    """A word of `codebook.DESIGNATION_STATES`, or none."""
    since: str
    """Date of the event that led there, as precise as known; empty when that event has no date."""
    event: str
    """Id of that claim, or empty."""
    claims: tuple[str, ...]
    """Every event that had happened by then."""
    undated: tuple[str, ...] = ()
    """Events with no date: where they stand in the order is known, the day is not."""
    open: tuple[str, ...] = ()
    """Events whose date does not tell whether they had happened by then. The state does not count them."""


def series_of(view: View, subject: str) -> list[str]:
    """The designation series of a target, in the order of their first events."""
    names = dict.fromkeys(
        each.claim.series for each in view.by_subject.get(subject, ()) if each.claim.predicate == "designation"
    )
    return sorted(names, key=lambda name: (min(each.claim.when.at or "9999" for each in view.by_series[name]), name))


def state_on(events: Sequence[Entry], day: date) -> SeriesState:
    """The state at the end of a day of a series given in the order of its steps; at least one event.

    An event with no date happened after the one before it and by the day it was recorded. On a day in between, it is
    listed as open and does not count.
    """
    state, since, event, authority = NONE, "", "", events[0].claim.value.authority
    happened: list[str] = []
    undated: list[str] = []
    still_open: list[str] = []
    for each in events:
        when = each.claim.when
        if when.precision == "unknown":
            undated.append(each.id)
        done = each.happened_by(day)
        if done is True and not still_open:
            happened.append(each.id)
            reached = DESIGNATION_STATES[each.claim.value.word]
            if reached:
                state, since, event = reached, when.effective or when.at, each.id
                authority = each.claim.value.authority
        elif done is not False:
            still_open.append(each.id)
    return SeriesState(
        series=events[0].claim.series,
        authority=authority,
        state=state,
        since=since,
        event=event,
        claims=tuple(happened),
        undated=tuple(undated),
        open=tuple(still_open),
    )


def states_of(view: View, subject: str, day: date) -> list[SeriesState]:
    """The state of each series of a target."""
    return [state_on(view.by_series[name], day) for name in series_of(view, subject)]
