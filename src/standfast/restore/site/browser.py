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
    from playwright.sync_api import Browser, Request, Route

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
    """Requests to anywhere else: all were stopped."""
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

    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    verdicts = []
    with serve_folder(folder) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            for place in places:
                verdicts.append(_load(browser, site, place, timeout_s))
                if tell:
                    tell(len(verdicts), len(places))
        finally:
            browser.close()
    return verdicts


def _load(browser: Browser, site: str, place: str, timeout_s: float) -> PageVerdict:
    from playwright.sync_api import Error

    verdict = PageVerdict(place=place)
    here = urlsplit(site).netloc
    context = browser.new_context(service_workers="block")
    try:

        def route(asked: Route) -> None:
            parts = urlsplit(asked.request.url)
            if parts.netloc == here or parts.scheme in ("data", "blob", "about"):
                asked.continue_()
                return
            _name(verdict.elsewhere, asked.request.url)
            asked.abort()

        def failed(request: Request) -> None:
            if urlsplit(request.url).netloc == here:
                _name(verdict.failed, urlsplit(request.url).path)

        context.route("**/*", route)
        page = context.new_page()
        page.on("requestfailed", failed)
        page.on("response", lambda answer: failed(answer.request) if answer.status >= 400 else None)
        answer = page.goto(f"{site}/{quote(place)}", wait_until="load", timeout=timeout_s * 1000)
        # A page that only leads on has led on by now, or is about to.
        page.wait_for_load_state("networkidle", timeout=timeout_s * 1000)
        verdict.loaded = answer is not None and answer.status == 200
        verdict.title = page.title()[:200]
        verdict.text_length = len(page.inner_text("body"))
        images = page.evaluate("[...document.images].map(i => [i.loading == 'lazy' || i.complete, i.naturalWidth])")
        verdict.image_count = len(images)
        verdict.broken_image_count = sum(1 for complete, width in images if complete and not width)
    except Error as why:
        verdict.why = str(why).splitlines()[0][:300]
    finally:
        context.close()
    return verdict


def _name(names: list[str], address: str) -> None:
    if len(names) < NAMED_LIMIT:
        names.append(address[:500])
