"""A site is captured from a real server: what is followed and kept, what a second run costs, what is not the site."""

from __future__ import annotations

import gzip
import io
import threading
import time
from datetime import UTC, datetime

import pytest
from warcio.archiveiterator import ArchiveIterator

from raw_site import MemorySeen, RawSite, Run, answer, capture, raw_site
from standfast.capture.web import asking
from standfast.capture.web.pace import Pace, retry_after_s
from standfast.errors.capture import RobotsBarredError, SiteMovedError, SiteSuspendedError, SiteUnreachableError
from standfast.holdings.http_answer import parse_answer
from standfast.holdings.item import WebFacts


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BACK_OFF_S", 0.01)


def links(*paths: str) -> bytes:
    return answer("".join(f'<a href="{path}">x</a>' for path in paths))


def paths(run: Run, site: RawSite) -> set[str]:
    return {url.removeprefix(site.origin) for url in run.landed}


def facts(run: Run, url: str) -> WebFacts:
    found = run.landed[url].facts
    assert isinstance(found, WebFacts)
    return found


def test_what_is_kept_is_what_the_server_sent_to_the_byte() -> None:
    page = gzip.compress(b"<p>example</p>", mtime=0)
    raw = (
        b"HTTP/1.1 200 Fine\r\ncontent-TYPE:  text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x;n=1\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(page), page)
    )
    with raw_site({"/": raw}) as site:
        run = capture(site.origin + "/")
    landed = run.landed[site.origin + "/"]
    assert isinstance(landed.content, bytes)
    records = [
        (each.rec_type, each.rec_headers.get_header("WARC-Target-URI"), each.raw_stream.read())
        for each in ArchiveIterator(io.BytesIO(landed.content), no_record_parse=True, check_digests="raise")
    ]
    assert records[0] == ("response", site.origin + "/", raw)
    assert records[1] == ("request", site.origin + "/", next(each for each in site.requests if b"GET / " in each))
    assert facts(run, site.origin + "/").payload_bytes == len(b"<p>example</p>")
    assert facts(run, site.origin + "/").ip == "127.0.0.1"
    assert parse_answer(raw).payload(99) == b"<p>example</p>"


def test_items_one_after_another_are_a_warc_file() -> None:
    with raw_site({"/": links("/a", "/b"), "/a": answer("a"), "/b": answer("b", "text/plain")}) as site:
        run = capture(site.origin + "/")
    whole = b"".join(each.content for each in run.landed.values() if isinstance(each.content, bytes))
    kinds = [record.rec_type for record in ArchiveIterator(io.BytesIO(whole), check_digests="raise")]
    assert kinds == ["response", "request"] * len(run.landed)


def test_a_second_run_asks_and_fetches_only_what_changed() -> None:
    etag = {"ETag": '"1"'}

    def conditional(connection: object, request: bytes) -> None:
        known = b'If-None-Match: "1"' in request
        raw = answer(status=304, **etag) if known else answer('<a href="/behind">x</a>', **etag)
        connection.sendall(raw)  # type: ignore[attr-defined]

    seen = MemorySeen()
    with raw_site({"/": links("/etag", "/same", "/new"), "/etag": conditional, "/same": answer("same")}) as site:
        site.answers |= {"/new": answer("one"), "/behind": answer("behind a page that did not change")}
        first = capture(site.origin + "/", seen)
        site.answers["/new"] = answer("two")
        again = capture(site.origin + "/", seen)
    assert paths(first, site) == {"/", "/etag", "/same", "/new", "/behind"}
    assert paths(again, site) == {"/new"}
    assert {url.removeprefix(site.origin) for url in again.unchanged} == {"/", "/etag", "/same", "/behind"}
    assert again.complete is True


def test_what_is_gone_is_not_yielded_and_what_fails_is_kept() -> None:
    seen = MemorySeen()
    with raw_site({"/": links("/gone", "/barred"), "/gone": answer("x"), "/barred": answer("x")}) as site:
        capture(site.origin + "/", seen)
        site.answers["/gone"] = answer("no", status=410)
        run = capture(site.origin + "/", seen)
        assert run.complete is True
        assert f"{site.origin}/gone" not in {*run.landed, *run.unchanged, *(each.what for each in run.failures)}
        site.answers["/barred"] = answer("no", status=403)
        run = capture(site.origin + "/", seen)
        assert run.complete is False
        assert [each.key.decode() for each in run.failures] == [f"{site.origin}/barred"]


