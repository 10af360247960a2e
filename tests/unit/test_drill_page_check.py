"""A page that was written anew is compared with its record: what may differ is where its links lead."""

from __future__ import annotations

import pytest

from standfast.drill.page_check import page_differs, sheet_digest
from standfast.restore.site.css import move_css
from standfast.restore.site.page import Linker, move_page

SHEET = """@import "more.css"; @charset "utf-8";
/* said */ a.b, a .b > c:not(.d)::before { content: "\\201C url(x)";
  background: url( img/a.png ) no-repeat, url('b.png') }
@media (min-width: 30em) { p { background-image: image-set("a.png" 1x, "a2.png" 2x); color: #0d4f5c } }
@font-face { src: url("f.woff2") format("woff2"); unicode-range: U+0600-06FF }
p { mask: url(data:image/png;base64,AA==) }
"""
PAGE = f"""<!doctype html><html lang="ar"><head><meta charset="windows-1256"><base href="/x/">
<title>مثال &lt;b&gt;</title>
<link rel="preconnect" href="https://cdn.example"><link rel="stylesheet" href="s.css"><style>{SHEET}</style>
<script>if (1 < 2) document.title += "</b>"</script></head><body><p>One<p>two <a href="a">three <a href="b">four</a>
<table><tr><td>five</table><pre>
 six </pre><img src="a.png" srcset="a.png 1x, b.png 2x" integrity="x"><textarea>
seven</textarea><svg><use href="s.svg#i"/></svg><noscript><img src="n.png"></noscript>"""


def moved(page: str, *, held: bool = True) -> str:
    linker = Linker(find=lambda _: "else/where.bin" if held else None, moved=lambda url: f"{url}?moved")
    return move_page(page, "https://site.example/x/", linker).decode()


def is_held(_: str) -> bool:
    return True


@pytest.mark.parametrize("page", [PAGE, "", "only text", "<p>cut off <b", "<frameset><frame src=a></frameset>"])
def test_moving_addresses_changes_nothing_that_counts(page: str) -> None:
    assert moved(page) != page
    assert page_differs(page, moved(page), is_held) == ""
    assert page_differs(page, moved(page, held=False), lambda _: False) == ""


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("five", "", "its text"),
        ("five", "fiver", "its text"),
        ("One</p><p>two", "two</p><p>One", "its text"),
        ("if (1 < 2)", "if (2 < 1)", "its text"),
        ("<img src=", "<i title=", "1 times <img>, recorded 2"),
        ('rel="stylesheet"', 'rel="author"', "0 times <link rel=stylesheet>, recorded 1"),
        ("no-repeat", "repeat", "its styles"),
        ("</body>", "<script></script></body>", "2 times <script>, recorded 1"),
        ('src="else/where.bin"', 'data-standfast-missing="https://site.example/a.png"', "it leaves out"),
    ],
)
def test_whatever_a_reader_would_miss_is_found(was: str, now: str, why: str) -> None:
    restored = moved(PAGE)
    assert was in restored
    assert page_differs(PAGE, restored.replace(was, now, 1), is_held).startswith(why)


def test_what_the_page_itself_says_is_left_out_is_not_our_doing() -> None:
    page = '<p data-standfast-missing="https://site.example/a.png">'
    assert page_differs(page, moved(page), is_held) == ""


@pytest.mark.parametrize("place", ["else/where.bin", "about:blank", "a b(c)'\".png", "مثال.png"])
def test_a_sheet_with_other_addresses_says_the_same(place: str) -> None:
    other = move_css(SHEET, lambda value: value if value.startswith("data:") else place)
    assert other != SHEET
    assert sheet_digest(other) == sheet_digest(SHEET)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("a .b", "a.b"),
        ("30em", "31em"),
        ("#0d4f5c", "#0d4f5d"),
        ('format("woff2")', 'format("woff")'),
        ("201C", "201D"),
        ("base64,AA==", "base64,AB=="),
        ("(min-width: 30em)", "[min-width: 30em]"),
        ("no-repeat, url('b.png')", "no-repeat"),
        (SHEET, ""),
    ],
)
def test_anything_else_in_a_sheet_counts(was: str, now: str) -> None:
    assert was in SHEET
    assert sheet_digest(SHEET.replace(was, now, 1)) != sheet_digest(SHEET)


def test_nesting_as_deep_as_an_attacker_likes_is_read() -> None:
    deep = "a{" * 20_000
    assert sheet_digest(deep) != sheet_digest("a{" * 19_999)
    page = "<b>" * 20_000 + "x"
    assert page_differs(page, page, is_held) == ""
