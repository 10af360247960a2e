"""Small grammars of HTML that capture and restore read alike. Pure; each costs one pass over what it is given.

Pages are hostile input: a regular expression that backtracks, or a parser whose time grows with the square of
the nesting, would let one page hold a whole capture up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NESTING_LIMIT = 10_000
"""Elements within elements. The parser's time grows with the square: 0.2 s at this depth. Browsers stop at 512."""
FORMATTING_LIMIT = 100
"""Open formatting elements, which the standard makes anew in every block after them."""
_BLANK = "\t\n\f\r "
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_CLOSES_ITSELF = frozenset(
    (
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "param",
            "source",
            "track",
            "wbr",
        ),
        *("p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"),
        *("rp", "rt", "html", "head", "body", "script", "style", "title", "textarea", "iframe", "xmp", "noembed"),
    )
)
_FORMATTING = frozenset(("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"))
LAZY_TAGS = ("img", "source", "iframe", "video", "audio", "embed")
LAZY_ADDRESSES = ("data-src", "data-original", "data-lazy-src", "data-poster")
LAZY_SETS = ("data-srcset", "data-lazy-srcset")
"""Where themes keep the address of a picture until it is scrolled to."""
SETS = ("srcset", "imagesrcset")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One picture of a `srcset`."""

    address: str
    descriptor: str
    """As `2x` or `640w`; may be empty."""


def srcset_candidates(value: str) -> list[Candidate]:
    """The candidates of a `srcset`, by the standard's own steps (HTML, 4.8.4.2.1).

    Example:
        >>> [(each.address, each.descriptor) for each in srcset_candidates("a,b.png 2x, c.png,d.png 4x")]
        [('a,b.png', '2x'), ('c.png,d.png', '4x')]
    """
    found: list[Candidate] = []
    at, size = 0, len(value)
    while True:
        while at < size and value[at] in _BLANK + ",":
            at += 1
        start = at
        while at < size and value[at] not in _BLANK:
            at += 1
        if start == at:
            return found
        address = value[start:at]
        if address.endswith(","):
            found.append(Candidate(address.rstrip(","), ""))
            continue
        start, depth = at, 0
        while at < size and (depth or value[at] != ","):
            depth += {"(": 1, ")": -1}.get(value[at], 0) if depth or value[at] == "(" else 0
            at += 1
        found.append(Candidate(address, value[start:at].strip(_BLANK)))


def refresh_target(content: str) -> tuple[str, str]:
    """Delay and address of a `<meta http-equiv=refresh>`; an empty address where there is none.

    Example:
        >>> refresh_target("0; URL='/en/'"), refresh_target("5")
        (('0', '/en/'), ('5', ''))
    """
    text = content.strip(_BLANK)
    rest = text.lstrip("0123456789.")
    delay = text[: len(text) - len(rest)]
    rest = rest.lstrip(_BLANK + ";,")
    if rest[:3].lower() == "url" and rest[3:].lstrip(_BLANK).startswith("="):
        rest = rest[3:].lstrip(_BLANK)[1:].lstrip(_BLANK)
    if rest[:1] in ("'", '"'):
        rest = rest[1:].partition(rest[0])[0]
    return delay or "0", rest.strip(_BLANK)


def safe_length(text: str) -> int:
    """How much of a page may be given to an HTML parser: all of it, but for pages nested beyond any use."""
    depth = formatting = 0
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if name in _CLOSES_ITSELF:
            continue
        step = -1 if tag[1] else 1
        depth = max(0, depth + step)
        if name in _FORMATTING:
            formatting = max(0, formatting + step)
        if depth > NESTING_LIMIT or formatting > FORMATTING_LIMIT:
            return tag.start()
    return len(text)