def test_an_answer_that_says_unchanged_to_no_question_is_a_failure() -> None:
    with raw_site({"/": links("/odd"), "/odd": answer(status=304)}) as site:
        run = capture(site.origin + "/")
    assert "304" in run.why(f"{site.origin}/odd")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    tries = {"count": 0}

    def busy(connection: object, _: bytes) -> None:
        tries["count"] += 1
        raw = answer("late") if tries["count"] == 3 else answer("busy", status=status, Retry_After="0")
        connection.sendall(raw)  # type: ignore[attr-defined]

    with raw_site({"/": links("/busy"), "/busy": busy}) as site:
        run = capture(site.origin + "/")
    assert facts(run, f"{site.origin}/busy").payload_bytes == 4
    assert run.complete is True


def test_the_rate_is_kept_and_pauses_that_are_asked_for() -> None:
    began = time.monotonic()
    with raw_site({"/": links(*(f"/{n}" for n in range(6)))} | {f"/{n}": answer("x") for n in range(6)}) as site:
        run = capture(site.origin + "/", rate=10.0)
    # robots.txt, the start, the sitemap and six pages: eight waits of a tenth of a second.
    assert 0.75 < time.monotonic() - began < 4
    assert len(run.landed) == 7
    noon = datetime(2031, 5, 4, 12, tzinfo=UTC)
    assert retry_after_s("7", noon) == 7
    assert retry_after_s("Sun, 04 May 2031 12:01:00 GMT", noon) == 60
    assert retry_after_s("soon", noon) is None
    assert Pace(2.0) is not None


def test_a_crawl_delay_is_obeyed() -> None:
    robots = answer("User-agent: *\nCrawl-delay: 0.4\n", "text/plain")
    began = time.monotonic()
    with raw_site({"/robots.txt": robots, "/": links("/a"), "/a": answer("x")}) as site:
        capture(site.origin + "/")
    assert time.monotonic() - began > 0.75


class TestRobots:
    def test_what_it_bars_is_not_asked_for_but_on_ones_own_site(self) -> None:
        robots = answer("User-agent: *\nDisallow: /private/\n", "text/plain")
        with raw_site({"/robots.txt": robots, "/": links("/private/a"), "/private/a": answer("x")}) as site:
            assert paths(capture(site.origin + "/"), site) == {"/robots.txt", "/"}
            assert site.asked["/private/a"] == 0
            assert "/private/a" in paths(capture(site.origin + "/", mine=True), site)

    def test_a_site_that_bars_all_is_an_error(self) -> None:
        robots = answer("User-agent: *\nDisallow: /\n", "text/plain")
        with raw_site({"/robots.txt": robots, "/": links()}) as site, pytest.raises(RobotsBarredError):
            capture(site.origin + "/")

    def test_it_is_found_behind_a_redirect(self) -> None:
        robots = answer("User-agent: *\nDisallow: /private/\n", "text/plain")
        moved = answer(status=301, Location="/rules")
        with raw_site({"/robots.txt": moved, "/rules": robots, "/": links("/private/a")}) as site:
            capture(site.origin + "/")
        assert site.asked["/private/a"] == 0

    def test_what_it_comes_to_bar_is_not_taken_for_gone(self) -> None:
        seen = MemorySeen()
        with raw_site({"/": links("/a"), "/a": answer("x")}) as site:
            capture(site.origin + "/", seen)
            site.answers["/robots.txt"] = answer("User-agent: *\nDisallow: /a\n", "text/plain")
            run = capture(site.origin + "/", seen)
        assert [each.key.decode() for each in run.failures] == [f"{site.origin}/a"]
        assert run.complete is False

    def test_a_sitemap_that_it_names_is_read(self) -> None:
        index = "<sitemapindex><sitemap><loc>@/part.xml.gz</loc></sitemap></sitemapindex>"
        with raw_site({"/en/": links(), "/en/alone": answer("x"), "/": links()}) as site:
            site.answers |= {
                "/robots.txt": answer(f"Sitemap: {site.origin}/maps/all.xml\n", "text/plain"),
                "/maps/all.xml": answer(index.replace("@", site.origin), "application/xml"),
                "/part.xml.gz": answer(
                    gzip.compress(f"<urlset><url><loc>{site.origin}/en/alone</loc></url></urlset>".encode()),
                    "application/gzip",
                ),
            }
            run = capture(site.origin + "/en/")
        assert paths(run, site) == {"/robots.txt", "/en/", "/maps/all.xml", "/part.xml.gz", "/en/alone"}


