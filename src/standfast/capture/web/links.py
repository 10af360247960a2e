"""What a document leads to: pages to follow, and what they need to be shown. Bytes in, addresses out."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import tinycss2
from lxml import etree
from selectolax.lexbor import LexborHTMLParser
from tinycss2 import ast

from standfast.capture.web.addresses import absolute
from standfast.capture.web.manifests import manifest_addresses
from standfast.holdings.hypertext import (
    LAZY_ADDRESSES,
    LAZY_SETS,
    LAZY_TAGS,
    SETS,
    refresh_target,
    safe_length,
    srcset_candidates,
)

PAGE_TYPES = ("text/html", "application/xhtml+xml")
CSS_TYPES = ("text/css",)
XML_TYPES = ("application/xml", "text/xml", "application/rss+xml", "application/atom+xml")
SVG_TYPES = ("image/svg+xml",)
MANIFEST_TYPES = ("application/manifest+json",)
DOCUMENT_LIMIT = 16 * 1024 * 1024
STYLE_LIMIT = 4 * 1024 * 1024
"""Longer sheets are searched for `url(` alone: their parser takes 3 s a MiB."""
_HAS_ADDRESS = re.compile(r"url\(|@import|image(-set)?\(|src\(", re.I)
_PLAIN_URL = re.compile(r"url\(\s?[\"']?([^\"'()\s]{1,8192})", re.I)
LINKS_LIMIT = 50_000
DEPTH_LIMIT = 64

NEEDED = {
    "img": ("src",),
    "script": ("src",),
    "embed": ("src",),
    "source": ("src",),
    "track": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "input": ("src",),
    "object": ("data",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
    "iframe": ("src",),
    "frame": ("src",),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
}
NEEDED_LINKS = {
    "stylesheet",
    "icon",
    "apple-touch-icon",
    "mask-icon",
    "manifest",
    "preload",
    "modulepreload",
    "prefetch",
}
IGNORED_LINKS = {"preconnect", "dns-prefetch", "pingback", "edituri", "wlwmanifest", "search"}
NEEDED_META = {"og:image", "og:image:secure_url", "twitter:image", "og:video", "og:audio"}
STRING_FUNCTIONS = ("url", "src", "image-set", "-webkit-image-set", "image")


@dataclass(slots=True)
class Links:
    """Normal addresses, in order of first sight."""

    pages: dict[str, None] = field(default_factory=dict)
    needed: dict[str, None] = field(default_factory=dict)
    cut: bool = False
    """The document is beyond a limit: what lies past it was not looked for."""

    def page(self, base: str, reference: str | None) -> None:
        """Something a reader may follow."""
        self._put(self.pages, base, reference)

    def need(self, base: str, reference: str | None) -> None:
        """Something the document loads."""
        self._put(self.needed, base, reference)

    def add(self, other: Links) -> None:
        """All of another document's too."""
        self.pages.update(other.pages)
        self.needed.update(other.needed)

    def _put(self, where: dict[str, None], base: str, reference: str | None) -> None:
        url = absolute(base, reference) if reference else None
        if url and len(where) >= LINKS_LIMIT:
            self.cut = True
        elif url:
            where[url] = None


def find_links(url: str, media_type: str, payload: bytes, text: str) -> Links:
    """The links of a document.

    Args:
        url: where it was found.
        media_type: as it was served; of other types than pages, sheets, XML and SVG nothing is read.
        payload: its bytes, decoded.
        text: the same as text.
    """
    links = Links()
    if len(payload) > DOCUMENT_LIMIT:
        links.cut = media_type in (*PAGE_TYPES, *CSS_TYPES, *SVG_TYPES, *XML_TYPES)
        return links
    if media_type in PAGE_TYPES:
        _in_page(url, text, links)
    elif media_type in CSS_TYPES:
        for reference in css_addresses(text):
            links.need(url, reference)
    elif media_type in SVG_TYPES:
        _in_page(url, text, links)
    elif media_type in MANIFEST_TYPES:
        for address in manifest_addresses(payload):
            links.need(url, address)
    elif media_type in XML_TYPES or url.endswith((".xml", ".xml.gz")):
        _in_xml(url, unzipped(payload), links)
    return links


