"""How pages and style sheets are read as text: charsets, srcset, references in CSS. Text in, text out.

Capture finds addresses with it and restore rewrites them, so both read a document alike.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import tinycss2
import webencodings

_META = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_CSS_CHARSET = re.compile(rb'@charset "([A-Za-z0-9_:.-]{2,40})"\s*;')
_XML = re.compile(rb"""<\?xml[^>]+encoding\s*=\s*["']([A-Za-z0-9_:.-]{2,40})""")
_SNIFFED_BYTES = 4096
_ARABIC_BYTES_SHARE = 0.3

StyleUse = Literal["import", "url"]


@dataclass(frozen=True, slots=True)
class StyleReference:
    """An address as it stands in a style sheet, and whether it brings in a further sheet."""

    text: str
    use: StyleUse


def decode_page(body: bytes, content_type: str) -> tuple[str, str]:
    """A page as text, and the charset that was taken: as browsers do, and for pages that name none, a guess.

    Order: byte order mark, the server's charset, what the page says of itself, UTF-8 where it fits, and for what is
    left windows-1256 where most letters would be Arabic, else windows-1252. Nothing is refused: what can't be read
    becomes U+FFFD.
    """
    head = body[:_SNIFFED_BYTES]
    named = _CHARSET.search(content_type)
    inside = _META.search(head) or _XML.match(head)
    return _decode(body, (named[1] if named else "", inside[1].decode("ascii") if inside else ""))


def decode_style(body: bytes, content_type: str, of_page: str = "utf-8") -> str:
    """The text of a style sheet: byte order mark, the server's charset, its own `@charset`, that of the page."""
    named, inside = _CHARSET.search(content_type), _CSS_CHARSET.match(body)
    labels = (named[1] if named else "", inside[1].decode("ascii") if inside else "", of_page)
    return _decode(body, labels)[0]


def _decode(body: bytes, labels: tuple[str, ...]) -> tuple[str, str]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name
    for label in labels:
        encoding = webencodings.lookup(label) if label else None
        if encoding is not None:
            return encoding.codec_info.decode(body, "replace")[0], str(encoding.name)
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        guess = _guess(body)
        return body.decode(guess, "replace"), guess


def _guess(body: bytes) -> str:
    text = body.decode("windows-1256", "replace")
    letters = [char for char in text[: 64 * 1024] if char.isalpha() and not char.isascii()]
    arabic = sum("\u0600" <= char <= "\u06ff" for char in letters)
    high = sum(byte >= 0x80 for byte in body[: 64 * 1024])
    # In French or Spanish a letter in thirty has its accent; in Arabic nearly every one is above 0x80.
    dense = high > _ARABIC_BYTES_SHARE * min(len(body), 64 * 1024)
    return "windows-1256" if letters and arabic > len(letters) / 2 and dense else "windows-1252"


def split_srcset(text: str) -> list[tuple[str, str]]:
    """The candidates of a srcset with their descriptors, as the HTML standard splits them: an address may hold a comma.

    Example:
        >>> split_srcset("/a,b.png 2x, /c.png 3x,/d.png 4x")
        [('/a,b.png', '2x'), ('/c.png', '3x'), ('/d.png', '4x')]
        >>> split_srcset("data:image/png;base64,AA 1x, e.png")
        [('data:image/png;base64,AA', '1x'), ('e.png', '')]
    """
    out: list[tuple[str, str]] = []
    at = 0
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == ","):
            at += 1
        if at >= len(text):
            return out
        start = at
        while at < len(text) and not text[at].isspace():
            at += 1
        address = text[start:at]
        if address.endswith(","):
            out.append((address.rstrip(","), ""))
            continue
        start, depth = at, 0
        while at < len(text) and (text[at] != "," or depth):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        out.append((address, text[start:at].strip()))


def style_references(text: str) -> list[StyleReference]:
    """Every address that a style sheet or a style attribute names, in its order; `data:` left out."""
    tokens = tinycss2.parse_component_value_list(text)
    found = (StyleReference(str(token.value), use) for token, use in _addresses(tokens))
    return [each for each in found if each.text and not each.text.lower().startswith("data:")]


def map_style(text: str, change: Callable[[StyleReference], str]) -> str:
    """The style sheet with each address replaced by what `change` gives for it; all else stays.

    Raises:
        ValueError: blocks nested deeper than this interpreter can write.
    """
    tokens = tinycss2.parse_component_value_list(text)
    for token, use in _addresses(tokens):
        reference = StyleReference(str(token.value), use)
        if not reference.text or reference.text.lower().startswith("data:"):
            continue
        token.value = change(reference)
        token.representation = _quoted(token.value, bare=token.type == "url")
    try:
        return str(tinycss2.serialize(tokens))
    except RecursionError as why:
        raise ValueError("its blocks are nested too deep") from why


def _quoted(value: str, *, bare: bool) -> str:
    escaped = re.sub(r'["\\\n\r\f\0<]', lambda found: f"\\{ord(found[0]):x} ", value)
    return f'url("{escaped}")' if bare else f'"{escaped}"'


def _addresses(tokens: list[Any]) -> Iterator[tuple[Any, StyleUse]]:
    """The tokens that hold an address. No recursion: how deep it is nested is the document's choice."""
    work: list[tuple[list[Any], str]] = [(tokens, "")]
    while work:
        level, inside = work.pop()
        importing = False
        for token in level:
            kind = token.type
            if kind == "at-keyword":
                importing = token.lower_value == "import"
            elif kind in ("whitespace", "comment"):
                continue
            elif kind == "url":
                yield token, "import" if importing else "url"
                importing = False
            elif kind == "string" and (importing or inside in ("url", "image-set", "-webkit-image-set", "src")):
                yield token, "import" if importing or inside == "import-url" else "url"
                importing = False
            elif kind == "string" and inside == "import-url":
                yield token, "import"
            elif kind == "function":
                name = token.lower_name
                work.append((token.arguments, "import-url" if importing and name == "url" else name))
                importing = False
            elif kind in ("{} block", "() block", "[] block"):
                work.append((token.content, ""))
                importing = False
            else:
                importing = False