class TestScope:
    def test_only_the_sites_own_part_is_followed_and_what_its_pages_need_from_anywhere(self) -> None:
        with raw_site({}) as other, raw_site({}) as site:
            other.answers |= {"/p.png": answer(b"png", "image/png"), "/page": links("/more"), "/more": links()}
            page = f'<a href="{other.origin}/page">x</a><a href="/elsewhere">x</a><img src="{other.origin}/p.png">'
            page += '<img src="/q.png">'
            site.answers |= {"/en/": answer(page), "/elsewhere": links(), "/q.png": answer(b"png", "image/png")}
            run = capture(site.origin + "/en/")
        assert set(run.landed) == {f"{site.origin}/en/", f"{site.origin}/q.png", f"{other.origin}/p.png"}

    def test_a_page_met_in_a_frame_first_is_followed(self) -> None:
        with raw_site(
            {"/": answer('<iframe src="/frame"></iframe>'), "/frame": links("/deep"), "/deep": links()}
        ) as site:
            run = capture(site.origin + "/")
        assert "/deep" in paths(run, site)

    def test_what_is_excluded_is_never_asked_for(self) -> None:
        page = answer('<a href="/cal?1">x</a><img src="/cal.png"><a href="/go">x</a>')
        with raw_site({"/": page, "/go": answer(status=302, Location="/cal?2")}) as site:
            capture(site.origin + "/", exclude=(f"{site.origin}/cal*",))
        assert not any(path.startswith("/cal") for path in site.asked)

    def test_a_redirect_of_the_first_page_is_asked_for_once(self) -> None:
        with raw_site({"/": answer(status=302, Location="/en/"), "/en/": links("/en/a"), "/en/a": links()}) as site:
            run = capture(site.origin + "/")
        assert paths(run, site) == {"/", "/en/", "/en/a"}
        assert site.asked["/en/"] == 1


class TestWhatIsNotTheSite:
    def test_no_server(self) -> None:
        with raw_site({}) as site:
            pass
        with pytest.raises(SiteUnreachableError) as caught:
            capture(site.origin + "/")
        assert site.origin in caught.value.step()

    @pytest.mark.parametrize("status", [404, 403, 500])
    def test_a_first_page_that_is_none(self, status: int) -> None:
        with (
            raw_site({"/": answer("no", status=status)}) as site,
            pytest.raises(SiteUnreachableError, match=str(status)),
        ):
            capture(site.origin + "/")

    def test_a_redirect_to_a_notice_of_suspension(self) -> None:
        moved = answer(status=302, Location="/cgi-sys/suspendedpage.cgi")
        with raw_site({"/": moved}) as site, pytest.raises(SiteSuspendedError):
            capture(site.origin + "/")

    @pytest.mark.parametrize("coded", [False, True])
    def test_a_notice_in_place_of_the_first_page(self, coded: bool) -> None:
        notice = b"<title>Account Suspended</title><h1>This Account has been suspended.</h1>"
        raw = answer(gzip.compress(notice), Content_Encoding="gzip") if coded else answer(notice)
        with raw_site({"/": raw}) as site, pytest.raises(SiteSuspendedError):
            capture(site.origin + "/")

    def test_a_log_in_page_in_place_of_the_first_page(self) -> None:
        moved = answer(status=302, Location="/login")
        with raw_site({"/": moved, "/login": answer("<form>")}) as site, pytest.raises(SiteSuspendedError):
            capture(site.origin + "/")

    def test_a_name_that_leads_to_another_site(self) -> None:
        with raw_site({"/": answer("parked")}) as other, raw_site({}) as site:
            site.answers["/"] = answer(status=301, Location=other.origin + "/")
            with pytest.raises(SiteMovedError) as caught:
                capture(site.origin + "/")
        assert other.origin in caught.value.step()

    def test_a_site_that_is_suspended_in_the_middle_loses_nothing(self) -> None:
        seen = MemorySeen()
        with raw_site({"/": links("/a", "/b"), "/a": answer("a"), "/b": answer("b")}) as site:
            capture(site.origin + "/", seen)
            site.answers |= {path: answer(status=302, Location="/cgi-sys/suspendedpage.cgi") for path in ("/a", "/b")}
            run = capture(site.origin + "/", seen)
        assert not run.landed
        assert {each.what.removeprefix(site.origin) for each in run.failures} == {"/a", "/b"}
        assert run.complete is False

    def test_an_article_about_suspension_is_the_site(self) -> None:
        article = answer("<title>Lawyer suspended after hearing</title><p>The account has been suspended, he said.</p>")
        with raw_site({"/": links("/news/lawyer-suspended"), "/news/lawyer-suspended": article}) as site:
            run = capture(site.origin + "/")
        assert "/news/lawyer-suspended" in paths(run, site)
        assert not run.failures


def test_no_thread_is_left_after_a_run() -> None:
    with raw_site({"/": links("/a"), "/a": answer("x")}) as site:
        before = {each.name for each in threading.enumerate() if "asyncio" in each.name}
        capture(site.origin + "/")
        assert {each.name for each in threading.enumerate() if "asyncio" in each.name} == before
