"""From what a person wrote to a claim of the register: checked against every rule before a byte is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime

import msgspec

from standfast import clock
from standfast.errors.register import BadClaimError, NotPublishableError, OwnReviewError, UnknownEntryError
from standfast.register import store
from standfast.register.check import check_new_claim
from standfast.register.entry import Act, Claim, ClaimLine, Evidence, Line, Source, Value, When
from standfast.register.store import RegisterData
from standfast.register.view import WITHDRAWN, view_of

INPUT_LIMIT_BYTES = 256 * 1024


class NewClaim(Line, frozen=True, kw_only=True):
    """What `standfast register add` reads: a claim without what the program itself writes."""

    series: str
    step: int = 1
    subject: str
    predicate: str
    value: Value
    when: When
    summary: str = ""
    note: str = ""
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...] = ()
    """Sources that the register does not have yet."""


def parse_new_claim(raw: bytes) -> NewClaim:
    """Read it.

    Raises:
        BadClaimError: no JSON, too long, or a field that a claim does not have.
    """
    if len(raw) > INPUT_LIMIT_BYTES:
        raise BadClaimError(f"longer than {INPUT_LIMIT_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=NewClaim)
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        raise BadClaimError(str(why)) from why


def add(
    data: RegisterData,
    new: NewClaim,
    *,
    author: str,
    at: datetime,
    captures: Mapping[str, str],
    corrects: str = "",
    correction: str = "",
) -> ClaimLine:
    """Add a claim, and the sources it brings.

    `captures` has the SHA-256 of what is held, by the address of the source it is of.

    Raises:
        BadClaimError: it breaks a rule; nothing was written.
        UnknownEntryError: it corrects a claim that is not here.
    """
    fresh = {each.id: each for each in new.sources}
    if taken := sorted(each for each in fresh if data.sources.get(each, fresh[each]) != fresh[each]):
        raise BadClaimError(f"the register has another source {taken[0]}")
    known = {**data.sources, **fresh}
    by_address = {source.url: key for key, source in known.items() if source.url in captures}
    if missing := sorted(set(captures) - set(by_address)):
        raise BadClaimError(f"no source has the captured address {missing[0]}")
    digests = {by_address[url]: digest for url, digest in captures.items()}
    evidence = tuple(
        msgspec.structs.replace(each, capture=digests[each.source]) if each.source in digests else each
        for each in new.evidence
    )
    fields = {name: getattr(new, name) for name in new.__struct_fields__ if name not in ("evidence", "sources")}
    claim = Claim(
        **fields,
        evidence=evidence,
        recorded_at=clock.to_text(at),
        author=author,
        corrects=corrects,
        correction=correction,  # type: ignore[arg-type]
    )
    added = [fresh[each] for each in fresh if each not in data.sources]
    return _write(dataclasses.replace(data, sources=known), claim, added)


def withdraw(data: RegisterData, claim: str, *, author: str, at: datetime) -> ClaimLine:
    """Add the notice that withdraws a claim for safety. It repeats nothing of what the claim said.

    Raises:
        UnknownEntryError: no such claim.
    """
    old = next((line.claim for line in data.lines if line.id == claim), None)
    if old is None:
        raise UnknownEntryError("claim", claim)
    notice = Claim(
        series=old.series,
        step=old.step,
        subject=old.subject,
        predicate=old.predicate,
        value=Value(word=WITHDRAWN),
        when=When(precision="unknown"),
        evidence=(),
        recorded_at=clock.to_text(at),
        author=author,
        corrects=claim,
        correction="withdrawn for safety",
    )
    return _write(data, notice, [])


def _write(data: RegisterData, claim: Claim, added: list[Source]) -> ClaimLine:
    if claim.corrects and claim.corrects not in {line.id for line in data.lines}:
        raise UnknownEntryError("claim", claim.corrects)
    problems = check_new_claim(data, claim)
    if problems:
        raise BadClaimError("; ".join(f"{each.kind}: {each.detail}" for each in problems))
    for source in added:
        store.add_source(data.folder, source)
    return store.add_claim(data.folder, claim)


def review(data: RegisterData, claims: tuple[str, ...], *, by: str, at: datetime) -> list[Act]:
    """Record that another person checked claims against their held sources. All or none.

    Raises:
        UnknownEntryError: no such claim.
        OwnReviewError: its author is the one who reviews.
        NotPublishableError: it rests on no held bytes, or another claim replaced it.
    """
    view = view_of(data)
    acts = []
    for key in claims:
        entry = view.entries.get(key)
        if entry is None:
            raise UnknownEntryError("claim", key)
        if entry.claim.author == by:
            raise OwnReviewError(key, by)
        if entry.successor:
            raise NotPublishableError(key, f"claim {entry.successor} replaced it")
        if entry.claim.correction != WITHDRAWN and not all(link.capture for link in entry.claim.evidence):
            raise NotPublishableError(key, "it rests on sources of which no bytes are held")
        acts.append(Act(claim=key, act="reviewed", by=by, at=clock.to_text(at)))
    store.add_acts(data.folder, acts)
    return acts
