"""A site by the real program: captured, captured again for next to nothing, restored, and looked at in Chromium."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from warcio.archiveiterator import ArchiveIterator

from program import Program
from standfast.restore.site.browser import load_pages

DEMO = Path(__file__).parents[2] / "demo" / "site_of_an_office.py"


@pytest.fixture(scope="module")
def office() -> ModuleType:
    """The example site of the demo."""
    spec = importlib.util.spec_from_file_location("site_of_an_office", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["site_of_an_office"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def program(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.init()
    return program


def pages_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def protected(program: Program, server: Any) -> Any:
    """The office's site, taken in for the first time."""
    program("add", "web", f"{server.origin}/", "--name", "site", "--rate", 10_000)
    return program.json("protect", "site")


def names(program: Program) -> set[str]:
    return {each["name"] for each in program.json("items", "--origin", "site")["items"]}


def test_a_site_is_held_whole_and_comes_back_to_every_page(
    office: ModuleType, program: Program, tmp_path: Path
) -> None:
    with office.serve() as server:
        protected(program, server)
        origin, site = server.origin, server.site
        served = {origin + quote(path, safe="/@") for path in (*site.answers, *site.redirects)}
        assert names(program) == served
    # The server is gone.
    program("restore", "web", "site", "--to", "public")
    public = tmp_path / "public"
    pages = pages_in(public)
    verdicts = {verdict.place: verdict for verdict in load_pages(public, pages)}
    assert [verdict for verdict in verdicts.values() if not verdict.ok] == []
    web_pages = [path for path, (kind, _) in site.answers.items() if kind.startswith("text/html")]
    shown = [verdict for verdict in verdicts.values() if verdict.image_count]
    # Every page, one small page for the redirect, and the page for what is not there.
    assert len(pages) == len(web_pages) + len(site.redirects) + 1
    assert len(shown) >= 3 * office.ARTICLES
    assert verdicts["index.html"].title == "Example Office"
    assert verdicts["ar/index.html"].title == "مكتب المثال"
    for path in public.rglob("*"):
        if path.suffix in {".html", ".css"}:
            loaded = path.read_text().replace(f'<link rel="canonical" href="{origin}', "")
            assert origin not in loaded, path


def test_a_page_opens_by_a_double_click(office: ModuleType, program: Program, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    from standfast.restore.site.browser import FLAGS, find_browser

    with office.serve() as server:
        protected(program, server)
    program("restore", "web", "site", "--to", "public")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, "--no-sandbox"])
        try:
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            failed: list[str] = []
            page.on("requestfailed", lambda request: failed.append(request.url))
            page.goto((tmp_path / "public" / "index.html").as_uri())
            page.get_by_role("link", name="مكتب المثال").click()
            page.get_by_role("link", name="تقرير 2").click()
            assert page.title() == "تقرير 2"
            assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
            assert page.evaluate("document.images[0].naturalWidth") == 64
            assert failed == []
            assert all(url.startswith(("file://", "data:")) for url in asked)
        finally:
            browser.close()


def test_a_second_capture_asks_only_whether_something_changed(office: ModuleType, program: Program) -> None:
    with office.serve() as server:
        first = protected(program, server)["origins"][0]
        served = len(server.site.answers) + len(server.site.redirects)
        assert first["items_new"] == served
        server.requests = server.unchanged = 0
        second = program.json("protect", "site")["origins"][0]
        # robots.txt is read whole, so that it can be obeyed, and the redirect has no validator.
        assert (second["items_seen"], second["items_new"], second["items_gone"]) == (served, 0, 0)
        assert server.unchanged == server.requests - 2
        assert server.requests == served
        server.turn_to(2)
        third = program.json("protect", "site")["origins"][0]
        changed = len(office.LANGUAGES)
        assert (third["items_new"], third["items_gone"]) == (changed, 0)
        assert len(names(program)) == served


def test_what_the_site_takes_down_is_gone_now_and_still_there_as_of_then(
    office: ModuleType, program: Program, tmp_path: Path
) -> None:
    with office.serve() as server:
        protected(program, server)
        then = max(each["captured_at"] for each in program.json("items", "--origin", "site")["items"])
        path = "/en/news/3"
        address = server.origin + path
        before = names(program)
        assert address in before
        del server.site.answers[path]
        ended = program.json("protect", "site")["origins"][0]
        # The page, and its picture, which nothing else shows.
        assert before - names(program) == {address, f"{server.origin}/img/en-3.png"}
        assert ended["items_gone"] == 2
    program("restore", "web", "site", "--to", "then", "--at", then)
    assert "Report 3" in (tmp_path / "then/en/news/3.html").read_text()
    program("restore", "web", "site", "--to", "now")
    assert not (tmp_path / "now/en/news/3.html").exists()


def test_exported_items_one_after_another_are_a_warc_file(office: ModuleType, program: Program) -> None:
    with office.serve() as server:
        protected(program, server)
        bodies = {path: body for path, (_, body) in server.site.answers.items()}
        origin = server.origin
    ids = [each["id"] for each in program.json("items", "--origin", "site")["items"]]
    exported = program.json("export", *ids, "--to", "out")["items"]
    joined = b"".join((program.room / each["file"]).read_bytes() for each in exported)
    got: dict[str, bytes] = {}
    kinds = []
    for record in ArchiveIterator(io.BytesIO(joined), check_digests="raise"):
        kinds.append(record.rec_type)
        if record.rec_type == "response":
            got[record.rec_headers.get_header("WARC-Target-URI")] = record.content_stream().read()
    assert kinds == ["response", "request"] * len(ids)
    for path, body in bodies.items():
        assert got[origin + quote(path, safe="/@")] == body.replace(b"@ORIGIN@", origin.encode())


def test_a_site_that_is_not_there_changes_nothing_held(office: ModuleType, program: Program) -> None:
    with office.serve() as server:
        protected(program, server)
        held = names(program)
    failed = program("protect", "site", status=60)
    assert "can't be captured" in failed.out + failed.err
    assert names(program) == held
