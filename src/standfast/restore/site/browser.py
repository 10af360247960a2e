"""Loads every page of a restored site in a real browser that can reach nothing but that site."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from standfast.errors.restore import BrowserMissingError
from standfast.restore.site.static_server import serve_folder

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Request, Response

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SETTLE_STEP_MS, QUIET_STEPS, SETTLE_LIMIT_MS = 40, 2, 5_000
"""After its load a page may ask for more: it has settled when nothing was open twice in a row."""
NAMED_LIMIT = 20
"""A verdict names no more addresses than these."""


@dataclass(slots=True, kw_only=True)
class PageVerdict:
    """How one page loaded."""

    place: str
    loaded: bool = False
    """It came, with status 200, and its load event fired."""
    title: str = ""
    text_length: int = 0
    image_count: int = 0
    broken_image_count: int = 0
    failed: list[str] = field(default_factory=list)
    """Requests to the restored site that did not succeed."""
    elsewhere: list[str] = field(default_factory=list)
    """Requests to anywhere else: none was let through."""
    why: str = ""

    @property
    def ok(self) -> bool:
        """It loaded whole, from the restored site alone."""
        return self.loaded and not self.failed and not self.elsewhere and not self.broken_image_count


def find_browser() -> str:
    """The path of a Chromium: STANDFAST_CHROMIUM, else one on the PATH.

    Raises:
        BrowserMissingError: there is none.
    """
    chosen = os.environ.get("STANDFAST_CHROMIUM")
    for program in (chosen,) if chosen else PROGRAMS:
        found = shutil.which(program)
        if found:
            return found
    raise BrowserMissingError


def load_pages(
    folder: Path,
    places: Sequence[str],
    *,
    timeout_s: float = 20.0,
    tell: Callable[[int, int], None] | None = None,
) -> list[PageVerdict]:
    """Load pages of a restored site, served on loopback.

    Args:
        folder: the restored site.
        places: paths of pages, relative to it.
        timeout_s: for one page.
        tell: progress, in pages.

    Raises:
        BrowserMissingError: no Chromium is on this machine: nothing was checked.
    """
    program = find_browser()
    from playwright.sync_api import sync_playwright

    verdicts = []
    with serve_folder(folder) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_flags(site))
        try:
            context = browser.new_context(service_workers="block")
            for place in places:
                verdicts.append(_load(context, site, place, timeout_s))
                if tell:
                    tell(len(verdicts), len(places))
        finally:
            browser.close()
    return verdicts


def _flags(site: str) -> list[str]:
    # Everything but the restored site is sent to a proxy that is not there: nothing else can be reached at all.
    only = f"--proxy-bypass-list=<-loopback>;{urlsplit(site).netloc}"
    flags = [*FLAGS, "--proxy-server=http://127.0.0.1:9", only]
    return [*flags, "--no-sandbox"] if os.geteuid() == 0 else flags


def _load(context: BrowserContext, site: str, place: str, timeout_s: float) -> PageVerdict:
    from playwright.sync_api import Error

    verdict = PageVerdict(place=place)
    watch = _Watch(verdict, urlsplit(site).netloc)
    page = context.new_page()
    try:
        page.on("request", watch.asked)
        page.on("requestfinished", watch.ended)
        page.on("requestfailed", watch.failed)
        page.on("response", watch.answered)
        answer = page.goto(f"{site}/{quote(place)}", wait_until="load", timeout=timeout_s * 1000)
        quiet = 0
        for _ in range(int(SETTLE_LIMIT_MS / SETTLE_STEP_MS)):
            quiet = 0 if watch.open else quiet + 1
            if quiet >= QUIET_STEPS:
                break
            page.wait_for_timeout(SETTLE_STEP_MS)
        verdict.loaded = answer is not None and answer.status == 200
        verdict.title = page.title()[:200]
        verdict.text_length = len(page.inner_text("body"))
        # A picture that a script shows later has no address yet, and is not broken.
        images = page.evaluate("[...document.images].filter(i => i.currentSrc).map(i => [i.complete, i.naturalWidth])")
        verdict.image_count = len(images)
        verdict.broken_image_count = sum(1 for complete, width in images if complete and not width)
    except Error as why:
        verdict.why = str(why).splitlines()[0][:300]
    finally:
        page.close()
    return verdict


class _Watch:
    """Counts a page's requests."""

    def __init__(self, verdict: PageVerdict, here: str) -> None:
        self._verdict, self._here = verdict, here
        self.open = 0

    def asked(self, request: Request) -> None:
        self.open += 1
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != self._here:
            _name(self._verdict.elsewhere, request.url)

    def ended(self, _: Request) -> None:
        self.open -= 1

    def failed(self, request: Request) -> None:
        self.open -= 1
        # A player that has seen enough of a film, or can't play it, breaks off; the file came.
        broke_off = request.resource_type == "media" and request.failure == "net::ERR_ABORTED"
        if urlsplit(request.url).netloc == self._here and not broke_off:
            _name(self._verdict.failed, urlsplit(request.url).path)

    def answered(self, answer: Response) -> None:
        if answer.status >= 400 and urlsplit(answer.url).netloc == self._here:
            _name(self._verdict.failed, urlsplit(answer.url).path)


def _name(names: list[str], address: str) -> None:
    if len(names) < NAMED_LIMIT:
        names.append(address[:500])
