"""Restores a web origin: every address that is held, at a place of its own, linked to the others.

1. places for all addresses, pages and files first, then redirects       places.py
2. each payload is read, compared with its record and moved               page.py, css.py
3. redirects become small pages; links that led through one lead to its end
4. a page for what is not there, and a way in at the root
"""

from __future__ import annotations

import html
import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from standfast.clock import Clock, machine_clock
from standfast.errors.base import StandfastError
from standfast.errors.restore import NothingHeldError
from standfast.holdings.item import WebFacts
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of
from standfast.restore.site.css import move_css
from standfast.restore.site.exchange import Exchange, read_exchange
from standfast.restore.site.page import Linker, move_page, page_text
from standfast.restore.site.places import PAGE_TYPES, Places, plain_address, relative_link
from standfast.restore.site.words import NOT_FOUND_PAGE
from standfast.restore.tree import TargetTree, prepare_target, safe_parts, write_pieces
from standfast.vault.manifests import HeldItem

MISSING_PAGE, WAY_IN = "404.html", "index.html"
REDIRECT_LIMIT = 20
CSS_TYPES = ("text/css",)
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/xml", "text/xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredPage:
    """A page of the restored site."""

    url: str
    place: str


@dataclass(slots=True, kw_only=True)
class RestoredSite:
    """What a restore wrote, for a drill to look at."""

    result: RestoreResult
    pages: list[RestoredPage]
    redirects: list[RestoredPage]
    """Small pages that lead on, in place of redirects."""
    hosts: tuple[str, ...]
    """Every host that something was captured from: none of them may be asked."""


def restore_site(
    reader: HoldingsReader,
    origin: str,
    to: Path,
    *,
    at: datetime | None = None,
    base_url: str | None = None,
    force: bool = False,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
) -> RestoreResult:
    """Restore a site into a folder that any web server, or a double click, serves.

    Args:
        reader: over any copy.
        origin: its name.
        to: a new or empty folder, or any with `force`.
        at: as the site was then.
        base_url: where it will stand; canonical links, feeds and previews then name it. Without it, the old address
            stays there as text, and nothing loads from it.
        force: replace files that are in the way.
        tell: progress.
        clock: for the loss.

    Raises:
        NothingHeldError: nothing fits.
        TargetNotEmptyError, TargetUnusableError: the target. Nothing was written.
    """
    return restore_whole_site(reader, origin, to, at=at, base_url=base_url, force=force, tell=tell, clock=clock).result


def restore_whole_site(
    reader: HoldingsReader,
    origin: str,
    to: Path,
    *,
    at: datetime | None = None,
    base_url: str | None = None,
    force: bool = False,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
) -> RestoredSite:
    """As `restore_site`, and say where each page went."""
    began = time.monotonic()
    items = [item for item in reader.items(origin, at) if isinstance(item.record.facts, WebFacts)]
    if not items:
        raise NothingHeldError(origin)
    result = RestoreResult(origin=origin, kind="web", to=str(to), loss_s=loss_of(items, clock()))
    start = next((line.location for line in reader.origins() if line.origin == origin), _facts(items[0]).url)
    prepare_target(to, force=force)
    tree = TargetTree(to, force=force)
    try:
        site = _Site(reader, items, start, base_url, tree, result, tell)
        pages, redirects = site.write()
    finally:
        tree.close()
    result.recovery_time_s = time.monotonic() - began
    hosts = tuple(sorted({urlsplit(_facts(item).url).netloc for item in items}))
    return RestoredSite(result=result, pages=pages, redirects=redirects, hosts=hosts)


def _facts(item: HeldItem) -> WebFacts:
    facts = item.record.facts
    assert isinstance(facts, WebFacts)
    return facts


