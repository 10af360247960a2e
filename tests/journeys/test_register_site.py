"""The register's site in a real browser, opened from a disk: every page kind in every language, with axe."""

from __future__ import annotations

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from register_fixture import DIGEST, add, evidence, make_register, moment, read
from standfast.errors.register import SiteTargetError
from standfast.register import adding, release
from standfast.register.entry import LANGUAGES
from standfast.register.evidence import FolderEvidence
from standfast.register.site.build import build_site
from standfast.register.store import read_register, shipped_folder
from standfast.register.view import view_of
from standfast.restore.site.browser import FLAGS, find_browser

AXE = Path(__file__).parents[1] / "interop" / "node" / "node_modules" / "axe-core" / "axe.min.js"
DAY = date(2026, 11, 24)
PAGE_LIMIT_BYTES = 150_000
KINDS = (
    "index.html", "map.html", "search.html", "targets.html", "authorities.html", "sources.html", "days.html",
    "corrections.html", "releases.html", "state/HUN.html", "state/ISR.html",
    "target/albanese.html", "authority/us.html",
    "body/eu-commission.html", "source/S060.html", "day/2025-02-07.html", "about/method.html", "about/licence.html",
    "about/corrections.html", "about/neutrality.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped register's site."""
    to = tmp_path_factory.mktemp("register") / "site"
    data = read_register(shipped_folder())
    built = build_site(data, FolderEvidence(data.folder / "evidence"), to, day=DAY)
    assert (built.problems, built.languages) == ((), LANGUAGES)
    assert built.pages == sum(1 for language in LANGUAGES for _ in (to / language).rglob("*.html"))
    return to


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, str]:
    """A site with a release, a correction and a withdrawal: folder, release, old claim, withdrawn claim."""
    base = tmp_path_factory.mktemp("released")
    folder = make_register(base / "register")
    old = add(folder)
    other = add(folder, series="ACT-OTHER", subject="BEL", summary="Example that must vanish.")
    new = add(folder, day=2, corrects=old.id, correction="update", summary="Example: asked again.")
    adding.review(read(folder), (new.id, other.id), by="reviewer-2", at=moment(3))
    view = view_of(read(folder))
    assert release.publishable(view) == [other.id, new.id]
    key, _, _ = release.publish(view, [other.id, new.id], by="editor", at=moment(4), log=None)
    adding.withdraw(read(folder), other.id, author="author-1", at=moment(5))
    built = build_site(read(folder), evidence(folder), base / "site", day=date(2026, 12, 6), workers=1)
    assert (built.problems, built.release) == ((), key)
    return base / "site", key, old.id, other.id


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, "--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that keeps what it asked for, and what it said in the console."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    opened.close()
    assert said == []
    assert all(url.startswith("file://") for url in asked), asked


def faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, and its best practices."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # By evaluation, not by a script element: the page's own policy forbids the latter.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # No preload: it would ask for style sheets by request, which the page's policy forbids too.
    # Two groups of the table stand for all five: their rows are made alike, and contrast is costly to compute.
    found = page.evaluate(
        "tags => axe.run({include: [['html']], exclude: [['#cells tbody:nth-of-type(n+3)']]},"
        " {runOnly: tags, preload: false, resultTypes: ['violations']})",
        tags,
    )
    return [f"{each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"][:3]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_kind_of_page(site: Path, page: Page, language: str) -> None:
    claim = sorted((site / language / "claim").iterdir())[0].name
    found = {}
    for path in (*KINDS, f"claim/{claim}"):
        page.goto((site / language / path).as_uri())
        assert page.evaluate("[document.documentElement.lang, document.dir]") == [
            language,
            "rtl" if language == "ar" else "ltr",
        ]
        if wrong := faults(page):
            found[path] = wrong
    assert found == {}


