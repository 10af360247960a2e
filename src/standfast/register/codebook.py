"""The closed codebook: which predicates there are, and which words each may use. Words for people: site/words/."""

from __future__ import annotations

from dataclasses import dataclass, field

MEASURES = ("1", "2", "3", "4a", "4b", "4c", "4d", "5", "6")
"""The nine columns; docs/register/method.md says what counts for each."""

SOURCED = "act sourced"
CALLED_FOR = "announced or called for"
CONTRARY = "act to the contrary sourced"
DISPUTED = "disputed"
NO_INFORMATION = "no information"
CELL_WORDS = (SOURCED, CALLED_FOR, CONTRARY, DISPUTED, NO_INFORMATION)
STANCES = (SOURCED, CALLED_FOR, CONTRARY)

BLOCKING_STAGES = ("called for", "proposed", "adopted", "in force", "applied")
GROUPS = ("African", "Asia-Pacific", "Eastern European", "GRULAC", "WEOG")
TIERS = ("primary", "republished primary", "agency", "organisation", "rewrite")
CONFIDENCES = ("primary", "republished primary", "two independent", "single", "disputed")
DETAILS = ("date", "number", "names", "reason", "fact")

DESIGNATION_STATES = {
    "designated": "designated",
    "amended": "",
    "enjoined": "enjoined",
    "delisted": "delisted",
    "relisted": "relisted",
    "declared unlawful": "declared unlawful",
    "objection rejected": "",
    "wanted": "wanted",
    "entry barred": "entry barred",
    "convicted in absentia": "convicted in absentia",
}
"""Event of a designation's series, and the state it leads to. Empty: the state before it goes on."""

MEMBERSHIP_EVENTS = (
    "signed",
    "deposited: ratification",
    "deposited: accession",
    "deposited: acceptance",
    "deposited: approval",
    "deposited: succession",
    "in force",
    "withdrawal notified",
    "withdrawal effective",
    "withdrawal rescinded",
)

INCIDENTS = (
    "account lost",
    "bank access lost",
    "bank account closed",
    "channel removed",
    "cyber incident",
    "office closed",
    "office destroyed",
    "office raided and sealed",
    "site blocked",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """One kind of claim: its words, the subjects it may have, the fields it must and may set."""

    words: tuple[str, ...]
    subjects: tuple[str, ...]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = field(default=())


PREDICATES = {
    "membership": Predicate(words=MEMBERSHIP_EVENTS, subjects=("state",)),
    "regional group": Predicate(words=GROUPS, subjects=("state",)),
    "act on a measure": Predicate(
        words=STANCES, subjects=("state", "body", "organisation"), needs=("measure", "form"), may=("stage", "about")
    ),
    "other act": Predicate(words=("act",), subjects=("state", "body"), needs=("form",), may=("measure", "about")),
    "designation": Predicate(
        words=tuple(DESIGNATION_STATES),
        subjects=("person", "organisation"),
        needs=("authority", "role"),
        may=("basis",),
    ),
    "incident": Predicate(
        words=INCIDENTS, subjects=("person", "organisation", "body"), needs=("authority",), may=("role",)
    ),
}
"""Every predicate of the register."""

NEGATIVE_WORDS = (CONTRARY,)
"""Words that say that a State did the opposite. They need a source like any other; silence is never one of them."""