def unzipped(payload: bytes) -> bytes:
    """A sitemap that is a gzip file, unpacked up to the limit; anything else as it is."""
    if payload[:2] != b"\x1f\x8b":
        return payload
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(payload, DOCUMENT_LIMIT)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def css_addresses(text: str) -> Iterator[str]:
    """Every address in a style sheet or a `style` attribute, as it stands there."""
    if not _HAS_ADDRESS.search(text):
        return
    if len(text) > STYLE_LIMIT:
        yield from (found[1] for found in _PLAIN_URL.finditer(text) if not found[1].lower().startswith("data:"))
        return
    yield from _in_css(tinycss2.parse_component_value_list(text), 0, strings=False)


def _in_page(url: str, text: str, links: Links) -> None:
    length = safe_length(text)
    links.cut = length < len(text)
    tree = LexborHTMLParser(text[:length])
    base = url
    first = tree.css_first("base[href]")
    if first is not None:
        base = absolute(url, first.attributes.get("href") or "") or url
    for node in tree.css("*"):
        tag, attributes = node.tag or "", node.attributes
        if tag in ("a", "area"):
            links.page(base, attributes.get("href"))
        elif tag == "link":
            _in_link(base, attributes, links)
        elif tag == "meta":
            _in_meta(base, attributes, links)
        elif tag == "style":
            for reference in css_addresses(node.text(deep=True) or ""):
                links.need(base, reference)
        for name in NEEDED.get(tag, ()):
            links.need(base, attributes.get(name))
        for name in LAZY_ADDRESSES if tag in LAZY_TAGS else ():
            links.need(base, attributes.get(name))
        for name in (*SETS, *LAZY_SETS):
            for found in srcset_candidates(attributes.get(name) or ""):
                links.need(base, found.address)
        if attributes.get("style"):
            for reference in css_addresses(attributes["style"] or ""):
                links.need(base, reference)


def _in_link(base: str, attributes: dict[str, str | None], links: Links) -> None:
    kinds = set((attributes.get("rel") or "").lower().split())
    if kinds & NEEDED_LINKS:
        links.need(base, attributes.get("href"))
    elif not kinds & IGNORED_LINKS:
        links.page(base, attributes.get("href"))


def _in_meta(base: str, attributes: dict[str, str | None], links: Links) -> None:
    content = attributes.get("content") or ""
    if (attributes.get("http-equiv") or "").lower() == "refresh":
        links.page(base, refresh_target(content)[1])
    elif (attributes.get("property") or attributes.get("name") or "").lower() in NEEDED_META:
        links.need(base, content)


def _in_css(nodes: Iterable[Any], depth: int, *, strings: bool) -> Iterator[str]:
    if depth > DEPTH_LIMIT:
        return
    after_import = False
    for node in nodes:
        if isinstance(node, ast.URLToken) or (isinstance(node, ast.StringToken) and (strings or after_import)):
            if not node.value.startswith(("data:", "#")):
                yield node.value
        elif isinstance(node, ast.FunctionBlock):
            yield from _in_css(node.arguments, depth + 1, strings=node.lower_name in STRING_FUNCTIONS)
        elif isinstance(node, (ast.ParenthesesBlock, ast.SquareBracketsBlock, ast.CurlyBracketsBlock)):
            yield from _in_css(node.content, depth + 1, strings=False)
        if isinstance(node, ast.AtKeywordToken):
            after_import = node.lower_value == "import"
        elif not isinstance(node, (ast.WhitespaceToken, ast.Comment)):
            after_import = False


def _in_xml(url: str, payload: bytes, links: Links) -> None:
    """Sitemaps (`loc`), RSS (`link`, `enclosure`), Atom (`link href`)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(payload, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    if root is None:
        return
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        name = etree.QName(element).localname
        if name in ("loc", "link"):
            links.page(url, (element.text or "").strip() or element.get("href"))
        elif name == "enclosure":
            links.need(url, element.get("url"))
