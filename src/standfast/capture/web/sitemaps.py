"""Finds the addresses in sitemaps, sitemap indexes, RSS and Atom feeds. Nothing a document declares is looked up."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from standfast.capture.web.addresses import absolute
from standfast.holdings.web_exchange import TooLargeError, gunzip
from standfast.holdings.web_text import decode_page

SITEMAP_BYTES_LIMIT = 64 * 1024 * 1024
"""The protocol allows 50 MB."""
ADDRESSES_LIMIT = 50_000
"""The protocol allows 50,000."""
GZIP = b"\x1f\x8b"

# Expressions, not a parser: entities, namespaces and depth can't be used against them, and a broken document, which is
# not rare, still gives what it has.
_LOC = re.compile(r"<(?:[\w.-]+:)?loc>\s*(?:<!\[CDATA\[)?([^<\]]{1,8192})", re.IGNORECASE)
_LINK = re.compile(
    r"<(?:[\w.-]+:)?(?:link|comments|guid)\b[^>]*>\s*(?:<!\[CDATA\[)?\s*(https?://[^<\]]{1,8192})", re.IGNORECASE
)
_HREF = re.compile(r"""<(?:[\w.-]+:)?(?:link|enclosure|content|thumbnail)\b[^>]*?\b(?:href|url)\s*=\s*["']([^"']{1,8192})""", re.IGNORECASE)  # fmt: skip  # noqa: E501
_ROOT = re.compile(r"<(?:[\w.-]+:)?(sitemapindex|urlset|rss|feed|rdf)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a sitemap or a feed names."""

    sitemaps: tuple[str, ...]
    pages: tuple[str, ...]


NOTHING = Listing((), ())


def read_listing(url: str, body: bytes) -> Listing:
    """Addresses of a sitemap (plain or gzip), an index or a feed; nothing where it is none of these."""
    if body.startswith(GZIP):
        try:
            body = gunzip(body, SITEMAP_BYTES_LIMIT)
        except (TooLargeError, ValueError):
            return NOTHING
    text = decode_page(body[:SITEMAP_BYTES_LIMIT], "")[0]
    root = _ROOT.search(text[:4096])
    if not root:
        return NOTHING
    kind = root[1].lower()
    if kind in ("sitemapindex", "urlset"):
        found = _absolute(url, _LOC.findall(text))
        return Listing(found, ()) if kind == "sitemapindex" else Listing((), found)
    return Listing((), _absolute(url, [*_LINK.findall(text), *_HREF.findall(text)]))


def _absolute(url: str, references: list[str]) -> tuple[str, ...]:
    found = (absolute(url, html.unescape(each.strip())) for each in references[:ADDRESSES_LIMIT])
    return tuple(dict.fromkeys(each for each in found if each))
