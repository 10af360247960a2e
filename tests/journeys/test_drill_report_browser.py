"""The report in a real browser: it asks for nothing, breaks no policy of its own, and fits a phone and a sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from standfast.drill.report import report_html
from standfast.drill.result import Check, DrillResult, Example, Machine, OriginDrill, check_all, check_none, not_checked
from standfast.drill.words import LANGUAGES
from standfast.restore.site.browser import FLAGS, find_browser

LONG = Example(item="iabcdefghijklmnop", name="letters/" + "very-long-part-" * 20 + "مثال.txt", why="x" * 300)
DRILL = OriginDrill(
    origin="an-origin-with-a-name-as-long-as-names-can-be-0123456789-0123456",
    kind="files",
    copy="usb",
    items_expected=1_234_567,
    items_restored=1_234_566,
    items_identical=1_234_565,
    items_incomplete=12,
    bytes_expected=10**12,
    recovery_time_s=40_000.0,
    loss_s=10_000_000.0,
    newest_at="2026-11-24T04:29:51.000000Z",
    checks=(
        check_all("signatures", 2, 2),
        check_none("objects of the copy", 3, [LONG]),
        check_all("content", 1_234_565, 1_234_567, [LONG, LONG]),
        not_checked("pages loaded", 99, "no Chromium was found on this machine", public=True),
        check_all("times", 1_234_567, 1_234_567),
        Check(name="not rolled back", outcome="passed", found=1_234_568, expected=1_234_567),
    ),
)
RESULT = DrillResult(
    started_at="2026-12-01T02:04:03.000000Z",
    duration_s=41_000.0,
    copy="usb",
    location="/media/" + "disk" * 30,
    log_origin="example.standfast/5d41402a",
    log_size=2_000_000,
    machine=Machine(system="Linux", processor="x86_64", processor_count=11, memory_bytes=25_276_502_016),
    tool="standfast/0.1.0",
    drills=(DRILL, dataclasses.replace(DRILL, kind="web", loss_s=None)),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, "--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_asks_for_nothing_and_reads_from_the_right_side(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(report_html(RESULT, language, names=True))
    for width in (320, 360, 768, 1200):
        page = browser.new_page(viewport={"width": width, "height": 800})
        said = listening(page)
        page.goto(file.as_uri())
        assert said == [file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # Nothing is cut off inside a box either.
        over = "[...document.querySelectorAll('h1,h2,p,dd,td,th,li')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        assert page.evaluate(f"{over}.filter(e => getComputedStyle(e).overflow != 'hidden').length") == 0
        heading = page.locator("h1").bounding_box()
        assert heading is not None
        side = page.evaluate("getComputedStyle(document.querySelector('h1')).direction")
        assert side == ("rtl" if language == "ar" else "ltr")
        page.close()


def listening(page: Page) -> list[str]:
    """What a page asks for and complains of, from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    return said


def test_every_word_stands_out_from_what_is_behind_it(browser: Browser, tmp_path: Path) -> None:
    """Contrast of at least 4.5 to 1 for every text (WCAG 2.2, 1.4.3)."""
    file = tmp_path / "report.html"
    file.write_bytes(report_html(RESULT, "en", names=True))
    page = browser.new_page()
    page.goto(file.as_uri())
    poor = page.evaluate(CONTRAST)
    page.close()
    assert poor == []


CONTRAST = """() => {
  const light = c => { const v = c.map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest('svg')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color).slice(0, 3)), light(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(e.textContent.slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return poor;
}"""


def test_on_paper_it_is_a_few_sheets_and_still_tells_what_failed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(report_html(RESULT, "ar", names=True))
    page = browser.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    kept = page.evaluate(
        "[...document.querySelectorAll('.verdict.failed')].map(e => getComputedStyle(e).printColorAdjust)"
    )
    assert kept == ["exact", "exact"]
    paper = page.pdf(prefer_css_page_size=True)
    page.close()
    assert 2 <= paper.count(b"/Type /Page\n") <= 5
