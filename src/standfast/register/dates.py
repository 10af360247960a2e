"""Dates of any precision as spans of days, so that "by this day" has a yes, a no and a not known."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from standfast.register.entry import When

SHAPES = {
    "day": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "inferred": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "month": re.compile(r"\d{4}-\d{2}"),
    "year": re.compile(r"\d{4}"),
    "unknown": re.compile(""),
}
"""What a date of each precision looks like: no more digits than are known."""


@dataclass(frozen=True, slots=True)
class Span:
    """First and last day on which something may have happened; None where nothing bounds it."""

    first: date | None
    last: date | None

    def by(self, day: date) -> bool | None:
        """Whether it had happened by the end of `day`: True, False, or None when the span does not say."""
        if self.last is not None and self.last <= day:
            return True
        if self.first is not None and self.first > day:
            return False
        return None


def fits(text: str, precision: str) -> bool:
    """Whether a date's text has the digits that its precision allows, and is a real date."""
    shape = SHAPES.get(precision)
    if shape is None or not shape.fullmatch(text):
        return False
    try:
        span_of_text(text)
    except ValueError:
        return False
    return True


def span_of_text(text: str) -> Span:
    """The days that `2025`, `2025-10` or `2025-10-07` covers; the empty text covers all.

    Raises:
        ValueError: not a date of one of these forms.
    """
    if not text:
        return Span(None, None)
    parts = [int(each) for each in text.split("-")]
    year, month, number = (*parts, 0, 0)[:3]
    if not month:
        return Span(date(year, 1, 1), date(year, 12, 31))
    if not number:
        return Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
    return Span(date(year, month, number), date(year, month, number))


def span_of(when: When) -> Span:
    """When an act took effect: the effective date if it has one, else the act's own."""
    return span_of_text(when.effective or when.at)


def sort_key(when: When) -> tuple[str, str]:
    """Newest last; undated first. A month sorts with its first day."""
    return (when.at, when.effective)
