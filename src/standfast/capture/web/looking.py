"""Looks at pages with a browser where that brings more than their bytes, and lands what was seen.

For a page that was looked at three things are kept beside the exchanges: a picture of its whole length, its text as a
reader saw it, and its elements as they stood. What its scripts loaded is kept like everything else that a page needs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

from standfast.capture.landing import Landed
from standfast.capture.origin import WebOrigin
from standfast.capture.web.browser import Browser, Reply, View
from standfast.capture.web.links import Links, find_links
from standfast.capture.web.need import Need, brought_more, plain_text_of, signature_of
from standfast.errors.capture import NoBrowserError
from standfast.holdings.item import ViewFacts

CACHE_BYTES, CACHED_BYTES = 96 * 1024 * 1024, 8 * 1024 * 1024
"""Of answers kept for the browser, together and of one: what every page loads is not asked for again by each."""
PARTS = {"picture": "image/jpeg", "text": "text/plain; charset=utf-8", "document": "text/html; charset=utf-8"}

Obtain = Callable[[str], Awaitable[Reply | None]]


class Looking:
    """The browser of one crawl."""

    def __init__(self, origin: WebOrigin, obtain: Obtain) -> None:
        """`obtain`: asks for an address by the crawl's rules, and keeps what comes."""
        self._origin, self._obtain = origin, obtain
        self._need = Need(origin.engine)
        self._browser = Browser(self._answer)
        self._cache: OrderedDict[str, Reply] = OrderedDict()
        self._cached_bytes = 0
        self.met_first: set[str] = set()
        """Addresses that nothing had led to before the browser asked for them."""
        self.not_looked_at = 0
        """Pages that should have been, and there is no browser."""

    @property
    def is_off(self) -> bool:
        """No page is ever looked at."""
        return self._need.is_off

    async def close(self) -> None:
        """End the browser."""
        await self._browser.close()

    def remember(self, url: str, reply: Reply) -> None:
        """An answer that came: the browser may want it too."""
        size = len(reply.payload)
        if self.is_off or size > CACHED_BYTES or url in self._cache:
            return
        self._cache[url] = reply
        self._cached_bytes += size
        while self._cached_bytes > CACHE_BYTES:
            self._cached_bytes -= len(self._cache.popitem(last=False)[1].payload)

    async def look(self, url: str, reply: Reply, text: str, links: Links) -> View | None:
        """Look at a page if that may bring more; what it leads to is added to `links`. None: it was not looked at."""
        # A document beyond the bounds of reading is not read here either.
        signature = "" if self.is_off or links.cut else signature_of(url, text)
        if links.cut or not await self._need.wants(signature):
            return None
        brought = False
        try:
            self.remember(url, reply)
            view = await self._browser.view(url, picture=self._origin.screenshots != "none")
            if view.led_to:
                links.page(url, view.led_to)
                brought = True
                return None
            rendered = find_links(url, "text/html", view.document.encode("utf-8", "replace"), view.document)
            brought = brought_more(view, links, rendered, plain_text_of(text), self.met_first)
            links.add(rendered)
            links.needed.update((loaded, None) for loaded in view.loaded if loaded != url)
            return view
        except NoBrowserError:
            if self._origin.engine == "browser":
                raise
            self.not_looked_at += 1
            return None
        finally:
            await self._need.learn(signature, brought)

    async def _answer(self, url: str) -> Reply | None:
        held = self._cache.get(url)
        if held is not None:
            self._cache.move_to_end(url)
            return held
        reply = await self._obtain(url)
        if reply is not None:
            self.remember(url, reply)
        return reply


def view_keys(url: str, parts: tuple[str, ...]) -> tuple[bytes, ...]:
    """What a page's view is known by."""
    return tuple(f"{part} of {url}".encode() for part in parts)


def landed_view(view: View, at: datetime) -> Iterator[tuple[str, Landed]]:
    """What is kept of a view, part by part."""
    contents = {
        "picture": view.picture,
        "text": view.text.encode(),
        "document": view.document.encode("utf-8", "replace"),
    }
    quality = "complete"
    if view.why:
        quality = f"as far as it came: {view.why}"
    elif view.not_sent:
        quality = f"{view.not_sent} request(s) of its scripts would have sent something and were not made"
    for part, content in contents.items():
        if content:
            (key,) = view_keys(view.url, (part,))
            yield (
                part,
                Landed(
                    key=key,
                    mark=b"",
                    untrusted_name=key,
                    media_type=PARTS[part],
                    captured_at=at,
                    quality=quality,
                    facts=ViewFacts(url=view.url, title=view.title, part=part),
                    content=content,
                ),
            )
