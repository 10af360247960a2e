"""A real browser for pages that need one. It has no network of its own: the capture answers its requests, or nobody.

Every request of a page is handed to the capture, which asks by its own rules (robots, rate, private addresses, bounds)
and keeps what came. What is not handed over (web sockets, WebRTC, look-ups of names) finds no way out. Nothing is
posted: a form or a script that would change something at the site does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from standfast.errors.capture import NoBrowserError

if TYPE_CHECKING:
    from playwright.async_api import Browser as Chromium
    from playwright.async_api import BrowserContext, Page, Playwright, Request, Route

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Whatever is not answered here goes to a proxy that is not there.
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)
TABS = 2
VIEW = {"width": 1280, "height": 900}
LOAD_S, PAGE_S = 20.0, 75.0
"""Until a page has loaded; for all that is done with it."""
QUIET_S, STEP_S, SETTLE_S = 0.25, 0.08, 6.0
STEPS_LIMIT, CLICKS_LIMIT = 60, 12
REQUESTS_LIMIT = 2_000
HEIGHT_LIMIT = 16_000
"""Pixels of a picture of a page; Chromium's own limit is 16,384."""
DOCUMENT_LIMIT = 16 * 1024 * 1024
TEXT_LIMIT = 4 * 1024 * 1024
DROPPED = (
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
    "strict-transport-security",
    "alt-svc",
)
"""Headers of an answer that no longer fit what the browser is given: its body, without codings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request of the browser is answered with."""

    status: int
    headers: tuple[tuple[str, str], ...]
    payload: bytes


@dataclass(slots=True, kw_only=True)
class View:
    """A page as it was after its scripts had run."""

    url: str
    title: str = ""
    text: str = ""
    document: str = ""
    """Its elements as they stood then, as HTML."""
    picture: bytes = b""
    """JPEG, of its whole length as far as `HEIGHT_LIMIT`."""
    asked: int = 0
    """Requests that its scripts and elements made."""
    loaded: dict[str, None] = field(default_factory=dict)
    """Addresses that it got an answer from."""
    led_to: str = ""
    """Another page, where a script of this one went at once. Then nothing else is known of this one."""
    not_sent: int = 0
    """Requests that would have sent something, and were not made."""
    why: str = ""
    """What went wrong; the rest is as far as it came."""


Answer = Callable[[str], Awaitable[Reply | None]]


class Browser:
    """Started when first used. One run, one browser; each page in a profile of its own that is thrown away."""

    def __init__(self, answer: Answer) -> None:
        """`answer`: gives what is held or asked for under an address, or None when it may not or can't be had."""
        self._answer = answer
        self._tabs = asyncio.Semaphore(TABS)
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._rules = page_rules()

    async def view(self, url: str, *, picture: bool) -> View:
        """Open a page, let its scripts run, go through it to its end, and look.

        Raises:
            NoBrowserError: no Chromium is on this machine, or it does not start.
        """
        view = View(url=url)
        async with self._tabs:
            chromium = await self._start()
            from playwright.async_api import Error

            try:
                async with asyncio.timeout(PAGE_S):
                    context = await chromium.new_context(
                        viewport=VIEW,  # type: ignore[arg-type]
                        service_workers="block",
                        accept_downloads=False,
                    )
                    try:
                        await self._look(context, view, picture)
                    finally:
                        await context.close()
            except (Error, TimeoutError) as why:
                view.why = (str(why).splitlines() or ["it took too long"])[0][:300] or "it took too long"
                if not chromium.is_connected():
                    self._chromium = None  # a page that kills the browser costs itself, not the next one
        return view

    async def close(self) -> None:
        """End it."""
        chromium, self._chromium = self._chromium, None
        playwright, self._playwright = self._playwright, None
        with contextlib.suppress(Exception):
            if chromium:
                await chromium.close()
        with contextlib.suppress(Exception):
            if playwright:
                await playwright.stop()

    async def _start(self) -> Chromium:
        async with self._starting:
            if self._chromium is not None:
                return self._chromium
            from playwright.async_api import Error, async_playwright

            program = next(filter(None, map(shutil.which, _programs())), None)
            if program is None:
                raise NoBrowserError("none is installed")
            flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
            try:
                self._playwright = self._playwright or await async_playwright().start()
                self._chromium = await self._playwright.chromium.launch(executable_path=program, args=flags)
            except Error as why:
                raise NoBrowserError(str(why).splitlines()[0][:300]) from why
            return self._chromium

    async def _look(self, context: BrowserContext, view: View, picture: bool) -> None:
        watch = _Watch(view, self._answer)
        await context.route("**/*", watch.answer)
        await context.route_web_socket("**/*", lambda socket: socket.close())
        page = await context.new_page()
        page.set_default_timeout(5_000)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
        page.on("popup", lambda other: asyncio.ensure_future(other.close()))
        await page.goto(view.url, wait_until="load", timeout=LOAD_S * 1000)
        await watch.settle()
        if page.url.partition("#")[0] != view.url:
            view.led_to = page.url  # its script went on to another page: that one is looked at by itself
            return
        watch.stays_on(page.url)
        await self._click(page, self._rules["consent"], watch, limit=1)
        await self._go_through(page, watch)
        await self._click(page, self._rules["more"], watch, limit=CLICKS_LIMIT)
        await self._read(page, view, picture)

    async def _go_through(self, page: Page, watch: _Watch) -> None:
        """Down to the end by screens, as a reader would: what loads when it is seen is seen."""
        for _ in range(STEPS_LIMIT):
            ended = await page.evaluate(
                "() => { const e = document.scrollingElement || document.body; const before = e.scrollTop;"
                " window.scrollBy(0, window.innerHeight * 0.9);"
                " return e.scrollTop === before; }"
            )
            before = watch.view.asked
            await watch.settle(STEP_S)
            if ended and watch.view.asked == before:
                break
        await page.evaluate("() => window.scrollTo(0, 0)")

    async def _click(self, page: Page, rules: dict[str, list[str]], watch: _Watch, *, limit: int) -> None:
        """Press what the rules name, as long as something is there to press and something comes of it."""
        from playwright.async_api import Error

        for _ in range(limit):
            before = watch.view.asked, await _length(page)
            marked = await page.evaluate(_FIND_BUTTON, rules)
            if not marked:
                return
            try:
                await page.click("[data-standfast-press]", timeout=2_000, no_wait_after=True)
            except Error:
                return
            await watch.settle()
            if (watch.view.asked, await _length(page)) == before:
                return

    async def _read(self, page: Page, view: View, picture: bool) -> None:
        view.title = (await page.title())[:1_000]
        view.text = (await page.inner_text("body"))[:TEXT_LIMIT]
        document = await page.content()
        view.document = document if len(document) <= DOCUMENT_LIMIT else ""
        if picture:
            height = min(await _height(page), HEIGHT_LIMIT)
            view.picture = await page.screenshot(
                type="jpeg",
                quality=70,
                full_page=True,
                clip={"x": 0, "y": 0, "width": VIEW["width"], "height": max(height, 1)},
                animations="disabled",
                timeout=20_000,
            )


