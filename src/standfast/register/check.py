"""What is wrong with a register: every rule that a claim must meet before anyone may read it as one.

`check_register` returns findings, in the order of the file; it never stops at the first. A reviewed or published claim
must rest on held bytes; a draft need not, and is shown as a draft.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from standfast import clock
from standfast.register import codebook, dates
from standfast.register.confidence import rests_on_rewrites
from standfast.register.entry import Claim, claim_id
from standfast.register.evidence import SHA256_HEX, EvidenceStore
from standfast.register.store import RegisterData
from standfast.register.view import WITHDRAWN, Entry, View, view_of

QUOTE_LIMIT = 200
TEXT_LIMIT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding."""

    kind: str
    claim: str = ""
    """Id of the claim, or of the subject, source or release it is about."""
    source: str = ""
    detail: str

    def __str__(self) -> str:
        """In one line."""
        return f"{self.kind}: {self.claim}{f', source {self.source}' if self.source else ''}: {self.detail}"


def problems_json(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Findings as JSON objects."""
    return [{"kind": each.kind, "claim": each.claim, "source": each.source, "detail": each.detail} for each in problems]


def check_register(data: RegisterData, evidence: EvidenceStore) -> list[Problem]:
    """Every finding of a register."""
    view = view_of(data)
    problems = [Problem(kind="repeated id", claim=each, detail="stands more than once") for each in data.repeated]
    problems += _ids(data)
    for entry in view.entries.values():
        problems += _claim(data, entry)
    problems += _corrections(data)
    problems += _people(data)
    problems += _counted_twice(view)
    problems += check_evidence(view, evidence)
    return problems


def check_new_claim(data: RegisterData, claim: Claim) -> list[Problem]:
    """What would be wrong with a claim that is about to be added."""
    key = claim_id(claim)
    recorded_on = clock.from_text(claim.recorded_at).date()
    entry = Entry(id=key, claim=claim, status="draft", stage="draft", confidence="", recorded_on=recorded_on)
    problems = list(_claim(data, entry))
    if claim.corrects and claim.corrects not in {line.id for line in data.lines}:
        problems.append(
            Problem(kind="dangling correction", claim=key, detail=f"corrects {claim.corrects}, which is not here")
        )
    return problems


def _ids(data: RegisterData) -> Iterator[Problem]:
    seen: set[str] = set()
    for line in data.lines:
        if line.id in seen:
            yield Problem(kind="repeated id", claim=line.id, detail="stands more than once")
        seen.add(line.id)
        found = claim_id(line.claim)
        if found != line.id:
            yield Problem(
                kind="changed claim", claim=line.id, detail=f"its content has the id {found}: a claim never changes"
            )


def _claim(data: RegisterData, entry: Entry) -> Iterator[Problem]:
    if entry.claim.correction == WITHDRAWN:
        return  # a notice says nothing, so it needs no word and no source
    yield from _words(data, entry)
    yield from _dates(entry)
    yield from _sources(data, entry)


def _words(data: RegisterData, entry: Entry) -> Iterator[Problem]:
    claim, value = entry.claim, entry.claim.value
    rule = codebook.PREDICATES.get(claim.predicate)
    if rule is None:
        yield Problem(kind="codebook", claim=entry.id, detail=f"no predicate {claim.predicate!r}")
        return
    if value.word not in rule.words:
        yield Problem(kind="codebook", claim=entry.id, detail=f"{claim.predicate} has no word {value.word!r}")
    given = {
        name for name in ("measure", "form", "stage", "authority", "basis", "role", "about") if getattr(value, name)
    }
    for name in [each for each in rule.needs if each not in given]:
        yield Problem(kind="codebook", claim=entry.id, detail=f"{claim.predicate} needs {name}")
    for name in sorted(given - {*rule.needs, *rule.may}):
        yield Problem(kind="codebook", claim=entry.id, detail=f"{claim.predicate} has no {name}")
    if value.measure and value.measure not in codebook.MEASURES:
        yield Problem(kind="codebook", claim=entry.id, detail=f"no measure {value.measure!r}")
    if value.stage and (value.stage not in codebook.BLOCKING_STAGES or value.measure != "5"):
        yield Problem(kind="codebook", claim=entry.id, detail=f"no stage {value.stage!r} here")
    subject = data.subjects.get(claim.subject)
    if (
        subject is None
        or (value.authority and value.authority not in data.subjects)
        or (value.about and value.about not in data.subjects)
    ):
        yield Problem(
            kind="dangling subject", claim=entry.id, detail=f"{claim.subject}, {value.authority or value.about}"
        )
    elif subject.kind not in rule.subjects:
        yield Problem(kind="codebook", claim=entry.id, detail=f"{claim.predicate} is not said of a {subject.kind}")
    if not claim.series or claim.step < 1:
        yield Problem(kind="dangling series", claim=entry.id, detail="a claim stands in a series, at a step from 1")
    if len(claim.summary) > TEXT_LIMIT or len(claim.note) > TEXT_LIMIT:
        yield Problem(kind="too long", claim=entry.id, detail=f"a summary or note has at most {TEXT_LIMIT} characters")


def _dates(entry: Entry) -> Iterator[Problem]:
    when = entry.claim.when
    if not dates.fits(when.at, when.precision):
        yield Problem(kind="date", claim=entry.id, detail=f"{when.at!r} is not what precision {when.precision} allows")
        return
    for name, text in (("listed", when.listed), ("effective", when.effective), ("until", when.until)):
        if text and not dates.fits(text, "day"):
            yield Problem(kind="date", claim=entry.id, detail=f"{name} is a day, got {text!r}")
            return
    first = dates.span_of_text(when.at).first
    if first is not None and first > entry.recorded_on:
        yield Problem(kind="date", claim=entry.id, detail=f"{when.at} lies after the day it was recorded")
    if when.until and first is not None and dates.span_of_text(when.until).first < first:  # type: ignore[operator]
        yield Problem(kind="date", claim=entry.id, detail="it ends before it begins")


def _sources(data: RegisterData, entry: Entry) -> Iterator[Problem]:
    claim = entry.claim
    supporting = [each for each in claim.evidence if each.stance == "supports"]
    if not supporting:
        kind = "negative without a source" if claim.value.word in codebook.NEGATIVE_WORDS else "without a source"
        yield Problem(kind=kind, claim=entry.id, detail="no source supports it")
    named = {each.source for each in claim.evidence}
    for each in claim.evidence:
        if each.source not in data.sources or (each.counts_with and each.counts_with not in named):
            yield Problem(kind="dangling source", claim=entry.id, source=each.source, detail="not among the sources")
        if len(each.quote) > QUOTE_LIMIT:
            yield Problem(
                kind="too long",
                claim=entry.id,
                source=each.source,
                detail=f"a quote has at most {QUOTE_LIMIT} characters",
            )
        if each.capture and not SHA256_HEX.fullmatch(each.capture):
            yield Problem(
                kind="changed digest", claim=entry.id, source=each.source, detail=f"{each.capture!r} is no SHA-256"
            )
        if each.on and each.on not in codebook.DETAILS:
            yield Problem(kind="codebook", claim=entry.id, source=each.source, detail=f"no detail {each.on!r}")
        if each.stance == "contradicts" and not each.says:
            yield Problem(
                kind="one side only", claim=entry.id, source=each.source, detail="what it says instead is missing"
            )
    if entry.stage == "published" and rests_on_rewrites(claim, data.sources):
        yield Problem(kind="rests on a rewrite", claim=entry.id, detail="published, and no better source supports it")


def _corrections(data: RegisterData) -> Iterator[Problem]:
    claims = {line.id: line.claim for line in data.lines}
    for key, claim in claims.items():
        if bool(claim.corrects) != bool(claim.correction):
            yield Problem(kind="dangling correction", claim=key, detail="a correction names its claim and its kind")
        if not claim.corrects:
            continue
        old = claims.get(claim.corrects)
        if old is None:
            yield Problem(kind="dangling correction", claim=key, detail=f"corrects {claim.corrects}, which is not here")
        elif (old.series, old.subject) != (claim.series, claim.subject):
            yield Problem(
                kind="dangling series", claim=key, detail=f"corrects {claim.corrects} of another series or subject"
            )
        elif old.recorded_at > claim.recorded_at:
            yield Problem(kind="date", claim=key, detail="recorded before what it corrects")


def _people(data: RegisterData) -> Iterator[Problem]:
    authors = {line.id: line.claim.author for line in data.lines}
    reviewed: set[str] = set()
    for act in data.acts:
        if act.claim not in authors:
            yield Problem(kind="dangling act", claim=act.claim, detail=f"{act.act} by {act.by}, and no such claim")
        elif act.act == "reviewed" and act.by == authors[act.claim]:
            yield Problem(kind="own review", claim=act.claim, detail=f"{act.by} wrote it and can't review it")
        elif act.act == "reviewed":
            reviewed.add(act.claim)
        elif act.claim not in reviewed:
            yield Problem(
                kind="not reviewed", claim=act.claim, detail=f"published by {act.by} before another person reviewed it"
            )


def _counted_twice(view: View) -> Iterator[Problem]:
    by_iso: dict[str, str] = {}
    for subject in view.data.subjects.values():
        if subject.kind == "state" and by_iso.setdefault(subject.iso3, subject.id) != subject.id:
            yield Problem(
                kind="counted twice", claim=subject.id, detail=f"{subject.iso3} is also {by_iso[subject.iso3]}"
            )
    for name, entries in view.by_series.items():
        seen: set[tuple[str, int, str]] = set()
        for each in entries:
            key = (each.claim.subject, each.claim.step, each.claim.value.word.split(":")[0])
            if key in seen:
                yield Problem(
                    kind="counted twice", claim=each.id, detail=f"{each.claim.subject} stands twice in {name}"
                )
            seen.add(key)
    starts: dict[str, str] = {}
    for each in view.current():
        if each.claim.predicate == "membership" and each.claim.value.word == "in force":
            first = starts.setdefault(each.claim.subject, each.id)
            if first != each.id and view.entries[first].claim.step == each.claim.step:
                yield Problem(
                    kind="counted twice", claim=each.id, detail=f"{each.claim.subject} enters into force twice"
                )


def check_evidence(view: View, store: EvidenceStore) -> Iterator[Problem]:
    """Read the bytes behind every claim that is more than a draft, and behind drafts that name some. Each once."""
    read: dict[str, str] = {}
    for entry in view.entries.values():
        if entry.correction == WITHDRAWN or entry.claim.correction == WITHDRAWN:
            continue
        for link in entry.claim.evidence:
            if not link.capture:
                if entry.stage != "draft":
                    yield Problem(
                        kind="missing bytes",
                        claim=entry.id,
                        source=link.source,
                        detail=f"{entry.stage}, and nothing is held",
                    )
                continue
            if link.capture not in read:
                read[link.capture] = _digest(store, link.capture)
            found = read[link.capture]
            if not found:
                yield Problem(
                    kind="missing bytes", claim=entry.id, source=link.source, detail=f"no bytes {link.capture} are held"
                )
            elif found != link.capture:
                yield Problem(
                    kind="changed digest",
                    claim=entry.id,
                    source=link.source,
                    detail=f"named {link.capture}, found {found}",
                )


def _digest(store: EvidenceStore, named: str) -> str:
    running = hashlib.sha256()
    try:
        for piece in store.pieces(named):
            running.update(piece)
    except FileNotFoundError:
        return ""
    return running.hexdigest()
