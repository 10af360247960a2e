"""Which addresses belong to a site, and which ones go round in circles."""

from __future__ import annotations

import pytest

from standfast.capture.origin import WebOrigin
from standfast.capture.web.addresses import absolute, normal
from standfast.capture.web.scope import QUERIES_LIMIT, SESSIONS_LIMIT, Scope, repeats_itself
from standfast.capture.web.verdict import login_wall, suspension


def scope(start: str = "http://example.org/", **settings: tuple[str, ...]) -> Scope:
    return Scope(WebOrigin(name="example", url=start, **settings), start)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["https://example.org/", "https://www.example.org/en/", "http://www.example.org/"])
def test_a_site_is_the_same_over_https_and_with_www(target: str) -> None:
    bounds = scope()
    assert bounds.adopt(target)
    assert bounds.is_page(target)
    assert bounds.is_page("http://example.org/a")


@pytest.mark.parametrize(
    "target",
    ["https://example.com/", "http://example.org.evil.example/", "http://notexample.org/", "http://example.org:8080/"],
)
def test_another_site_is_not_taken_for_it(target: str) -> None:
    bounds = scope()
    assert not bounds.adopt(target)
    assert not bounds.is_page(target)


def test_hosts_that_the_settings_name_belong_to_it() -> None:
    bounds = scope(also=("Archive.example.org",))
    assert bounds.adopt("https://archive.example.org/x")
    assert bounds.is_page("https://archive.example.org/x")


def test_only_what_lies_below_the_first_page_is_followed() -> None:
    bounds = scope("http://example.org/en/index.html")
    assert bounds.is_page("https://example.org/en/a")
    assert not bounds.is_page("http://example.org/fr/")
    assert bounds.is_own("http://example.org/fr/")


def test_queries_of_one_path_are_bounded_and_sessions_more_so() -> None:
    bounds = scope()
    asked = [bounds.count_query(f"http://example.org/list?page={number}") for number in range(QUERIES_LIMIT + 3)]
    assert asked == [True] * QUERIES_LIMIT + [False] * 3
    asked = [bounds.count_query(f"http://example.org/list?a=1&PHPSESSID={number}") for number in range(10)]
    assert sum(asked) == SESSIONS_LIMIT
    assert all(bounds.count_query("http://example.org/plain") for _ in range(QUERIES_LIMIT + 3))


def test_paths_that_go_round() -> None:
    assert repeats_itself("http://example.org/" + "a/b/" * 5)
    assert not repeats_itself("http://example.org/2031/05/04/a/b/c/d/e/f/g/h")
    assert not repeats_itself("http://example.org/a/a/a/a/a")


def test_patterns_leave_out() -> None:
    bounds = scope(exclude=("*/calendar?*",))
    assert bounds.is_left_out("http://example.org/calendar?month=1")
    assert not bounds.is_page("http://example.org/calendar?month=1")
    assert bounds.is_page("http://example.org/calendar")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://example.org/cgi-sys/suspendedpage.cgi", ""),
        ("http://example.org/suspended.html", ""),
        ("http://example.org/account-suspended/", ""),
        ("http://example.org/", "<title>Account Suspended</title>"),
        ("http://example.org/", "<h1 class='x'>This site has been suspended.</h1>"),
    ],
)
def test_notices_of_suspension(url: str, text: str) -> None:
    assert suspension(url, text)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://example.org/news/lawyer-suspended", ""),
        ("http://example.org/news/account-suspended-for-a-week", ""),
        ("http://example.org/", "<title>Lawyer's account suspended after report</title>"),
        ("http://example.org/", "<title>News</title><p>this account has been suspended</p>"),
        ("http://example.org/", "<title>Account Suspended</title>" + "x" * 5_000),
    ],
)
def test_what_is_no_notice(url: str, text: str) -> None:
    assert not suspension(url, text)


def test_log_in_walls() -> None:
    assert login_wall("http://example.org/", "http://example.org/wp-login.php")
    assert not login_wall("http://example.org/login", "http://example.org/login")
    assert not login_wall("http://example.org/", "http://example.org/blogging/")


@pytest.mark.parametrize(
    ("untrusted", "expected"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("http://example.org:80/a/../b/./c", "http://example.org/b/c"),
        ("https://example.org:443/?q=%zz#x", "https://example.org/?q=%25zz"),
        ("http://user:word@example.org/", "http://example.org/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://example.org:99999/", None),
        ("http://exa mple.org/", None),
        ("http:///x", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("http://example.org/" + "a" * 9_000, None),
        ("http://[::1", None),
    ],
)
def test_addresses_have_one_spelling(untrusted: str, expected: str | None) -> None:
    assert normal(untrusted) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("//evil.example/x", "http://evil.example/x"),
        ("\\\\evil.example\\x", "http://evil.example/x"),
        ("ht\ntp://evil.example/", "http://evil.example/"),
        ("../../../x", "http://example.org/x"),
        ("?a=1", "http://example.org/a/b?a=1"),
        ("data:text/html,x", None),
        ("", "http://example.org/a/b"),
    ],
)
def test_references_are_read_as_browsers_do(reference: str, expected: str | None) -> None:
    assert absolute("http://example.org/a/b", reference) == expected
