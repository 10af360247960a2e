"""Pages that need a browser: what their scripts bring is held, by the same rules, and stands up without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from program import Program
from raw_site import Run, answer, capture, raw_site
from standfast.capture.landing import Landed
from standfast.holdings.item import ViewFacts

SCRIPT = """<script>
fetch('/api/team').then(r => r.json()).then(team => team.forEach(name => {
  const link = document.createElement('a'); link.href = '/people/' + name; link.textContent = 'about ' + name;
  document.body.append(link); }));
new Image().src = 'http://10.0.0.1/beacon.png';
new Image().src = 'file:///etc/hostname';
fetch('/api/vote', {method: 'POST', body: 'x'}).catch(() => 0);
try { new WebSocket('ws://127.0.0.1:9/'); } catch (e) {}
</script>"""
LAZY = '<div style="height:4000px"></div><img id=lazy data-src="/far.png"><script>'
LAZY += "new IntersectionObserver(es => es.forEach(e => { if (e.isIntersecting) lazy.src = lazy.dataset.src; }))"
LAZY += ".observe(lazy)</script>"
MORE = (
    "<ul id=list></ul><button id=go>المزيد</button><script>let at = 0; const more = () => fetch('/api/more?at=' + at++)"
)
MORE += (
    ".then(r => r.text()).then(t => { list.insertAdjacentHTML('beforeend', '<li>' + t); if (at > 2) go.remove(); });"
)
MORE += "go.onclick = more; more();</script>"


def views(run: Run) -> dict[tuple[str, str], Landed]:
    """What was seen of pages, by path and part."""
    found = {}
    for landed in run.landed.values():
        if isinstance(landed.facts, ViewFacts):
            found[landed.facts.url.rpartition(":")[2].partition("/")[2], landed.facts.part] = landed
    return found


def test_what_scripts_load_is_held_and_nothing_is_sent_or_asked_elsewhere() -> None:
    pages = {
        "/": answer(f"<title>front</title><p>plain{SCRIPT}"),
        "/api/team": answer('["ruth", "amal"]', "application/json"),
        "/people/ruth": answer("<p>RUTH"),
        "/people/amal": answer("<p>AMAL"),
    }
    with raw_site(pages) as site:
        run = capture(site.origin + "/")
    held = {url.removeprefix(site.origin) for url in run.landed}
    assert {"/", "/api/team", "/people/ruth", "/people/amal"} <= held
    assert "/api/vote" not in site.asked
    assert run.complete, run.failures
    seen = views(run)
    assert b"about amal" in bytes(seen["", "text"].content)  # type: ignore[arg-type]
    assert b"about amal" in bytes(seen["", "document"].content)  # type: ignore[arg-type]
    assert bytes(seen["", "picture"].content).startswith(b"\xff\xd8")  # type: ignore[arg-type]
    facts = seen["", "text"].facts
    assert isinstance(facts, ViewFacts)
    assert facts.title == "front"
    assert "would have sent something" in seen["", "text"].quality
    # Its own pages have no scripts: they are not opened.
    assert {place for place, _ in seen} == {""}


def test_what_is_loaded_when_it_is_seen_or_pressed_is_held() -> None:
    pages = {
        "/": answer(f'<a href="/more">x</a>{LAZY}'),
        "/far.png": answer("png", "image/png"),
        "/more": answer(MORE),
        **{f"/api/more?at={n}": answer(f"piece {n}", "text/plain") for n in range(3)},
    }
    with raw_site(pages) as site:
        run = capture(site.origin + "/")
    held = {url.removeprefix(site.origin) for url in run.landed}
    assert held >= {"/far.png", "/api/more?at=0", "/api/more?at=1", "/api/more?at=2"}
    assert b"piece 2" in bytes(views(run)["more", "text"].content)  # type: ignore[arg-type]


def test_pages_whose_scripts_bring_nothing_are_looked_at_only_a_few_times() -> None:
    idle = "<script>document.title = 'x'</script>"
    pages = {f"/{n}": answer(f"<p>page {n}{idle}") for n in range(12)}
    pages["/"] = answer("".join(f'<a href="/{n}">x</a>' for n in range(12)) + idle)
    with raw_site(pages) as site:
        run = capture(site.origin + "/")
        plain = capture(site.origin + "/", engine="plain")
    assert len(run.landed) - len(views(run)) == len(plain.landed) == 13
    assert len({place for place, _ in views(run)}) <= 6
    assert not views(plain)


def test_a_page_that_never_ends_costs_itself_and_no_more() -> None:
    pages = {
        "/": answer("<a href=/fine>x</a><script>while (true) {}</script>"),
        "/fine": answer("<p>fine"),
    }
    with raw_site(pages) as site, pytest.MonkeyPatch.context() as patch:
        patch.setattr("standfast.capture.web.browser.LOAD_S", 2.0)
        patch.setattr("standfast.capture.web.browser.PAGE_S", 4.0)
        run = capture(site.origin + "/")
    assert {f"{site.origin}/", f"{site.origin}/fine"} <= set(run.landed)
    assert "in the browser" in run.why(f"{site.origin}/")


def test_without_a_browser_the_rest_is_held_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDFAST_CHROMIUM", "/nowhere/chromium")
    with raw_site({"/": answer(f"<p>x{SCRIPT}")}) as site:
        run = capture(site.origin + "/")
        assert f"{site.origin}/" in run.landed
        assert [count for what, count in run.passed_over if "no browser" in what] == [1]


def test_the_second_night_costs_no_browser_and_the_site_stands_up_with_what_scripts_brought(tmp_path: Path) -> None:
    program = Program(tmp_path)
    asks = SCRIPT.partition("new Image")[0] + "</script>"
    pages = {
        "/": answer(f"<title>front</title><p>plain{asks}"),
        "/api/team": answer('["ruth"]', "application/json"),
        "/people/ruth": answer("<p>RUTH"),
    }
    program.init()
    with raw_site(pages) as site:
        program("add", "web", site.origin + "/", "--name", "site", "--rate", "1000")
        first = program.json("protect")["origins"][0]
        again = program.json("protect")["origins"][0]
    assert first["ok"]
    assert again["items_new"] == 0
    assert again["items_seen"] == first["items_seen"]
    kept = program.json("items", "--origin", "site")["items"]
    assert {item["media_type"] for item in kept} >= {"image/jpeg", "application/warc"}
    program("replicas", "add", "partner", tmp_path / "copy")
    program("replicas", "sync")
    drilled = program.json("drill")["drills"][0]
    assert drilled["ok"], drilled
    assert drilled["items_identical"] == drilled["items_expected"]
    restored = program.json("restore", "web", "site", "--to", tmp_path / "public")
    assert restored["ok"]
    assert (tmp_path / "public/people/ruth.html").exists() or list((tmp_path / "public").rglob("*ruth*"))
