"""What the site says in each language: its own words, dates, names, and the texts of claims."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from standfast.register.entry import Subject, Translation, When

FOLDER = Path(__file__).with_name("words")


@cache
def table(language: str) -> Mapping[str, Any]:
    """The words of a language, by key."""
    loaded: Mapping[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class Words:
    """One language, over the translations of a register."""

    language: str
    translations: Mapping[str, Translation]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(table(self.language)["dir"])

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key. A key that is not there is a defect of ours, and raises KeyError."""
        words = table(self.language)[key]
        return str(words).format(**values) if values else str(words)

    def day(self, day: date | str) -> str:
        """A date of day, month or year precision, in words."""
        text = day if isinstance(day, str) else day.isoformat()
        parts = [int(each) for each in text.split("-")]
        words = table(self.language)
        kind = ("year", "month", "day")[len(parts) - 1]
        month = words["months"][parts[1] - 1] if len(parts) > 1 else ""
        number = f"{parts[2]}{'er' if self.language == 'fr' and parts[2] == 1 else ''}" if len(parts) > 2 else ""
        return str(words[f"date.{kind}"]).format(d=number, m=month, y=parts[0])

    def when(self, when: When) -> str:
        """A claim's date in words; an inferred or unknown one says so."""
        if not when.at:
            return self("date.unknown")
        said = self.day(when.at)
        return self("date.inferred", date=said) if when.precision == "inferred" else said

    def name(self, subject: Subject) -> Markup:
        """A subject's name; an English one among other words is marked as English."""
        said = getattr(subject.name, self.language)
        if said or self.language == "en":
            return escape(said or subject.name.en)
        if self.language in ("fr", "es"):
            return escape(subject.name.en)
        return self.english(subject.name.en)

    def plain_name(self, subject: Subject) -> str:
        """The same without marks, for titles."""
        return subject.name.of(self.language)

    def text(self, english: str) -> Markup:
        """A text of the claims: its translation, else the English one, marked."""
        found = self.translations.get(english)
        said = getattr(found, self.language) if found else ""
        if self.language == "en" or said:
            return escape(said or english)
        return self.english(english)

    def english(self, text: str) -> Markup:
        """English words in a page of another language, with their language and direction."""
        if self.language == "en":
            return escape(text)
        return Markup('<span lang="en" dir="ltr">{}</span>').format(text)
