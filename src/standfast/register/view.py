"""What the register says, now or on an earlier day: the second of its two clocks.

The first clock (what was true on a day) is asked of `membership`, `designations` and `cells`, over such a view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from standfast import clock
from standfast.register import dates
from standfast.register.confidence import confidence_of
from standfast.register.entry import Claim
from standfast.register.store import RegisterData

WITHDRAWN = "withdrawn for safety"
_RANK = {"draft": 0, "reviewed": 1, "published": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A claim as the register held it at that time."""

    id: str
    claim: Claim
    status: str
    """draft, reviewed, published, superseded, withdrawn."""
    stage: str
    """The same, had no later claim replaced it: draft, reviewed or published."""
    confidence: str
    successor: str = ""
    """Id of the claim that replaced this one."""
    correction: str = ""
    """Why: error, update, withdrawn for safety."""
    reviewers: tuple[str, ...] = ()
    recorded_on: date

    @property
    def current(self) -> bool:
        """Whether it counts: neither replaced nor withdrawn, nor itself only the notice of a withdrawal."""
        return self.status in _RANK and self.claim.correction != WITHDRAWN

    def happened_by(self, day: date) -> bool | None:
        """Whether what it claims had happened by the end of a day; None when its date does not tell.

        What has no day had happened when it was recorded.
        """
        return dates.Span(dates.span_of(self.claim.when).first, self.certain_from).by(day)

    @property
    def certain_from(self) -> date:
        """The first day at whose end it is sure to have happened: the last of its span, at the latest when recorded."""
        span = dates.span_of(self.claim.when)
        last = span.last if span.last is not None and span.last <= self.recorded_on else self.recorded_on
        return max(last, span.first) if span.first else last


@dataclass(frozen=True, slots=True)
class View:
    """The claims that count, indexed. Made by `view_of`."""

    data: RegisterData
    entries: Mapping[str, Entry]
    """All of them, superseded ones too, in the order of the file."""
    by_subject: Mapping[str, Sequence[Entry]] = field(repr=False)
    by_series: Mapping[str, Sequence[Entry]] = field(repr=False)
    """Current claims of a series in the order of its steps."""
    by_source: Mapping[str, Sequence[Entry]] = field(repr=False)
    """Every claim that names a source, current or not."""

    def current(self) -> Iterable[Entry]:
        """The claims that count."""
        return (each for each in self.entries.values() if each.current)


def end_of(day: date) -> str:
    """The last moment of a day in UTC, as lines have it."""
    return clock.to_text(datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC))


def view_of(data: RegisterData, *, said_on: date | None = None, published_only: bool = False) -> View:
    """The register as it stood at the end of a day (UTC), or as it stands.

    Args:
        data: the whole register.
        said_on: lines recorded later are left out.
        published_only: claims that no release has published are left out, corrections by them too.
    """
    limit = end_of(said_on) if said_on else "9999"
    stage, reviewers = _stages(data, limit)
    kept = {
        line.id: line.claim
        for line in data.lines
        if line.claim.recorded_at <= limit and (not published_only or stage.get(line.id) == "published")
    }
    successor = _successors(kept, stage)
    entries = {}
    for key, claim in kept.items():
        next_id, why = successor.get(key, ("", ""))
        own = stage.get(key, "draft")
        status = own if not next_id else ("withdrawn" if why == WITHDRAWN else "superseded")
        entries[key] = Entry(
            id=key,
            claim=claim,
            status=status,
            stage=own,
            confidence=confidence_of(claim, data.sources),
            successor=next_id,
            correction=why,
            reviewers=reviewers.get(key, ()),
            recorded_on=clock.from_text(claim.recorded_at).date(),
        )
    return View(data, entries, *_indexes(entries.values()))


def _stages(data: RegisterData, limit: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    stage: dict[str, str] = {}
    reviewers: dict[str, tuple[str, ...]] = {}
    for act in data.acts:
        if act.at > limit:
            continue
        if _RANK[act.act] > _RANK[stage.get(act.claim, "draft")]:
            stage[act.claim] = act.act
        if act.act == "reviewed":
            reviewers[act.claim] = (*reviewers.get(act.claim, ()), act.by)
    return stage, reviewers


def _successors(kept: Mapping[str, Claim], stage: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Which claim replaced which. A draft does not replace what was reviewed or published; a withdrawal always does."""
    out: dict[str, tuple[str, str]] = {}
    for key, claim in kept.items():
        old = claim.corrects
        if not old or old not in kept:
            continue
        counts = _RANK[stage.get(key, "draft")] >= _RANK[stage.get(old, "draft")]
        if claim.correction == WITHDRAWN or (counts and out.get(old, ("", ""))[1] != WITHDRAWN):
            out[old] = (key, claim.correction)
    return out


def _indexes(
    entries: Iterable[Entry],
) -> tuple[dict[str, list[Entry]], dict[str, list[Entry]], dict[str, list[Entry]]]:
    subject: dict[str, list[Entry]] = {}
    series: dict[str, list[Entry]] = {}
    source: dict[str, list[Entry]] = {}
    for each in entries:
        for name in {link.source for link in each.claim.evidence}:
            source.setdefault(name, []).append(each)
        if each.current:
            subject.setdefault(each.claim.subject, []).append(each)
            if each.claim.value.about:
                subject.setdefault(each.claim.value.about, []).append(each)
            series.setdefault(each.claim.series, []).append(each)
    for group in series.values():
        group.sort(key=lambda each: (each.claim.step, dates.sort_key(each.claim.when)))
    return subject, series, source
