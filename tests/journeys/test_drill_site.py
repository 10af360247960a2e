"""A site is drilled from a copy with a real browser; and each way in which it could come back wrong is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drill_fixture import HOST, DrilledVault, MemorySite, check_of, example_site, failing, under_drill, write_documents
from standfast.drill import scenario
from standfast.drill.result import DrillResult
from standfast.drill.run import run_drill
from standfast.drill.scenario import WebScenario
from standfast.restore.site.browser import PageVerdict, load_pages


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> DrilledVault:
    root = tmp_path_factory.mktemp("drilled-site")
    drilled = DrilledVault(root)
    (root / "documents").mkdir()
    write_documents(root / "documents")
    drilled.protect_folder(root / "documents")
    drilled.bring_in(MemorySite(answers=example_site()), "site", "web", f"{HOST}/")
    drilled.copy()
    return drilled


def drill(drilled: DrilledVault, scratch: Path, **options: Any) -> DrillResult:
    origins = options.pop("origins", {"site": "web"})
    try:
        return run_drill(
            under_drill(drilled.root / "copy"), drilled.identities, drilled.vkeys, origins, scratch, **options
        )
    finally:
        assert os.listdir(scratch) == []


def test_a_site_and_a_folder_pass_together(drilled: DrilledVault, tmp_path: Path) -> None:
    site, docs = drill(drilled, tmp_path, origins={"site": "web", "docs": "files"}).drills
    assert site.ok, failing(site)
    assert docs.ok, failing(docs)
    # Two pages, a style sheet, a picture, a document, and three redirects: one that goes round leads nowhere at its
    # origin either, and what is not there is not expected.
    assert site.items_expected == site.items_restored == site.items_identical == 8
    counts = {check.name: (check.found, check.expected) for check in site.checks}
    assert counts["pages loaded"] == (2, 2)
    assert counts["redirects"] == (3, 3)
    assert counts["text"] == (3, 3)
    assert counts["content"] == (2, 2)
    assert counts["requests failed"] == counts["requests elsewhere"] == (0, 0)
    assert site.loss_s is not None


def spoiled(spoil: Callable[[Path], None]) -> dict[str, WebScenario]:
    """A scenario in which something happens to the site between its restore and the browser."""

    def load(folder: Path, places: list[str], **options: Any) -> list[PageVerdict]:
        spoil(folder)
        return load_pages(folder, places, **options)

    return {"web": WebScenario(load)}


def remove_picture(folder: Path) -> None:
    (folder / "img" / "a.png").unlink()


def ask_elsewhere(folder: Path) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text().replace("</body>", '<img src="http://198.51.100.7/x.png"></body>'))


def break_style(folder: Path) -> None:
    (folder / "style.css").rename(folder / "other.css")


def break_page(folder: Path) -> None:
    (folder / "ar" / "index.html").unlink()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (remove_picture, {"requests failed"}),
        (ask_elsewhere, {"requests elsewhere"}),
        (break_style, {"requests failed"}),
        (break_page, {"pages loaded", "requests failed"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_a_browser_misses_fails_the_drill(
    drilled: DrilledVault, tmp_path: Path, spoil: Callable[[Path], None], found: set[str]
) -> None:
    (site,) = drill(drilled, tmp_path, scenarios=spoiled(spoil)).drills
    assert failing(site) == found
    assert not site.ok
    assert site.items_identical < site.items_expected


def empty_page(folder: Path) -> None:
    (folder / "index.html").write_text("")


def cut_page(folder: Path) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text().replace("<h1>Example</h1>", ""))


def another_page(folder: Path) -> None:
    (folder / "index.html").write_bytes((folder / "ar" / "index.html").read_bytes().replace(b"../", b""))


def page_without_picture(folder: Path) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text().replace('src="img/a.png"', f'data-standfast-missing="{HOST}/img/a.png"'))


def empty_sheet(folder: Path) -> None:
    (folder / "style.css").write_text("")


@pytest.mark.parametrize("spoil", [empty_page, cut_page, another_page, page_without_picture, empty_sheet])
def test_what_loads_and_does_not_say_what_was_recorded_fails_the_drill(
    drilled: DrilledVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    restore = scenario.restore_whole_site

    def restore_wrongly(reader: Any, origin: str, to: Path, **options: Any) -> Any:
        site = restore(reader, origin, to, **options)
        spoil(to)
        return site

    monkeypatch.setattr(scenario, "restore_whole_site", restore_wrongly)
    (tmp_path / "scratch").mkdir()
    (site,) = drill(drilled, tmp_path / "scratch").drills
    assert failing(site) == {"text"}
    text = check_of(site, "text")
    assert (text.found, text.expected, len(text.examples)) == (2, 3, 1)
    assert site.items_identical == 7


def test_without_a_browser_the_pages_are_not_checked_and_the_drill_is_not_ok(
    drilled: DrilledVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDFAST_CHROMIUM", str(tmp_path / "no-such-browser"))
    (tmp_path / "scratch").mkdir()
    (site,) = drill(drilled, tmp_path / "scratch").drills
    assert not site.ok
    pages = check_of(site, "pages loaded")
    assert (pages.outcome, pages.found, pages.expected) == ("not checked", None, 2)
    assert "Chromium" in pages.examples[0].why
    assert (site.items_restored, site.items_identical) == (8, 6)
