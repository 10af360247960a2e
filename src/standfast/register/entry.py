"""What stands in the register: subjects, sources, claims, and the acts of people upon claims. One line each.

A claim never changes: its id is the hash of its content. What happens to it later (reviewed, published, corrected)
is another line. So what the register said on any day can be computed from the lines that stood there by then.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from standfast.holdings.canonical import canonical_bytes

CLAIM_ID_CHARS = 32
"""128 bits of SHA-256: short enough for an address, and nobody finds a second content for it."""

LANGUAGES = ("en", "ar", "fr", "es")

Precision = Literal["day", "inferred", "month", "year", "unknown"]
Stance = Literal["supports", "contradicts"]
Tier = Literal["primary", "republished primary", "agency", "organisation", "rewrite"]
Kind = Literal["state", "person", "organisation", "authority", "body"]
Correction = Literal["error", "update", "withdrawn for safety"]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of everything that is one line of a file.

    Every default is an empty text, an empty tuple or a 1: `omit_defaults` compares by identity, and those are the
    same object wherever they come from. So a claim that was read back has the bytes, and the id, it was written with.
    """


class Names(Line, frozen=True, kw_only=True):
    """A name in the four languages. An empty one means: use the English form, marked as English."""

    en: str
    ar: str = ""
    fr: str = ""
    es: str = ""

    def of(self, language: str) -> str:
        """The name in a language, else in English."""
        return getattr(self, language) or self.en


class Subject(Line, frozen=True, kw_only=True):
    """Someone or something that claims are about. Persons are office-holders, named as what they publicly are."""

    id: str
    kind: Kind
    name: Names
    iso2: str = ""
    iso3: str = ""
    country: str = ""
    """ISO 3166-1 alpha-3 of the State that an authority acts for."""
    sources: tuple[str, ...] = ()
    note: str = ""


class Source(Line, frozen=True, kw_only=True):
    """A page, a file or a package that was read."""

    id: str
    title: str
    publisher: str
    url: str = ""
    published_on: str = ""
    read_how: Literal["stored page", "stored repo", "registry package", "capture"]
    tier: Tier
    read_sha256: str = ""
    """Of the file that was read, where there was one. Its bytes are not held; a capture stands in the claim."""


class Evidence(Line, frozen=True, kw_only=True):
    """One source of a claim."""

    source: str
    stance: Stance
    capture: str = ""
    """SHA-256 of the held bytes, lower-case hex. Empty in a draft: then nothing is held."""
    locator: str = ""
    quote: str = ""
    """At most 200 characters, as they stand in the source."""
    on: str = ""
    """The detail that this source tells otherwise (`date`, `number`, `names`, `reason`, `fact`), or empty."""
    says: str = ""
    """What it says there, in our words."""
    outweighed: str = ""
    """Why a contradiction does not make the claim disputed; shown beside it. Empty: the claim is disputed."""
    counts_with: str = ""
    """Another source of this claim that goes back to the same origin: the two count once."""


class When(Line, frozen=True, kw_only=True):
    """When it was so. `at` is as precise as `precision` says: `2025`, `2025-10`, `2025-10-07`, or empty."""

    at: str = ""
    precision: Precision
    until: str = ""
    """Last day on which it was so, when that is sourced."""
    listed: str = ""
    """The day it was entered in or taken off a list, when it differs from the act."""
    effective: str = ""
    """The day it took effect, when it differs from the act."""


class Value(Line, frozen=True, kw_only=True):
    """What is claimed, in words of the codebook. Which fields may be set depends on the predicate."""

    word: str
    measure: str = ""
    form: Literal["", "joint", "individual"] = ""
    stage: str = ""
    """Of a blocking statute: called for, proposed, adopted, in force, applied."""
    authority: str = ""
    """Subject id of who designated, or of who acted in an incident."""
    basis: str = ""
    """Legal basis, as the sources name it."""
    role: str = ""
    """What the target publicly is."""
    about: str = ""
    """Subject id that an act by another body concerns."""


class Claim(Line, frozen=True, kw_only=True):
    """Someone says that something was so at a time, resting on sources."""

    series: str
    step: int = 1
    """Place in the series: the order of events holds even where a day is not known."""
    subject: str
    predicate: str
    value: Value
    when: When
    summary: str = ""
    note: str = ""
    evidence: tuple[Evidence, ...]
    recorded_at: str
    """As `clock.to_text` writes it."""
    author: str
    corrects: str = ""
    """Id of the claim that this one replaces."""
    correction: Literal["", "error", "update", "withdrawn for safety"] = ""
    draft_row: str = ""
    """The draft's file and row, for who redoes the conversion."""


class Act(Line, frozen=True, kw_only=True):
    """What a person did with a claim: checked it against its sources, or published it with a release."""

    claim: str
    act: Literal["reviewed", "published"]
    by: str
    at: str
    release: str = ""


class Translation(Line, frozen=True, kw_only=True):
    """A text of the claims in the other three languages. It stands apart, so that a better one changes no claim."""

    en: str
    ar: str = ""
    fr: str = ""
    es: str = ""


class ClaimLine(Line, frozen=True, kw_only=True):
    """A line of claims.jsonl: the id beside what it is the hash of."""

    id: str
    claim: Claim


def claim_id(claim: Claim) -> str:
    """SHA-256 of the canonical form (RFC 8785), first 32 hex characters."""
    return hashlib.sha256(canonical_bytes(claim)).hexdigest()[:CLAIM_ID_CHARS]