class _Site:
    """One restore."""

    def __init__(
        self,
        reader: HoldingsReader,
        items: list[HeldItem],
        start: str,
        base_url: str | None,
        tree: TargetTree,
        result: RestoreResult,
        tell: Tell | None,
    ) -> None:
        self._reader, self._start, self._base_url = reader, plain_address(start), base_url
        self._tree, self._result, self._tell = tree, result, tell
        host = urlsplit(self._start).netloc
        # A capture takes a site with and without `www.` for one; so its pages stand together.
        self._places = Places((host, host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"))
        # In order of address, so that the same holdings give the same places.
        held = sorted(items, key=lambda item: _facts(item).url)
        self._answers = [item for item in held if 200 <= _facts(item).status < 300]
        self._redirects = [item for item in held if 300 <= _facts(item).status < 400]
        self._done = 0
        self._total = len(self._answers) + len(self._redirects)

    def write(self) -> tuple[list[RestoredPage], list[RestoredPage]]:
        for item in self._answers:
            self._places.put(_facts(item).url, _facts(item).payload_type)
        redirects = self._follow_redirects()
        pages = []
        for item in self._answers:
            exchange = self._read(item)
            if exchange is None:
                continue
            place = self._places.put(exchange.url, exchange.media_type)
            try:
                content = self._moved(exchange, place)
            except ValueError as why:
                self._result.fail(exchange.url, str(why))
                continue
            self._write(item, place, content)
            if exchange.media_type in PAGE_TYPES:
                pages.append(RestoredPage(url=exchange.url, place=place))
        for item, place, target in redirects:
            self._write(item, place, _redirect_page(self._find(place, target) or target))
        self._write_way_in()
        return pages, [RestoredPage(url=_facts(item).url, place=place) for item, place, _ in redirects]

    def _read(self, item: HeldItem) -> Exchange | None:
        try:
            return read_exchange(item.record.id, _facts(item), self._reader.read(item))
        except (StandfastError, ValueError) as why:
            self._result.fail(_facts(item).url, str(why))
            return None

    def _follow_redirects(self) -> list[tuple[HeldItem, str, str]]:
        """Each redirect with a place of its own and the address that it ends at.

        Others link to it from outside, so it keeps a page; links within the site lead straight to its end.
        """
        steps: dict[str, str] = {}
        for item in self._redirects:
            exchange = self._read(item)
            if exchange and exchange.location:
                steps[plain_address(exchange.url)] = plain_address(urljoin(exchange.url, exchange.location))
        ends = []
        for item in self._redirects:
            url = plain_address(_facts(item).url)
            # An address that answered with a page too, as to another cookie, is restored as that page.
            if url not in steps or self._places.find(url):
                continue
            end, count = steps[url], 0
            while end in steps and end != url and count < REDIRECT_LIMIT:
                end, count = steps[end], count + 1
            ends.append((item, self._places.put(url, "text/html"), end))
        for item, _, end in ends:
            place = self._places.find(end)
            if place:
                self._places.alias(_facts(item).url, place)
        return ends

    def _moved(self, exchange: Exchange, place: str) -> bytes:
        linker = Linker(find=lambda url: self._find(place, url), moved=self._canonical)
        if exchange.media_type in PAGE_TYPES:
            return move_page(page_text(exchange.payload, exchange.charset), exchange.url, linker)
        if exchange.media_type in CSS_TYPES:
            text = page_text(exchange.payload, exchange.charset)
            moved = move_css(text, lambda url: self._find(place, urljoin(exchange.url, url)) or _kept_in_css(url))
            return moved.encode("utf-8", "replace")
        if exchange.media_type in FEED_TYPES and self._base_url:
            old = self._site_root().encode()
            return exchange.payload.replace(old, self._base_url.rstrip("/").encode() + b"/")
        return exchange.payload

    def _find(self, place: str, url: str) -> str | None:
        target = self._places.find(url)
        return relative_link(place, target) if target else None

    def _canonical(self, url: str) -> str:
        target = self._places.find(url)
        if self._base_url and target:
            return urljoin(self._base_url, relative_link(WAY_IN, target))
        return url

    def _site_root(self) -> str:
        parts = urlsplit(self._start)
        return f"{parts.scheme}://{parts.netloc}/"

    def _write_way_in(self) -> None:
        way_in = self._places.find(self._start)
        if way_in and way_in != WAY_IN and self._places.find(self._site_root()) != WAY_IN:
            self._write(None, WAY_IN, _redirect_page(relative_link(WAY_IN, way_in)))
        if self._places.find(self._site_root() + MISSING_PAGE) != MISSING_PAGE:
            self._write(None, MISSING_PAGE, NOT_FOUND_PAGE)

    def _write(self, item: HeldItem | None, place: str, content: bytes) -> None:
        try:
            parts = safe_parts(item.record.id if item else "", place.replace("\\", "\\x5c"))
            with self._tree.file(parts) as placed:
                write_pieces(placed.handle, [content], sparse=False)
                os.fchmod(placed.handle, 0o644)
        except (StandfastError, OSError) as why:
            self._result.fail(_facts(item).url if item else place, str(why))
            return
        if item:
            self._result.items += 1
            self._result.bytes += len(content)
            self._done += 1
            if self._tell:
                self._tell(self._done, self._total)


def _redirect_page(link: str) -> bytes:
    safe = html.escape(link, quote=True)
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={safe}">'
        f'<title>→</title><p><a href="{safe}">{safe}</a></p>\n'
    ).encode()


def _kept_in_css(url: str) -> str:
    return url if url.startswith(("data:", "#")) or not url else "about:blank"
