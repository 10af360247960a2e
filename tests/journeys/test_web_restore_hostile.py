"""A site made to escape its folder, or to call its old host, is restored and does neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from raw_site import answer, raw_site
from standfast.capture.origin import WebOrigin
from standfast.capture.web.crawl import WebCapture
from standfast.errors.restore import TargetNotEmptyError
from standfast.intake.run import bring_in
from standfast.restore.site.browser import load_pages
from standfast.restore.site.restore import RestoredSite, restore_whole_site
from vault_builder import SmallVault

NASTY = (
    "/%2e%2e/%2e%2e/escaped",
    "/..%2f..%2fescaped2",
    "/..%5c..%5cescaped3",
    "/a%00b",
    "/CON",
    "/Case",
    "/case",
    "/%D8%B5%D9%81%D8%AD%D8%A9%20%D8%A3",
    "/x" * 120,
    "/" + "long" * 200,
    "/q?a=1",
    "/q?a=2",
    "/file",
    "/file/below",
)


def taken_in(root: Path, origin: str) -> SmallVault:
    vault = SmallVault(root)
    vault.make()
    place = vault.open_place()
    try:
        settings = WebOrigin(name="site", url=origin + "/", rate=1e6)
        result = bring_in(place, WebCapture(settings, tool="t"), origin="site", kind="web", location=origin + "/")
    finally:
        place.close()
    assert result.items_new > 5
    return vault


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RestoredSite, str]:
    room = tmp_path_factory.mktemp("restored")
    with raw_site({}) as site:
        links = "".join(f'<a href="{path}">x</a>' for path in NASTY)
        calls = f'<img src="{site.origin}/none.png"><script src="{site.origin}/none.js"></script>'
        calls += '<iframe src="/none"></iframe>'
        site.answers["/"] = answer(f"<!DOCTYPE html><title>start</title>{links}{calls}")
        site.otherwise = lambda path: (
            answer("<h1>404</h1>", status=404)
            if path.startswith(("/none", "/robots", "/sitemap"))
            else answer("plain", "application/octet-stream")
            if path == "/file"
            else answer(f"<!DOCTYPE html><title>{len(path)}</title><p>{path[:40]}</p>")
        )
        vault = taken_in(room / "vault", site.origin)
        origin = site.origin
    (room / "out").mkdir()
    return room, restore_whole_site(vault.reader(), "site", room / "out" / "site"), origin


def test_nothing_is_written_outside_and_each_address_has_its_file(restored: tuple[Path, RestoredSite, str]) -> None:
    room, site, _ = restored
    assert [entry.name for entry in (room / "out").iterdir()] == ["site"]
    assert sorted(entry.name for entry in room.iterdir()) == ["out", "vault"]
    assert site.result.ok, site.result.failures
    places = [page.place for page in site.pages]
    assert len({place.casefold() for place in places}) == len(places) == site.result.items - 1
    assert all((room / "out" / "site" / place).is_file() for place in places)


def test_every_page_loads_and_none_calls_the_old_host(restored: tuple[Path, RestoredSite, str]) -> None:
    room, site, origin = restored
    verdicts = load_pages(room / "out" / "site", [page.place for page in site.pages])
    assert [verdict for verdict in verdicts if not verdict.ok] == []
    start = next(verdict for verdict in verdicts if verdict.place == "index.html")
    assert start.title == "start"
    text = (room / "out" / "site" / "index.html").read_text()
    assert f'data-standfast-missing="{origin}/none.png"' in text


def test_what_is_there_already_is_not_written_over(tmp_path: Path, restored: tuple[Path, RestoredSite, str]) -> None:
    room, _, _ = restored
    vault = SmallVault(room / "vault")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TargetNotEmptyError):
        restore_whole_site(vault.reader(), "site", tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]