def test_axe_finds_nothing_where_there_are_releases_and_corrections(
    released: tuple[Path, str, str, str], page: Page
) -> None:
    folder, key, old, withdrawn = released
    for language in ("en", "ar"):
        for path in (
            f"release/{key}.html",
            "releases.html",
            "corrections.html",
            f"claim/{old}.html",
            f"claim/{withdrawn}.html",
        ):
            page.goto((folder / language / path).as_uri())
            assert faults(page) == [], path
    page.goto((folder / "index.html").as_uri())
    assert faults(page) == []


@pytest.mark.parametrize(
    ("language", "width"), [("en", 1280), ("en", 820), ("en", 390), ("ar", 390), ("fr", 390), ("es", 320)]
)
def test_no_page_scrolls_sideways(site: Path, page: Page, language: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in KINDS:
        page.goto((site / language / path).as_uri())
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, path


def test_the_fonts_that_come_along_are_used(site: Path, page: Page) -> None:
    for language, family in (("en", "RegisterSerif"), ("ar", "RegisterNaskh"), ("ar", "RegisterArabic")):
        page.goto((site / language / "index.html").as_uri())
        page.evaluate("document.fonts.ready")
        loaded = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
        assert family in loaded


def test_everything_is_there_without_scripts(site: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "en" / "index.html").as_uri())
    assert page.locator("#cells tbody tr:not(.g)").count() == 125
    assert page.locator("#cells tbody tr:not(.g) td").count() == 125 * 9
    page.locator("#cells a", has_text="act sourced").first.click()
    assert page.locator(".measure .card").count() > 0
    page.goto((site / "en" / "map.html").as_uri())
    page.locator("label", has_text="Blocking statute").click()
    assert page.locator(".words.w5").is_visible()
    assert not page.locator(".words.w1").is_visible()
    assert "Belgium" in page.locator(".words.w5").inner_text()
    page.goto((site / "en" / "search.html").as_uri())
    assert page.locator(".columns a").count() == 125
    context.close()


def test_the_heads_of_the_table_stay_and_its_columns_sort_within_the_groups(site: Path, page: Page) -> None:
    page.goto((site / "en" / "index.html").as_uri())
    page.locator(".frame").evaluate("frame => { frame.scrollTop = 2000; frame.scrollLeft = 200 }")
    frame, head = page.locator(".frame").bounding_box(), page.locator("#cells thead th").first.bounding_box()
    assert frame
    assert head
    assert abs(head["y"] - frame["y"]) < 3
    first = page.locator("#cells tbody").first.locator("tr:not(.g) th")
    before = first.all_inner_texts()
    page.locator("thead button").nth(1).click()
    assert page.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
    words = page.locator("#cells tbody").first.locator("tr:not(.g) td:nth-child(2)").all_inner_texts()
    assert words == sorted(words)
    assert page.locator("#cells tbody").first.locator("tr").first.get_attribute("class") == "g"
    page.locator("thead button").nth(0).click()
    assert first.all_inner_texts() == before
    assert faults(page) == []


@pytest.mark.parametrize(
    ("language", "words", "found"),
    [
        ("ar", "المانيا", "ألمانيا"), ("ar", "البانيزي", "فرانشيسكا ألبانيزي"),
        ("fr", "cote d'ivoire", "Côte d’Ivoire"),
        ("es", "espana", "España"), ("en", "hofmanski", "Piotr Hofmański"), ("en", "microsoft", "Microsoft"),
    ],
)  # fmt: skip
def test_search_finds_names_however_they_are_typed(
    site: Path, page: Page, language: str, words: str, found: str
) -> None:
    page.goto((site / language / "search.html").as_uri())
    page.locator("#q").fill(words)
    first = page.locator("#results a").first
    assert first.inner_text() == found
    first.click()
    assert page.locator("h1").inner_text()


