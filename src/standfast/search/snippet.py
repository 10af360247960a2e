"""A few words around what was found, fit to be shown."""

from __future__ import annotations

import re
import unicodedata

from standfast.search.words import fold

AROUND = 12
"""Words before and after."""
LIMIT = 300
# Marks stand within a word, as vowels in Arabic do.
_TOKEN = re.compile("[^\\W_](?:[^\\W_]|[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670])*")
_HIDING = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


def snippet(text: str, words: frozenset[str]) -> str:
    r"""The first place where a text has one of these folded words; its beginning where it has none.

    Example:
        >>> snippet("one two\r\n\x1b[2J three Témoin four", frozenset({"temoin"}))
        'one two [2J three Témoin four'
    """
    at = next((found.start() for found in _TOKEN.finditer(text) if fold(found[0]) in words), 0)
    start = _step(text, at, -AROUND)
    end = _step(text, at, AROUND)
    said = harmless(text[start:end])
    return f"{'… ' if start else ''}{said[:LIMIT]}{' …' if end < len(text) or len(said) > LIMIT else ''}"


def harmless(untrusted_text: str) -> str:
    """Text on one line, without what acts on a terminal or turns the reading order."""
    kept = (char if char in _JOINERS or unicodedata.category(char) not in _HIDING else " " for char in untrusted_text)
    return " ".join("".join(kept).split())


def _step(text: str, at: int, count: int) -> int:
    """So many words on, or back; no further than a line of letters without spaces may be."""
    if count < 0:
        found = [each.start() for each in _TOKEN.finditer(text, max(0, at - LIMIT), at)]
        return found[count] if len(found) >= -count else max(0, at - LIMIT) if at > LIMIT else 0
    found = [each.end() for each, _ in zip(_TOKEN.finditer(text, at, at + LIMIT), range(count), strict=False)]
    whole = len(found) < count and at + LIMIT >= len(text)
    return len(text) if whole else (found[-1] if found else min(len(text), at + LIMIT))
