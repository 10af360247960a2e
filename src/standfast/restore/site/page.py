"""Moves the addresses in a page, and takes out what would call the old host or a third party.

What a page loads (pictures, sheets, scripts, frames) points to its place in the restored site, or to nothing when it
is not held: the old address then stands in `data-standfast-missing`. What a reader may follow (links) points to its
place, or stays as it was. Inline scripts are left alone.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from standfast.holdings.hypertext import (
    LAZY_ADDRESSES,
    LAZY_SETS,
    LAZY_TAGS,
    SETS,
    refresh_target,
    safe_length,
    srcset_candidates,
)
from standfast.restore.site.css import move_inline_css

FindPlace = Callable[[str], str | None]
"""An absolute address → a relative link to its place; None when it is not held."""

LOADED = {
    "img": ("src",),
    "script": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "source": ("src",),
    "track": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "input": ("src",),
    "object": ("data",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
}
FOLLOWED = ("a", "area")
LOADED_LINKS = {
    "stylesheet",
    "icon",
    "apple-touch-icon",
    "mask-icon",
    "manifest",
    "preload",
    "modulepreload",
    "prefetch",
}
DROPPED_LINKS = {"preconnect", "dns-prefetch", "pingback"}
META_ADDRESSES = {"og:image", "og:url", "og:video", "og:audio", "twitter:image", "og:image:secure_url"}
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
SNIFFED_BYTES = 4096
GUESSED_BYTES = 256 * 1024
_HIGH_WORDS = re.compile(rb"[\x80-\xff]+")
_ARABIC_RUN = 3
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linker:
    """How a page's addresses become links: `find` for what is held, `moved` for canonical addresses."""

    find: FindPlace
    moved: Callable[[str], str]


