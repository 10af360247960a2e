"""The table's cells: what is sourced of a State and a measure. Computed words, never a number, never typed in.

No claim reads "no information", which says nothing about the State. A cell whose sources contradict each other, or
that has acts both ways, is disputed: both sides stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from standfast.register import codebook
from standfast.register.view import Entry, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One State, one measure, one day."""

    iso3: str
    measure: str
    word: str
    """A word of `codebook.CELL_WORDS`."""
    form: str = ""
    """joint when only joint acts carry the word, individual when one act at least is its own; empty without acts."""
    stage: str = ""
    """Measure 5: the furthest stage sourced."""
    claims: tuple[str, ...] = ()
    drafts: bool = False
    """Whether a claim behind it is still a draft."""


def cell(view: View, iso3: str, measure: str, day: date) -> Cell:
    """The cell at the end of a day."""
    acts = [
        each
        for each in view.by_subject.get(iso3, ())
        if each.claim.predicate == "act on a measure"
        and each.claim.subject == iso3
        and each.claim.value.measure == measure
        and each.happened_by(day) is True
    ]
    if not acts:
        return Cell(iso3=iso3, measure=measure, word=codebook.NO_INFORMATION)
    word = _word(acts)
    carrying = [each for each in acts if each.claim.value.word == word] or acts
    forms = {each.claim.value.form for each in carrying}
    stages = [each.claim.value.stage for each in acts if each.claim.value.stage in codebook.BLOCKING_STAGES]
    return Cell(
        iso3=iso3,
        measure=measure,
        word=word,
        form="individual" if "individual" in forms else "joint",
        stage=max(stages, key=codebook.BLOCKING_STAGES.index, default=""),
        claims=tuple(each.id for each in acts),
        drafts=any(each.stage == "draft" for each in acts),
    )


def cells_of(view: View, iso3: str, day: date) -> list[Cell]:
    """The nine cells of a State."""
    return [cell(view, iso3, measure, day) for measure in codebook.MEASURES]


def _word(acts: list[Entry]) -> str:
    words = {each.claim.value.word for each in acts}
    if any(each.confidence == "disputed" for each in acts):
        return codebook.DISPUTED
    if codebook.CONTRARY in words and len(words) > 1:
        return codebook.DISPUTED
    return next(each for each in codebook.STANCES if each in words)
