"""What a report says, in four languages: words, numbers, durations, sizes, moments. It asks no clock and no locale."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

LANGUAGES = ("en", "ar", "fr", "es")
FOLDER = Path(__file__).with_name("words")
NAME_LIMIT = 240
"""Characters of a name that are shown; what is longer is cut."""
_JOINERS = "\u200c\u200d"
"""Part of ordinary words in several scripts."""
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@cache
def table(language: str) -> Mapping[str, Any]:
    """The words of a language, by key.

    Raises:
        ValueError: not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no report is written in {language!r}")
    loaded: Mapping[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str

    def __call__(self, key: str, **values: object) -> Markup:
        """The words for a key; values are escaped unless they are markup. A key that is not there is a KeyError."""
        return Markup(table(self.language)[key]).format(**values)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(table(self.language)["dir"])

    def has(self, key: str) -> bool:
        """Whether there are words for a key."""
        return key in table(self.language)

    def number(self, number: int) -> str:
        """A whole number with its groups; four digits stay together."""
        group = str(table(self.language)["group"]) if abs(number) >= 10_000 else ""
        return f"{number:,}".replace(",", group)

    def counted(self, key: str, number: int) -> str:
        """A number with its noun, in the form that the language asks for; no line breaks between the two."""
        forms = table(self.language)[key]
        return str(forms[plural(self.language, number)]).format(n=self.number(number)).replace(" ", "\u00a0")

    def duration(self, seconds: float) -> str:
        """In words, by at most two units, rounded up: a time is never told shorter than it was."""
        if seconds < 1:
            return str(self("under a second"))
        grain = 1 if seconds <= 3600 else 60 if seconds <= 86_400 else 3600
        rest = math.ceil(seconds / grain) * grain
        parts = []
        for unit in ("day", "hour", "minute", "second"):
            count, rest = divmod(rest, _SECONDS[unit])
            if count:
                parts.append(self.counted(unit, count))
        return str(self("join", a=parts[0], b=parts[1])) if len(parts) > 1 else parts[0]

    def size(self, size_bytes: int) -> str:
        """Decimal units, three digits at most."""
        units = table(self.language)["bytes"]
        value, unit = float(size_bytes), 0
        while value >= 999.5 and unit < len(units) - 1:
            value, unit = value / 1000, unit + 1
        digits = f"{value:.1f}" if unit and value < 99.95 else f"{value:.0f}"
        return f"{digits.removesuffix('.0').replace('.', table(self.language)['point'])}\u00a0{units[unit]}"

    def moment(self, moment: datetime) -> str:
        """A day and a time, in UTC; `moment` is in UTC."""
        words = table(self.language)
        day = "1er" if self.language == "fr" and moment.day == 1 else str(moment.day)
        month = words["months"][moment.month - 1]
        return str(words["moment"]).format(d=day, m=month, y=moment.year, time=f"{moment:%H:%M}")

    def name(self, untrusted_name: str) -> Markup:
        """A name from outside: kept apart from the direction of the text around it, and nothing in it acts."""
        return Markup("<bdi>{}</bdi>").format(harmless(untrusted_name))


def plural(language: str, number: int) -> str:
    """Which form of a noun goes with a count. Source: Unicode CLDR, plural rules for whole numbers."""
    if language == "ar":
        if number in (0, 1, 2):
            return ("zero", "one", "two")[number]
        tail = number % 100
        return "few" if 3 <= tail <= 10 else "many" if tail >= 11 else "other"
    return "one" if number == 1 or (language == "fr" and number == 0) else "other"


def harmless(untrusted_text: str) -> str:
    r"""Text in which every character can be seen: what turns the direction, hides or breaks lines becomes `<U+202E>`.

    Example:
        >>> harmless("invoice\u202efdp.exe"), harmless("تقرير.pdf")
        ('invoice<U+202E>fdp.exe', 'تقرير.pdf')
    """
    cut = untrusted_text if len(untrusted_text) <= NAME_LIMIT else untrusted_text[: NAME_LIMIT - 1] + "…"
    return "".join(char if _is_harmless(char) else f"<U+{ord(char):04X}>" for char in cut)


def _is_harmless(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def code(text: str) -> Markup:
    """Something to type or to compare, from left to right in every language."""
    return Markup('<code dir="ltr">{}</code>').format(escape(harmless(text)))
