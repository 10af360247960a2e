"""Which pages need a browser: learnt by looking at some of those that run the same scripts, and comparing."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Collection

from selectolax.lexbor import LexborHTMLParser

from standfast.capture.web.addresses import absolute
from standfast.capture.web.browser import View
from standfast.capture.web.links import Links

LOOKS, WORTH = 3, 8
"""Pages of one set of scripts that are looked at anyhow, and of how many one must have brought something after that."""
GROWN = 1.3
"""A page whose text is so many times as long after its scripts ran has got it from them."""
GROWN_CHARACTERS = 80
SCRIPTS_LIMIT = 500
NOT_CODE = {"application/json", "application/ld+json", "text/template", "text/html", "text/x-template", "importmap"}
_VALUES = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\d+")
_SPACE = re.compile(r"\s+")
LAZY = "img[data-src], img[data-lazy], img[data-lazy-src], [loading=lazy]"


class Need:
    """What was learnt in one run, and in those before it."""

    def __init__(self, engine: str) -> None:
        """`engine`: `auto`, `plain` or `browser`."""
        self._engine = engine
        self._begun: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._brought: Counter[str] = Counter()
        self._learnt = asyncio.Condition()

    @property
    def is_off(self) -> bool:
        """No page is ever looked at."""
        return self._engine == "plain"

    async def wants(self, signature: str) -> bool:
        """Whether a page with these scripts should be looked at; then `learn` must follow.

        Where that hangs on pages that are being looked at just now, wait for what they show.
        """
        if self._engine == "browser":
            return True
        if self.is_off or not signature:
            return False
        async with self._learnt:
            while True:
                begun = self._begun[signature]
                if begun < LOOKS or begun <= WORTH * self._brought[signature]:
                    self._begun[signature] += 1
                    return True
                if begun == self._ended[signature]:
                    return False
                await self._learnt.wait()

    async def learn(self, signature: str, brought: bool) -> None:
        """What looking at one of them showed."""
        async with self._learnt:
            self._ended[signature] += 1
            self._brought[signature] += brought
            self._learnt.notify_all()


def signature_of(url: str, text: str) -> str:
    """What a page's scripts are, whatever values stand in them; empty for a page without any.

    Where a page's own address chooses what they do, pages of one signature may differ: so several are looked at.
    """
    page = LexborHTMLParser(text)
    seen = hashlib.sha256()
    count = 0
    for node in page.css("script")[:SCRIPTS_LIMIT]:
        attributes = node.attributes
        if (attributes.get("type") or "").strip().lower() in NOT_CODE:
            continue
        count += 1
        source = attributes.get("src")
        if source:
            address = absolute(url, source) or source
            seen.update(address.partition("?")[0].encode("utf-8", "replace") + b"\0")
        else:
            seen.update(_SPACE.sub("", _VALUES.sub("", node.text(deep=True) or "")).encode("utf-8", "replace") + b"\0")
    if not count:
        return ""
    # The same theme's scripts do other things on pages of another build: its elements with ids tell those apart.
    shape = sorted({node.attributes.get("id") or "" for node in page.css("body [id]")[:SCRIPTS_LIMIT]})
    lazy = "lazy" if page.css_first(LAZY) else ""
    seen.update("\0".join((*shape, lazy)).encode("utf-8", "replace"))
    return seen.hexdigest()


def brought_more(view: View, plain: Links, rendered: Links, plain_text: str, met_first: Collection[str]) -> bool:
    """Whether the browser met something that reading the page's bytes did not.

    `met_first`: addresses that nothing had led to before the browser asked for them; what style sheets load is none.
    """
    known: Collection[str] = plain.needed.keys() | plain.pages.keys() | {view.url}
    loaded = (url for url in view.loaded if url in met_first)
    if any(url not in known for url in (*loaded, *rendered.pages, *rendered.needed)):
        return True
    before, after = len(_SPACE.sub("", plain_text)), len(_SPACE.sub("", view.text))
    return after > before * GROWN and after > before + GROWN_CHARACTERS


def plain_text_of(text: str) -> str:
    """What a reader sees of a page whose scripts don't run."""
    body = LexborHTMLParser(text).body
    if body is None:
        return ""
    for node in body.css("script, style, template, noscript"):
        node.decompose()
    return body.text(deep=True) or ""