class _Watch:
    """Answers one page's requests, and knows when it is quiet."""

    def __init__(self, view: View, answer: Answer) -> None:
        self.view = view
        self._ask = answer
        self._open = 0
        self._place = ""

    def stays_on(self, url: str) -> None:
        """From now on the page may not go elsewhere: a link that is pressed by mistake leads nowhere."""
        self._place = url.partition("#")[0]

    async def answer(self, route: Route) -> None:
        """One request: by the capture, or not at all."""
        request = route.request
        self._open += 1
        try:
            reply = await self._reply(request)
            with contextlib.suppress(Exception):  # the page may be gone by now
                if reply is None:
                    await route.abort()
                else:
                    await route.fulfill(status=reply.status, headers=_headers(reply), body=reply.payload)
        finally:
            self._open -= 1

    async def _reply(self, request: Request) -> Reply | None:
        url = request.url.partition("#")[0]
        if request.method not in ("GET", "HEAD"):
            self.view.not_sent += 1
            return None
        if not url.startswith(("http://", "https://")) or self.view.asked >= REQUESTS_LIMIT:
            return None
        main = request.is_navigation_request() and request.frame.parent_frame is None
        if main and self._place and url != self._place:
            return None
        self.view.asked += 1
        reply = await self._ask(url)
        if reply is not None:
            self.view.loaded[url] = None
        return reply

    async def settle(self, quiet_s: float = QUIET_S) -> None:
        """Wait until nothing was open for a while, within bounds."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + SETTLE_S
        quiet_since = loop.time()
        while loop.time() < ends:
            await asyncio.sleep(0.04)
            if self._open:
                quiet_since = loop.time()
            elif loop.time() - quiet_since >= quiet_s:
                return


def page_rules() -> dict[str, dict[str, list[str]]]:
    """What is pressed on a page: data, in page_rules.toml."""
    rules = tomllib.loads(resources.files(__package__).joinpath("page_rules.toml").read_text("utf-8"))
    return {name: {"selectors": rule["selectors"], "texts": rule["texts"]} for name, rule in rules.items()}


_FIND_BUTTON = """rules => {
  document.querySelectorAll('[data-standfast-press]').forEach(e => e.removeAttribute('data-standfast-press'));
  const shown = e => { const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width > 0 && box.height > 0 && style.visibility !== 'hidden' && !e.disabled; };
  const mark = e => { e.setAttribute('data-standfast-press', ''); return true; };
  for (const selector of rules.selectors)
    for (const e of document.querySelectorAll(selector)) if (shown(e)) return mark(e);
  const texts = new Set(rules.texts.map(text => text.toLowerCase()));
  for (const e of document.querySelectorAll('button, [role=button], a[href="#"], input[type=button]')) {
    if (e.closest('form') && (e.type || 'submit') === 'submit' && e.tagName === 'BUTTON') continue;
    const text = (e.innerText || e.value || '').trim().replace(/\\s+/g, ' ').toLowerCase();
    if (texts.has(text) && shown(e)) return mark(e);
  }
  return false;
}"""


def _programs() -> tuple[str, ...]:
    chosen = os.environ.get("STANDFAST_CHROMIUM")
    return (chosen,) if chosen else PROGRAMS


def _headers(reply: Reply) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in reply.headers:
        if name.lower() not in DROPPED:
            told[name] = f"{told[name]}, {value}" if name in told and name.lower() != "set-cookie" else value
    return told


async def _length(page: Page) -> int:
    return int(await page.evaluate("() => document.body ? document.body.innerHTML.length : 0"))


async def _height(page: Page) -> int:
    found: Any = await page.evaluate("() => Math.ceil(document.documentElement.getBoundingClientRect().height)")
    scrolled: Any = await page.evaluate("() => document.documentElement.scrollHeight")
    return max(int(found), int(scrolled))
