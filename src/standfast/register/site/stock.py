"""What every page draws from: one register, one day, one language. Nothing here is read from the disk again."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from standfast.register import codebook, dates
from standfast.register.entry import Evidence, Subject
from standfast.register.evidence import HeldEvidence
from standfast.register.export import shown
from standfast.register.release import LogReceipt, Release
from standfast.register.site.spells import Spell
from standfast.register.site.words import Words
from standfast.register.view import Entry, View

LIST_ROWS = 60
"""Claims on one page: with four sources each it stays far below 150 kB. The rest goes on further pages."""
CODES = {
    codebook.SOURCED: "s",
    codebook.CALLED_FOR: "a",
    codebook.CONTRARY: "c",
    codebook.DISPUTED: "d",
    codebook.NO_INFORMATION: "n",
}
"""Class of a word in the style sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all languages share."""

    view: View
    day: date
    held: Mapping[str, HeldEvidence]
    """Of every capture that a claim names and a store holds, by digest."""
    releases: Sequence[tuple[str, Release, LogReceipt | None]]
    targets: frozenset[str]
    """Subjects against which a designation or an incident is recorded."""
    days: Sequence[date]
    """Days with an event and the day of the build, in order."""
    counts: Mapping[date, tuple[int, int]]
    """Of each of these days: States Parties, and States whose membership is disputed."""
    spells: Sequence[Spell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page to write."""

    path: str
    """Below the language's folder."""
    template: str
    kind: str
    title: str
    context: Mapping[str, Any]
    about: str = ""
    data: str = ""
    """Address of its JSON from the site's root."""
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class Stock:
    """Shared things in one language, and the pieces that pages are made of."""

    shared: Shared
    words: Words
    _addresses: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def view(self) -> View:
        """The register as it is shown."""
        return self.shared.view

    def subject(self, key: str) -> Subject:
        """A subject by its id."""
        return self.view.data.subjects[key]

    def address(self, key: str) -> str:
        """Where a subject's page stands, below the language's folder."""
        return address(self.shared, key)

    def cards(self, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        """Claims as lists show them, newest first; undated ones at the end."""
        ordered = sorted(entries, key=lambda each: (dates.sort_key(each.claim.when), each.id), reverse=True)
        return [self.card(each) for each in ordered]

    def card(self, entry: Entry) -> dict[str, Any]:
        """One claim."""
        claim, value = entry.claim, entry.claim.value
        subject = self.view.data.subjects[claim.subject]
        card: dict[str, Any] = {
            "id": entry.id,
            "at": claim.when.at,
            "date": self.words.when(claim.when),
            "status": entry.status,
            "confidence": entry.confidence,
            "measure": value.measure,
            "form": value.form,
            "stage": value.stage,
            "subject_name": self.words.name(subject),
            "subject_url": self.address(subject.id),
            "headline": self.words("why.withdrawn for safety"),
            "summary": "",
            "basis": "",
            "sources": [],
            "authority_name": "",
            "authority_url": "",
            "word_class": CODES.get("disputed" if entry.confidence == "disputed" else value.word, ""),
        }
        if not shown(entry):
            return {**card, "date": ""}
        card["headline"] = self.headline(entry)
        card["summary"] = self.words.text(claim.summary) if claim.summary else ""
        card["basis"] = self.words.text(value.basis) if value.basis else ""
        card["sources"] = [self.link(each) for each in claim.evidence]
        if value.authority:
            card["authority_name"] = self.words.name(self.subject(value.authority))
            card["authority_url"] = self.address(value.authority)
        return card

    def headline(self, entry: Entry) -> str:
        """What a claim says, in a few words of the codebook."""
        claim, word = entry.claim, entry.claim.value.word
        if claim.predicate == "regional group":
            return f"{self.words('groups')}: {self.words('group.' + word)}"
        if claim.predicate == "act on a measure":
            return self.words("w." + word)
        if claim.predicate == "other act":
            return self.words("act")
        return self.words("e." + word)

    def title(self, entry: Entry) -> str:
        """The same with its subject, for titles and feeds."""
        return f"{self.words.plain_name(self.subject(entry.claim.subject))}: {self.headline(entry)}"

    def link(self, evidence: Evidence) -> dict[str, Any]:
        """One source of a claim, as lists show it."""
        source = self.view.data.sources.get(evidence.source)
        return {
            "id": evidence.source,
            "publisher": source.publisher if source else evidence.source,
            "against": evidence.stance == "contradicts",
            "on": evidence.on,
            "says": evidence.says,
        }

    def cell_words(self, word: str, form: str, stage: str) -> Markup:
        """A cell's words: with `joint` when only joint acts stand behind it, and the stage of a blocking statute."""
        said = escape(self.words("w." + word))
        joined = form == "joint" and word in (codebook.SOURCED, codebook.CALLED_FOR)
        return Markup("{}{}{}").format(said, self.comma, self.words("form.joint")) if joined else said

    @property
    def comma(self) -> str:
        """Between the parts of a list, with its space."""
        return "، " if self.words.language == "ar" else ", "

    def sorted_states(self, keys: Iterable[str]) -> list[str]:
        """ISO codes in the order of their names in this language, by base letters."""
        return sorted(keys, key=lambda key: fold(self.words.plain_name(self.subject(key))))


def address(shared: Shared, key: str) -> str:
    """As `Stock.address`."""
    kind = shared.view.data.subjects[key].kind
    if kind == "state":
        return f"state/{key}.html"
    if kind == "authority":
        return f"authority/{key}.html"
    return f"target/{key}.html" if key in shared.targets else f"body/{key}.html"


def fold(text: str) -> str:
    """Letters without accents, in lower case, for sorting and finding; Arabic without marks, alef and ya made one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(each for each in plain if not unicodedata.combining(each) and each != "\u0640")
    return plain.translate(_ARABIC)


_ARABIC = str.maketrans("أإآٱىةؤئ", "ااااي" + "هوي")


def has_drafts(entries: Iterable[Entry]) -> bool:
    """Whether one of them is a draft: then the page says so."""
    return any(each.stage == "draft" for each in entries)


def event_days(view: View) -> list[date]:
    """Days, known to the day, with a designation, an incident, an act, or a membership that began or ended."""
    found = set()
    for each in view.current():
        claim = each.claim
        if len(claim.when.at) != 10 or claim.predicate == "regional group":
            continue
        if claim.predicate == "membership" and claim.value.word not in (
            "in force",
            "withdrawal notified",
            "withdrawal effective",
        ):
            continue
        if claim.value.measure in ("4c", "4d"):
            continue  # treaty dates of each State would bury the days on which something happened to someone
        found.add(date.fromisoformat(claim.when.at))
    return sorted(found)
