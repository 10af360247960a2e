"""What is still to be asked for: each address once, within every bound. What a bound cuts is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from protego import Protego

from standfast.capture.landing import Failure
from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import normal, site_of
from standfast.capture.web.links import Links
from standfast.capture.web.scope import QUERIES_LIMIT, Scope, repeats_itself

AGENT = "standfast"
REDIRECTS_LIMIT = 20
KNOWN_LIMIT = 1_000_000
"""Addresses remembered in one run, about 200 bytes each."""
NEEDED_A_PAGE, NEEDED_LEAST = 20, 1_000
"""Pictures and the like may be so many times as many as `max_pages`, and at least so many."""
CUTS_LIMIT = 100
"""Bounds of one kind that are said one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An address to ask for."""

    url: str
    depth: int
    page: bool
    """What it links to is followed."""
    needed: bool = False
    """A page loads it: it may lead on to any host."""
    hops: int = 0
    framed: bool = False
    """Loaded by a page that is looked at: it is not looked at by itself."""
    sitemap: bool = False
    """It may name further lists, wherever on the site they lie."""


class Frontier:
    """The queue of one crawl, and the rules for what gets into it."""

    def __init__(self, origin: WebOrigin, scope: Scope, is_held: Callable[[str], bool]) -> None:
        """`is_held`: whether an address was captured before."""
        self._origin, self._scope, self._is_held = origin, scope, is_held
        self._queue: asyncio.Queue[Wanted] = asyncio.Queue()
        self._known: set[str] = set()
        self._robots: dict[tuple[str, str, int], Protego] = {}
        self._failures: list[Failure] = []
        self._cuts: dict[str, set[str]] = {}
        self._page_count = self._needed_count = 0

    def obey(self, url: str, robots: Protego) -> None:
        """Rules for the site of this address."""
        self._robots[site_of(url)] = robots

    def allowed(self, url: str) -> bool:
        """Whether the site's rules let it be asked for. Of other hosts only what pages load is asked for."""
        rules = self._robots.get(site_of(url))
        if rules is None and self._scope.is_own(url):
            rules = next((each for site, each in self._robots.items() if site[1] == site_of(url)[1]), None)
        return self._origin.mine or rules is None or bool(rules.can_fetch(url, AGENT))

    def know(self, url: str) -> bool:
        """True at the first sight of an address."""
        if url in self._known:
            return False
        if len(self._known) >= KNOWN_LIMIT:
            self.cut("known", url, f"more than {KNOWN_LIMIT} addresses were met; this one and later ones were left out")
            return False
        self._known.add(url)
        return True

    def want(self, links: Links, wanted: Wanted, location: str) -> None:
        """What an answer leads to."""
        if location:
            self._want_redirect(normal(location), wanted)
        for url in links.needed:
            if not self._scope.is_left_out(url) and self.know(url):
                self._put(Wanted(url=url, depth=wanted.depth, page=self._scope.is_page(url), needed=True))
        if wanted.page:
            for url in links.pages:
                if wanted.sitemap and url.endswith((".xml", ".xml.gz")):
                    self.want_sitemap(url)
                self.want_page(url, wanted.depth + 1)

    def want_page(self, url: str | None, depth: int) -> None:
        """A page, if it belongs to the site."""
        if not url or not self._scope.is_page(url):
            return
        if depth > self._origin.max_depth:
            if url not in self._known:
                self.cut_setting("max_depth", url)
        elif self.know(url):
            self._put(Wanted(url=url, depth=depth, page=True))

    def want_sitemap(self, url: str | None) -> None:
        """A list of the site's pages; it may lie outside the part that is captured."""
        if url and self._scope.is_own(url) and not self._scope.is_left_out(url) and self.know(url):
            self._put(Wanted(url=url, depth=0, page=True, sitemap=True))

    def admit(self, wanted: Wanted) -> bool:
        """Count an address that is about to be asked for; False beyond what the settings allow."""
        if wanted.needed:
            self._needed_count += 1
            within = self._needed_count <= max(NEEDED_LEAST, NEEDED_A_PAGE * self._origin.max_pages)
        else:
            self._page_count += 1
            within = self._page_count <= self._origin.max_pages
        if not within:
            self.cut_setting("max_pages", wanted.url)
        return within

    async def get(self) -> Wanted:
        """The next one; call `done` after it."""
        return await self._queue.get()

    def done(self) -> None:
        """One that `get` gave is dealt with."""
        self._queue.task_done()

    async def emptied(self) -> None:
        """Wait until everything is dealt with."""
        await self._queue.join()

    @property
    def waiting_count(self) -> int:
        """Addresses in the queue."""
        return self._queue.qsize()

    def take_failures(self) -> list[Failure]:
        """What was cut since the last time."""
        failures, self._failures = self._failures, []
        return failures

    def cut(self, kind: str, url: str, why: str, once_for: str = "") -> None:
        """Say once for each `once_for` what a bound cut. Nothing that was not met then is taken for gone."""
        said = self._cuts.setdefault(kind, set())
        if once_for not in said and len(said) < CUTS_LIMIT:
            said.add(once_for)
            self._failures.append(Failure(key=b"", what=url, why=why))

    def cut_setting(self, setting: str, url: str) -> None:
        """Say once that a bound of the settings was reached."""
        why = f"the capture reached {setting} of its settings; this address and those after it were not asked for"
        self.cut(setting, url, why)

    def _want_redirect(self, url: str | None, wanted: Wanted) -> None:
        if not url or not (wanted.needed or self._scope.is_page(url)) or self._scope.is_left_out(url):
            return
        if wanted.hops >= REDIRECTS_LIMIT:
            why = f"it is the {REDIRECTS_LIMIT}th redirect in a row; where it leads was not asked for"
            self._failures.append(Failure(key=wanted.url.encode(), what=wanted.url, why=why))
        elif self.know(url):
            page = wanted.page and self._scope.is_page(url)
            self._put(Wanted(url=url, depth=wanted.depth, page=page, needed=wanted.needed, hops=wanted.hops + 1))

    def _put(self, wanted: Wanted) -> None:
        url = wanted.url
        if not self.allowed(url):
            if self._is_held(url):
                why = "robots.txt bars it now; what was captured before is kept"
                self._failures.append(Failure(key=url.encode(), what=url, why=why))
        elif repeats_itself(url):
            self.cut("loop", url, "its path goes round in a loop; addresses like it were not asked for", "")
        elif not self._scope.count_query(url):
            path = url.partition("?")[0]
            why = (
                f"{path} has more queries than the {QUERIES_LIMIT} that are followed, or a session in each; the rest "
                f"was not asked for (`exclude = ['{path}?*']` leaves all of them out)"
            )
            self.cut("query", url, why, path)
        else:
            self._queue.put_nowait(wanted)
