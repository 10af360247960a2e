"""Words as the index holds them, in Arabic, French, English, Spanish and whatever else has letters. Pure.

- Letters are compared without case, accents and marks: `é` finds `e`. An Arabic word is written in one way: without
  vowel marks and tatweel, each alef plain, ya for alef maqsura, ha for ta marbuta, hamza off its seat.
- What Arabic writes as one with the word (the article, `and`, `so`, `by`, `for`, `as`) is put before it when asking:
  who asks for a word finds it behind any of these. Nothing is cut off the words that are held, so that no two become
  one by mistake: `ورقة` (a sheet) does not find `الرقة` (a city).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

WORD_LIMIT = 64
"""Characters; what is longer is no word, and is cut there."""
SHORTEST_STEM = 2
_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[\u0621-\u064a\u066e-\u06d3]")
_DROPPED = re.compile("[\u0640\u200c-\u200f\u061c\u00ad]")
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),  # alef with madda, hamza above or below, wasla
        "\u0649": "\u064a",  # alef maqsura: ya
        "\u06cc": "\u064a",  # ya as Persian keyboards write it
        "\u0626": "\u064a",  # hamza on ya
        "\u0624": "\u0648",  # hamza on waw
        "\u0629": "\u0647",  # ta marbuta: ha
        "\u06a9": "\u0643",  # kaf as Persian keyboards write it
        "\u0621": None,  # hamza alone
        "œ": "oe",
        "æ": "ae",
        "ß": "ss",
    }
)
_ARTICLE = "\u0627\u0644"
_BEFORE_ARTICLE = ("", "\u0648", "\u0641", "\u0628", "\u0643", "\u0648\u0628", "\u0641\u0628", "\u0648\u0643")
_WITH_LAM = ("\u0644\u0644", "\u0648\u0644\u0644", "\u0641\u0644\u0644")
_WITHOUT_ARTICLE = (
    *("\u0648", "\u0641", "\u0628", "\u0643", "\u0644"),
    *("\u0648\u0628", "\u0648\u0644", "\u0648\u0643", "\u0641\u0628", "\u0641\u0644"),
)
_PREFIXES = (*(f"{before}{_ARTICLE}" for before in _BEFORE_ARTICLE), *_WITH_LAM)
"""What holds the article; each of these may be taken off a word that is asked for."""


def fold(text: str) -> str:
    """The text with every letter in the one way that words are compared in. Its length may differ.

    Example:
        >>> fold("Témoignage À L'ÉTÉ"), fold("شَهَادَةُ الأُسْتاذِ إلى مـحـمـد")
        ("temoignage a l'ete", 'شهاده الاستاذ الي محمد')
    """
    if text.isascii():
        return text.lower()
    # A letter that carries its hamza composed comes apart in NFKD; the plain letter stays, as the table has it.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(_ALIKE).lower())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return _DROPPED.sub("", kept).translate(_ALIKE)


def words_of(text: str) -> Iterator[str]:
    """The words of a text, folded, in order.

    Example:
        >>> list(words_of("l’avocate: déposition n°2"))
        ['l', 'avocate', 'deposition', 'n', '2']
    """
    for found in _WORD.finditer(fold(text)):
        yield found[0][:WORD_LIMIT]


def spellings(word: str) -> list[str]:
    """What to look for when a folded word is asked for: itself, and in Arabic itself behind what is written with it.

    Example:
        >>> "وبالشهاده" in spellings("شهاده"), "للشهاده" in spellings("الشهاده"), spellings("court")
        (True, True, ['court'])
    """
    if not _ARABIC.search(word):
        return [word]
    stems = dict.fromkeys([word, *_without_article(word)])
    found = dict.fromkeys(stems)
    for stem in stems:
        if len(stem) >= SHORTEST_STEM:
            found.update(dict.fromkeys(prefix + stem for prefix in (*_PREFIXES, *_WITHOUT_ARTICLE)))
            if stem.startswith("\u0644"):
                # Before a lam, `for the` is written with one lam less.
                found.update(dict.fromkeys(lam[:-1] + stem for lam in _WITH_LAM))
    return list(found)


def _without_article(word: str) -> Iterator[str]:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= SHORTEST_STEM:
            yield word[len(prefix) :]
