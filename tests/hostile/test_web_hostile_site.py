"""A site that means harm: each thing it does ends within a bound, is said, and takes nothing else with it."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time

import brotli
import pytest

from raw_site import MemorySeen, RawSite, answer, capture, raw_site
from standfast.capture.origin import WebOrigin
from standfast.capture.web import asking, fetch
from standfast.capture.web.crawl import WebCapture
from standfast.capture.web.fetch import Fetcher, FetchError
from standfast.clock import machine_clock

FINE = answer("<p>fine</p>")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BACK_OFF_S", 0.01)
    monkeypatch.setattr(fetch, "SILENCE_S", 0.6)


def front(*paths: str) -> bytes:
    return answer("".join(f'<a href="{path}">x</a>' for path in paths) + '<a href="/fine">x</a>')


def drip(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(200):
        connection.sendall(b"X")
        time.sleep(0.05)


def silent(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    time.sleep(8)


def flood(piece: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n") -> object:
    def send(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        for _ in range(2_000):
            connection.sendall(piece)

    return send


MIB = 1024 * 1024
BAD = {
    "slow loris": (drip, "too slowly"),
    "silence": (silent, "nothing came"),
    "gzip bomb": (answer(gzip.compress(b"0" * (64 * MIB)), Content_Encoding="gzip"), "larger than 4194304"),
    "gzip in gzip": (
        answer(gzip.compress(gzip.compress(b"0" * (64 * MIB))), Content_Encoding="gzip, gzip"),
        "larger than 4194304",
    ),
    "brotli bomb": (answer(brotli.compress(b"0" * (64 * MIB)), Content_Encoding="br"), "larger than 4194304"),
    "too large": (answer(b"0" * (6 * MIB)), "larger than 4194304"),
    "endless": (flood(b"0" * 65536, b"HTTP/1.1 200 OK\r\n\r\n"), "larger than 4194304"),
    "endless head": (flood(b"X-Example: " + b"a" * 4000 + b"\r\n"), "no HTTP"),
    "one long header": (flood(b"a" * 65536), "no HTTP"),
    "endless interim answers": (flood(b"HTTP/1.1 102 Wait\r\n\r\n" * 2_000, b""), "interim answers"),
    "endless chunk marks": (
        flood(b"1\r\nx\r\n" * 2_000, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        "less than 32 bytes each",
    ),
    "chunked garbage": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\0\0\r\n", "no HTTP"),
    "shorter than it says": (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort", "no HTTP"),
    "length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no HTTP"),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "no HTTP"),
    "no HTTP": (b"\0" * 900, "no HTTP"),
    "nothing": (b"", "no HTTP"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_ends_in_bound_and_the_rest_is_held(kind: str) -> None:
    bad, why = BAD[kind]
    began = time.monotonic()
    with raw_site({"/": front("/bad"), "/bad": bad, "/fine": FINE}) as site:
        run = capture(site.origin + "/", max_answer_bytes=4 * MIB)
    assert why in run.why(f"{site.origin}/bad")
    assert f"{site.origin}/fine" in run.landed
    assert f"{site.origin}/bad" not in run.landed
    assert run.complete is False, "nothing may be taken for gone after a run that missed something"
    assert time.monotonic() - began < 15
    assert site.asked["/bad"] <= asking.TRIES


def test_bytes_beyond_the_length_are_no_part_of_the_answer() -> None:
    with raw_site({"/": answer("ok") + b"<a href='/smuggled'>x</a>", "/smuggled": FINE}) as site:
        run = capture(site.origin + "/")
    assert site.asked["/smuggled"] == 0
    assert run.landed[f"{site.origin}/"].facts.payload_bytes == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "page",
    [
        f"<title>{'t' * (10 * MIB)}</title><a href=/fine>x</a>",
        "<title>" * 200_000 + "</title><a href=/fine>x</a>",
        f'<img srcset="{" " * 200_000}"><a href=/fine>x</a>',
        f'<meta http-equiv=refresh content="0;{" " * 200_000}x"><a href=/fine>x</a>',
        f'<p style="{"(" * 200_000}"><a href=/fine>x</a>',
        f"<style>{'{' * 200_000}</style><a href=/fine>x</a>",
        f"<p {' '.join(f'a{n}=1' for n in range(20_000))}><a href=/fine>x</a>",
    ],
    ids=["long title", "many titles", "blank srcset", "blank refresh", "brackets", "braces", "attributes"],
)
def test_a_page_made_to_be_slow_is_read_all_the_same(page: str) -> None:
    began = time.monotonic()
    with raw_site({"/": answer(page), "/fine": FINE}) as site:
        run = capture(site.origin + "/")
    assert f"{site.origin}/" in run.landed
    # An endless title swallows what follows it, in every browser.
    assert (f"{site.origin}/fine" in run.landed) == ("</title>" in page or "<title>" not in page)
    assert time.monotonic() - began < 20


def test_what_is_nested_beyond_use_is_held_and_its_links_are_said_to_be_missing() -> None:
    deep = "<a href=/fine>x</a>" + "<div>" * 100_000 + "<a href=/never>x</a>"
    began = time.monotonic()
    with raw_site({"/": answer(deep), "/fine": FINE, "/never": FINE}) as site:
        run = capture(site.origin + "/")
    assert {f"{site.origin}/", f"{site.origin}/fine"} <= set(run.landed)
    assert "not looked for to its end" in run.why(f"{site.origin}/")
    assert run.complete is False
    assert time.monotonic() - began < 15


def test_redirects_without_end() -> None:
    with raw_site({"/": front("/go?0"), "/fine": FINE}) as site:
        site.otherwise = lambda path: (
            answer(status=302, Location=f"/go?{int(path.partition('?')[2] or 0) + 1}")
            if path.startswith("/go")
            else answer("<h1>404</h1>", status=404)
        )
        run = capture(site.origin + "/")
    assert sum(count for path, count in site.asked.items() if path.startswith("/go")) <= 25
    assert any("redirect in a row" in failure.why for failure in run.failures)


def test_traps_end_and_are_said() -> None:
    def trap(path: str) -> bytes:
        if path.startswith("/shop"):
            mark = abs(hash(path))
            return answer(f'<a href="/shop?sid={mark:x}">x</a><a href="/shop?sid={mark:x}1">x</a>')
        if path.startswith("/loop"):
            return answer('<a href="a/loop/">x</a>')
        return answer("<h1>404</h1>", status=404)

    with raw_site({"/": front("/shop?sid=0", "/loop/"), "/fine": FINE}) as site:
        site.otherwise = trap
        run = capture(site.origin + "/")
    assert sum(count for path, count in site.asked.items() if path.startswith("/shop")) <= 10
    assert sum(count for path, count in site.asked.items() if path.startswith("/loop")) <= 12
    assert {failure.key for failure in run.failures} == {b""}
    assert "exclude = " in " ".join(failure.why for failure in run.failures)


@pytest.mark.parametrize(
    "address",
    [
        "//169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://0.0.0.0/",
    ],
)
def test_a_page_can_not_send_the_capture_into_the_local_network(address: str) -> None:
    async def ask() -> None:
        fetcher = Fetcher(machine_clock, answer_limit=9, total_limit=9, user_agent="x")
        await fetcher.fetch(address if ":" in address else f"http:{address}")

    # The network guard of these tests would end the run if a connection were tried.
    with pytest.raises(FetchError, match="private address"):
        asyncio.run(ask())
    with raw_site({"/": answer(f'<img src="{address}"><a href="/fine">x</a>'), "/fine": FINE}) as site:
        run = capture(site.origin + "/")
    if "0.0.0.0" not in address:
        assert any("private address" in failure.why for failure in run.failures)
    assert f"{site.origin}/fine" in run.landed


def test_other_schemes_and_users_in_addresses_lead_nowhere() -> None:
    page = "".join(
        f'<img src="{each}">'
        for each in (
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "gopher://127.0.0.1/",
            "javascript:x",
            "data:,x",
            "http://",
        )
    )
    with raw_site({"/": answer(page)}) as site:
        run = capture(site.origin + "/")
    assert set(run.landed) == {f"{site.origin}/"}
    assert not run.failures


def test_a_dead_host_is_not_tried_for_every_address() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    dead = f"http://localhost:{closed.getsockname()[1]}"
    closed.close()
    page = "".join(f'<img src="{dead}/{number}.png">' for number in range(60)) + '<a href="/fine">x</a>'
    with raw_site({"/": answer(page), "/fine": FINE}) as site:
        run = capture(site.origin + "/")
    assert len(run.failures) == 60
    assert sum("not asked for" in failure.why for failure in run.failures) >= 40
    assert f"{site.origin}/fine" in run.landed


def test_a_capture_that_is_given_up_leaves_nothing_running() -> None:
    with raw_site({"/": front(*(f"/{n}" for n in range(40))), "/fine": FINE}) as site:
        before = set(threading.enumerate())
        events = WebCapture(WebOrigin(name="example", url=site.origin + "/", rate=1e6), tool="t").run(MemorySeen())
        next(iter(events))
        close = events.close
        close()
        left = [
            thread for thread in set(threading.enumerate()) - before if thread.is_alive() and "asyncio" in thread.name
        ]
    assert not left


def test_the_duration_bound_holds_in_the_middle_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SILENCE_S", 30.0)
    began = time.monotonic()
    with raw_site({"/": front("/bad"), "/bad": drip, "/fine": FINE}) as site:
        run = capture(site.origin + "/", max_duration_s=1)
    assert time.monotonic() - began < 5
    assert any("max_duration_s" in failure.why for failure in run.failures)
    assert run.complete is False


def _numbers(site: RawSite) -> None:
    site.otherwise = lambda path: (
        answer(f'<a href="/{int(path[1:] or 0) + 1}">x</a><a href="/{int(path[1:] or 0) + 2}">x</a>' + "x" * 2_000)
        if path[1:].isdigit()
        else answer("<h1>404</h1>", status=404)
    )


@pytest.mark.parametrize(
    ("settings", "most"), [({"max_pages": 20}, 21), ({"max_depth": 4}, 9), ({"max_bytes": 30_000}, 30)]
)
def test_a_site_without_end_is_cut_where_the_settings_say(settings: dict[str, int], most: int) -> None:
    with raw_site({"/": answer('<a href="/1">x</a>')}) as site:
        _numbers(site)
        run = capture(site.origin + "/", **settings)
    assert 5 <= len(run.landed) <= most
    assert next(iter(settings)) in " ".join(failure.why for failure in run.failures)
    assert run.complete is False