def page_text(payload: bytes, charset: str) -> str:
    """A page as text: by its byte order mark, its header's charset, its own, as UTF-8, or by a guess.

    Old Arabic pages often name no charset: browsers tell windows-1256 from windows-1252 by the letters, and so must we,
    since what is written here is UTF-8 for good.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(name, "replace")
    found = META_CHARSET.search(payload[:SNIFFED_BYTES])
    for name in (charset, found[1].decode() if found else ""):
        if name:
            try:
                return payload.decode(_codec(name), "replace")
            except LookupError:
                continue
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode(_guess(payload), "replace")


def move_page(text: str, url: str, linker: Linker) -> bytes:
    """The page for its new place, in UTF-8.

    Raises:
        ValueError: it is nested so deep that it can't be read safely.
    """
    if safe_length(text) < len(text):
        raise ValueError("the page is nested too deep to be restored; `standfast export` gives its bytes")
    tree = LexborHTMLParser(text)
    base = url
    for node in tree.css("base"):
        base = urljoin(url, node.attributes.get("href") or "") if base == url else base
        node.decompose()
    mover = _Mover(base, linker)
    for node in tree.css("*"):
        mover.move(node)
    for node in mover.dropped:
        node.decompose()
    html = tree.html or ""
    # Said first, so that a disk without headers shows it rightly.
    marked = re.sub(r"(<head[^>]*>)", r'\1<meta charset="utf-8">', html, count=1)
    doctype = "" if marked[:20].lower().startswith("<!doctype") else "<!DOCTYPE html>\n" if _had_doctype(text) else ""
    return (doctype + marked).encode("utf-8", "replace")


def move_candidates(value: str, move: Callable[[str], str | None]) -> str:
    """A `srcset`; candidates that are not held are left out."""
    kept = []
    for each in srcset_candidates(value):
        place = each.address if each.address.startswith("data:") else move(each.address)
        if place is not None:
            kept.append(f"{place} {each.descriptor}".rstrip())
    return ", ".join(kept)


class _Mover:
    """Moves what one element holds."""

    def __init__(self, base: str, linker: Linker) -> None:
        self._base, self._linker = base, linker
        self.dropped: list[LexborNode] = []

    def move(self, node: LexborNode) -> None:
        tag = node.tag
        attributes = node.attributes
        if tag in FOLLOWED:
            self._follow(node, attributes)
        elif tag == "link":
            self._link(node, attributes)
        elif tag == "meta":
            self._meta(node, attributes)
        elif tag == "style":
            self._style(node)
        for name in LOADED.get(tag or "", ()):
            if attributes.get(name):
                self._load(node, name, attributes[name] or "")
        for name in LAZY_ADDRESSES if tag in LAZY_TAGS else ():
            if attributes.get(name):
                self._load(node, name, attributes[name] or "")
        for name in (*SETS, *LAZY_SETS):
            if attributes.get(name):
                self._set(node, name, move_candidates(attributes[name] or "", self._found))
        if attributes.get("style"):
            self._set(node, "style", move_inline_css(attributes["style"] or "", self._in_css))
        for name in ("integrity", "crossorigin", "nonce", "ping"):
            if name in attributes:
                del node.attrs[name]

    def _follow(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        href = attributes.get("href")
        if href:
            place = self._found(href)
            if place is not None:
                self._set(node, "href", place)
            elif not href.startswith("#"):
                self._set(node, "href", self._absolute(href))

    def _link(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        kinds = set((attributes.get("rel") or "").lower().split())
        href = attributes.get("href") or ""
        if kinds & DROPPED_LINKS:
            self.dropped.append(node)
        elif "canonical" in kinds:
            self._set(node, "href", self._linker.moved(self._absolute(href)))
        elif kinds & LOADED_LINKS:
            self._load(node, "href", href)
        elif href:
            self._set(node, "href", self._found(href) or self._absolute(href))

    def _meta(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        equivalent = (attributes.get("http-equiv") or "").lower()
        content = attributes.get("content") or ""
        if "charset" in attributes or equivalent in ("content-type", "content-security-policy"):
            self.dropped.append(node)
        elif equivalent == "refresh":
            delay, address = refresh_target(content)
            if address:
                self._set(node, "content", f"{delay};url={self._found(address) or self._absolute(address)}")
        elif (attributes.get("property") or attributes.get("name") or "").lower() in META_ADDRESSES and content:
            self._set(node, "content", self._linker.moved(self._absolute(content)))

    def _style(self, node: LexborNode) -> None:
        text = node.text(deep=True) or ""
        moved = move_inline_css(text, self._in_css)
        if moved != text:
            node.inner_html = moved.replace("</", "<\\/")

    def _load(self, node: LexborNode, name: str, value: str) -> None:
        if value.startswith(("data:", "#", "blob:", "about:", "javascript:")):
            return
        place = self._found(value)
        if place is not None:
            self._set(node, name, place)
            return
        # Nothing is asked of a host that is gone, or of one that would learn who reads.
        self._set(node, "data-standfast-missing", self._absolute(value))
        del node.attrs[name]

    def _in_css(self, value: str) -> str:
        if value.startswith(("data:", "#")) or not value:
            return value
        return self._found(value) or "about:blank"

    def _found(self, value: str) -> str | None:
        address, mark, fragment = value.strip().partition("#")
        if not address:
            return value.strip() if mark else None
        if re.match(r"(?i)(mailto|tel|data|javascript|blob|about):", address):
            return value
        place = self._linker.find(self._absolute(address))
        return None if place is None else place + mark + fragment

    def _absolute(self, value: str) -> str:
        try:
            return urljoin(self._base, re.sub(r"[\t\r\n]", "", value.strip()))
        except ValueError:
            return value

    @staticmethod
    def _set(node: LexborNode, name: str, value: str) -> None:
        node.attrs[name] = value


def _had_doctype(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:9].lower() == "<!doctype"


def _guess(payload: bytes) -> str:
    """In Arabic nearly every letter is above 0x7F, and they stand together; in French or Spanish one here and there."""
    words = _HIGH_WORDS.findall(payload[:GUESSED_BYTES])
    high = sum(map(len, words))
    long = sum(len(word) for word in words if len(word) >= _ARABIC_RUN)
    text = b" ".join(words).decode("cp1256", "replace")
    arabic = sum("\u0600" <= char <= "\u06ff" for char in text)
    return "cp1256" if long > high / 2 and arabic > high / 2 else "cp1252"


def _codec(name: str) -> str:
    """A charset by its web name; what browsers read as windows-1252 is read so here."""
    plain = name.lower().strip()
    return {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252"}.get(plain, plain)
