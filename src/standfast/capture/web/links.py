"""Finds the addresses in a page: what it shows, and where it leads. Takes bytes, asks nothing, runs no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from standfast.capture.web.addresses import absolute
from standfast.capture.web.styles import find_style_links
from standfast.holdings.web_text import decode_page, split_srcset

LinkKind = Literal["page", "part"]
"""`page`: a place to go on to. `part`: something that the page needs in order to look as it does."""

LINKS_LIMIT = 20_000
"""Of one page."""
NESTING_LIMIT = 4
"""Frames that stand as text in an attribute, one in the other."""

PART_ATTRIBUTES = {
    "img": ("src", "lowsrc", "longdesc", "data-src"),
    "script": ("src",),
    "source": ("src",),
    "track": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
    "th": ("background",),
    "tr": ("background",),
}
PAGE_ATTRIBUTES = {"a": ("href", "xlink:href"), "area": ("href",), "blockquote": ("cite",)}
SRCSET_ATTRIBUTES = ("srcset", "imagesrcset", "data-srcset")
PART_RELATIONS = {
    "stylesheet", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "manifest", "preload",
    "modulepreload", "prefetch", "image_src", "fluid-icon",
}  # fmt: skip
UNFOLLOWED_RELATIONS = {"dns-prefetch", "preconnect", "pingback", "edituri", "wlwmanifest", "search", "shortlink"}
PART_META = {"og:image", "og:image:url", "og:image:secure_url", "og:audio", "og:video", "twitter:image",
             "twitter:image:src", "msapplication-tileimage"}  # fmt: skip
_REFRESH = re.compile(r"""^\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?(['"]?)(.+?)\1\s*$""", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """An absolute address that was found, and what for."""

    url: str
    kind: LinkKind


def find_page_links(url: str, body: bytes, content_type: str) -> list[Link]:
    """Every address that a page names, each once, a part before a place where it is both.

    Args:
        url: of the page, normal.
        body: without codings.
        content_type: as the server said, for the charset.
    """
    found: dict[str, LinkKind] = {}
    for kind, address in _walk(url, decode_page(body, content_type)[0], 0):
        if len(found) >= LINKS_LIMIT:
            break
        if found.get(address) != "part":
            found[address] = kind
    found.pop(url, None)
    return [Link(address, kind) for address, kind in found.items()]


def _walk(url: str, text: str, nested: int) -> Iterator[tuple[LinkKind, str]]:
    page = LexborHTMLParser(text)
    base = url
    first_base = page.css_first("base[href]")
    if first_base is not None:
        base = absolute(url, first_base.attributes.get("href") or "") or url
    for node in page.css("*"):
        for kind, reference in _references(node):
            address = absolute(base, reference) if reference else None
            if address:
                yield kind, address
        attributes = node.attributes
        style = attributes.get("style")
        if style:
            yield from (("part", address) for address in find_style_links(base, style, inline=True))
        if node.tag == "style":
            yield from (("part", address) for address in find_style_links(base, node.text()))
        inner = attributes.get("srcdoc")
        if inner and nested < NESTING_LIMIT:
            yield from _walk(base, inner, nested + 1)
        if node.tag == "noscript" and nested < NESTING_LIMIT:
            yield from _walk(base, node.inner_html or "", nested + 1)


def _references(node: LexborNode) -> Iterator[tuple[LinkKind, str]]:
    attributes = node.attributes
    if not attributes:
        return
    tag = (node.tag or "").lower()
    for name in PART_ATTRIBUTES.get(tag, ()):
        yield "part", attributes.get(name) or ""
    for name in PAGE_ATTRIBUTES.get(tag, ()):
        yield "page", attributes.get(name) or ""
    for name in SRCSET_ATTRIBUTES:
        for candidate, _ in split_srcset(attributes.get(name) or ""):
            yield "part", candidate
    if tag == "link":
        relations = set((attributes.get("rel") or "").lower().split())
        if relations & PART_RELATIONS:
            yield "part", attributes.get("href") or ""
        elif not relations & UNFOLLOWED_RELATIONS:
            yield "page", attributes.get("href") or ""
    elif tag == "meta":
        yield from _meta(attributes)


def _meta(attributes: dict[str, str | None]) -> Iterator[tuple[LinkKind, str]]:
    content = attributes.get("content") or ""
    if (attributes.get("http-equiv") or "").lower() == "refresh":
        target = refresh_target(content)
        if target:
            yield "page", target
    if (attributes.get("property") or attributes.get("name") or "").lower() in PART_META:
        yield "part", content


def refresh_target(content: str) -> str:
    """Where a `meta refresh` leads; empty where it only loads its own page again."""
    found = _REFRESH.match(content) if re.search(r"[;,]|url", content, re.IGNORECASE) else None
    return found[2] if found else ""