def test_on_paper_the_table_is_whole(site: Path, page: Page) -> None:
    page.goto((site / "en" / "index.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".frame").evaluate("frame => getComputedStyle(frame).overflow") == "visible"
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", landscape=True)))
    assert 3 <= sheets <= 14


def test_no_page_is_heavy_and_none_names_a_script_or_a_style_from_elsewhere(site: Path) -> None:
    for each in site.rglob("*.html"):
        raw = each.read_bytes()
        assert len(raw) < PAGE_LIMIT_BYTES, each
        assert b"default-src 'none'" in raw
        assert not re.search(rb'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|woff2?|png|svg)"', raw)
        assert b"<style" not in raw
        assert b" style=" not in raw
    assert not list(site.rglob("*.building"))


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    for language in ("en", "ar"):
        for each in (site / language).rglob("*.html"):
            for link in set(re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', each.read_text(encoding="utf-8"))):
                assert (each.parent / link).exists(), (each, link)


def test_every_page_marks_its_drafts_and_the_table_never_says_no(site: Path) -> None:
    for path in ("index.html", "state/FRA.html", "target/prost.html", "day/2025-02-07.html"):
        assert 'class="drafts"' in (site / "en" / path).read_text(encoding="utf-8")
    cells = re.findall(
        r'<td class="(\w)">(?:<a[^>]*>)?([^<]*)', (site / "en" / "index.html").read_text(encoding="utf-8")
    )
    assert {words.removesuffix(", joint") for _, words in cells} <= {
        "act sourced", "announced or called for", "act to the contrary sourced", "disputed", "no information",
    }  # fmt: skip


def test_the_feed_and_the_json_beside_pages_are_whole(site: Path) -> None:
    space = "{http://www.w3.org/2005/Atom}"
    for language in LANGUAGES:
        feed = ET.parse(site / language / "feed.atom").getroot()
        entries = feed.findall(f"{space}entry")
        assert len(entries) == 50
        for each in entries:
            link = each.find(f"{space}link")
            assert link is not None
            assert (site / language / link.attrib["href"]).is_file()
    found = json.loads((site / "data" / "state" / "HUN.json").read_text())
    assert found["membership"] == "disputed"
    assert found["notice"].startswith("This is not a screening list.")
    assert (site / "export" / "followthemoney.jsonl").is_file()


def test_the_same_register_and_day_give_the_same_site(site: Path, tmp_path: Path) -> None:
    data = read_register(shipped_folder())
    build_site(data, FolderEvidence(data.folder / "evidence"), tmp_path / "again", day=DAY, workers=1)

    def digests(folder: Path) -> dict[str, str]:
        files = sorted(each for each in folder.rglob("*") if each.is_file())
        return {str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}

    assert digests(tmp_path / "again") == digests(site)


def test_a_claim_on_held_bytes_shows_digest_time_index_and_an_old_page_names_its_successor(
    released: tuple[Path, str, str, str],
) -> None:
    folder, key, old, withdrawn = released
    page = (folder / "en" / "claim" / f"{old}.html").read_text(encoding="utf-8")
    for shown in (DIGEST, "example.org/log</code> 7", "2026-12-01T00:01:00", "Replaced by a later claim (update)"):
        assert shown in page
    assert "c2sp.org/tlog-proof@v1" in (folder / "en" / "source" / "S140.html").read_text(encoding="utf-8")
    assert key in (folder / "fr" / "releases.html").read_text(encoding="utf-8")
    for each in folder.rglob("*"):
        if each.is_file():
            assert b"must vanish" not in each.read_bytes(), each
    assert (folder / "en" / "claim" / f"{withdrawn}.html").is_file()


def test_a_flipped_bit_in_a_held_source_builds_nothing_and_names_claim_and_source(tmp_path: Path) -> None:
    folder = make_register(tmp_path / "register")
    line = add(folder)
    held = folder / "evidence" / DIGEST
    held.write_bytes(held.read_bytes().replace(b"held", b"helf"))
    built = build_site(read(folder), evidence(folder), tmp_path / "site", day=DAY)
    assert [(each.kind, each.claim, each.source) for each in built.problems] == [("changed digest", line.id, "S140")]
    assert not (tmp_path / "site").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    folder = make_register(tmp_path / "register")
    with pytest.raises(SiteTargetError):
        build_site(read(folder), evidence(folder), tmp_path / "mine", day=DAY)
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["letter.txt"]
