"""Where a restored site's addresses stand, and what its pages and sheets then say."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.restore.site.css import move_css, move_inline_css
from standfast.restore.site.page import Linker, move_page, page_text
from standfast.restore.site.places import Places, relative_link

HOME = "http://old.example"
TYPES = ("text/html", "text/css", "image/png", "application/pdf", "application/octet-stream", "", "x/y")
pieces = st.text(st.characters(codec="utf-8", exclude_characters="/?#"), max_size=12) | st.sampled_from(
    [
        "..",
        ".",
        "",
        "%2e%2e",
        "%2f",
        "..%5c",
        "CON",
        "nul.txt",
        "A",
        "a",
        "é",
        "e\u0301",
        "x" * 300,
        "%00",
        "a.",
        "~",
        "index.html",
    ]
)
addresses = st.builds(
    lambda host, parts, query: f"http://{host}/{'/'.join(parts)}{query}",
    st.sampled_from(["old.example", "cdn.example:81", "[::1]"]),
    st.lists(pieces, max_size=6),
    st.sampled_from(["", "?", "?a=1", "?a=2&b=../..", "?A=1"]),
)


@given(st.lists(st.tuples(addresses, st.sampled_from(TYPES)), max_size=25))
def test_each_address_has_a_place_of_its_own_within_the_site(asked: list[tuple[str, str]]) -> None:
    places = Places(("old.example",))
    found = {places.put(url, kind): url for url, kind in asked if places.find(url) is None}
    assert len({place.casefold() for place in found}) == len(found)
    for place in found:
        parts = place.split("/")
        assert all(part not in ("", ".", "..") for part in parts)
        assert not place.startswith("/")
        assert all(len(part.encode()) <= 255 for part in parts)
        assert len(place.encode()) < 1_100
        assert not set(place) & set('\\:*?"<>|\0\n')
        # No file stands where another one's folder is.
        assert not any(other.casefold().startswith(place.casefold() + "/") for other in found)
        assert posixpath.normpath(posixpath.join("a", "..", place)) == place


@given(addresses, addresses)
def test_a_link_between_two_places_leads_there(one: str, other: str) -> None:
    places = Places(("old.example",))
    source, target = places.put(one, "text/html"), places.put(other, "image/png")
    # As a browser resolves it, from a disk and from a server.
    reached = urljoin(f"http://new.example/{'/'.join(map(_quoted, source.split('/')))}", relative_link(source, target))
    assert unquote(reached) == f"http://new.example/{target}" or source == target


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


def test_a_file_and_a_folder_of_one_name() -> None:
    places = Places(("old.example",))
    assert places.put(f"{HOME}/a", "") == "a"
    below = places.put(f"{HOME}/a/b", "text/html")
    assert below.startswith("a~")
    assert below.endswith("/b.html")
    assert places.put(f"{HOME}/c/d", "text/html") == "c/d.html"
    assert places.put(f"{HOME}/c", "") != "c"


def test_the_same_holdings_give_the_same_places() -> None:
    wanted = [(f"{HOME}/{name}", "text/html") for name in ("a", "A", "a/", "a/b", "?x=1", "?x=2", "صفحة")]
    one, two = Places(("old.example",)), Places(("old.example",))
    assert [one.put(*each) for each in wanted] == [two.put(*each) for each in wanted]
    assert one.find(f"{HOME}/%D8%B5%D9%81%D8%AD%D8%A9") == "صفحة.html"


HELD = {
    f"{HOME}/": "index.html",
    f"{HOME}/a.png": "a.png",
    f"{HOME}/b,c.png": "b,c.png",
    f"{HOME}/deep/page": "deep/page.html",
    f"{HOME}/s.css": "s.css",
    "http://cdn.example/x.png": "_other/cdn.example/x.png",
}


def moved(page: str, url: str = f"{HOME}/") -> str:
    linker = Linker(find=lambda address: HELD.get(address), moved=lambda address: f"moved:{address}")
    return move_page(page, url, linker).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<img src="/a.png">', '<img src="a.png">'),
        ('<img src="http://cdn.example/x.png">', '<img src="_other/cdn.example/x.png">'),
        ('<img data-src="/a.png">', '<img data-src="a.png">'),
        ('<img srcset="/a.png 1x, /b,c.png 2x, /none.png 3x">', '<img srcset="a.png 1x, b,c.png 2x">'),
        ('<a href="deep/page#part">x</a>', '<a href="deep/page.html#part">x</a>'),
        ('<a href="/none">x</a>', f'<a href="{HOME}/none">x</a>'),
        ('<a href="https://third.example/">x</a>', '<a href="https://third.example/">x</a>'),
        ('<a href="#part">x</a>', '<a href="#part">x</a>'),
        ('<a href="mailto:office@office.example">x</a>', '<a href="mailto:office@office.example">x</a>'),
        ('<p style="background: url(/a.png)">x</p>', '<p style="background: url(a.png)">x</p>'),
        ('<svg><use href="/a.png#x"></use></svg>', '<use href="a.png#x">'),
        ('<video poster="/a.png"></video>', '<video poster="a.png">'),
    ],
)
def test_what_is_held_is_linked_and_the_rest_leads_where_it_led(before: str, after: str) -> None:
    assert after in moved(f"<!DOCTYPE html><body>{before}</body>")


@pytest.mark.parametrize(
    "loads",
    [
        '<img src="http://third.example/t.gif">',
        '<img srcset="http://third.example/t.gif 2x">',
        '<img data-src="//third.example/t.gif">',
        '<script src="//third.example/t.js"></script>',
        '<link rel="stylesheet" href="//third.example/t.css">',
        '<link rel="preconnect" href="//third.example">',
        '<link rel="icon" href="//third.example/t.ico">',
        '<iframe src="http://third.example/"></iframe>',
        '<object data="http://third.example/x"></object>',
        '<embed src="http://third.example/x">',
        '<video src="http://third.example/x" poster="http://third.example/y"></video>',
        '<p style="background: url(http://third.example/x)">x</p>',
        "<style>@import 'http://third.example/x'; p { background: url(http://third.example/y) }</style>",
        '<table background="http://third.example/x"></table>',
        '<svg><image xlink:href="http://third.example/x"></image></svg>',
    ],
)
def test_nothing_that_a_page_loads_is_asked_of_anybody_else(loads: str) -> None:
    text = moved(f"<!DOCTYPE html><body>{loads}<p>end</p></body>")
    for line in text.split(">"):
        assert "third.example" not in line.split("data-standfast-missing")[0], text
    assert "<p>end</p>" in text


def test_base_marks_and_charsets_of_the_old_page_are_gone() -> None:
    page = (
        '<!DOCTYPE html><html><head><base href="/deep/"><meta charset="windows-1256"><link rel="canonical" href="/x">'
        '<meta http-equiv="Content-Security-Policy" content="default-src http:"></head><body>'
        '<a href="page">x</a><script src="/s.js" integrity="sha256-x" crossorigin nonce="n"></script></body></html>'
    )
    text = moved(page)
    assert "<base" not in text
    assert "integrity" not in text
    assert "crossorigin" not in text
    assert "Content-Security-Policy" not in text
    assert 'href="deep/page.html"' in text
    assert f'href="moved:{HOME}/x"' in text
    assert text.count("charset") == 1
    assert '<meta charset="utf-8">' in text


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        ("قضية".encode("cp1256"), "windows-1256"),
        ('<meta charset="windows-1256">قضية'.encode("cp1256"), ""),
        ("قضية".encode(), ""),
        ("\ufeffقضية".encode(), "latin-1"),
        ("\ufeffقضية".encode("utf-16-le"), ""),
    ],
)
def test_a_page_is_read_in_the_charset_that_a_browser_would_take(raw: bytes, charset: str) -> None:
    assert page_text(raw, charset).endswith("قضية")


def test_a_page_nested_beyond_use_is_refused_and_not_half_restored() -> None:
    with pytest.raises(ValueError, match="nested"):
        moved("<div>" * 50_000)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a{b:url(x.png)}", "a{b:url(Z)}"),
        ("a{b:url( 'x y.png' )}", 'a{b:url( "Z" )}'),
        ("@import 'x.css' print;", '@import "Z" print;'),
        ("@import url(x.css);", "@import url(Z);"),
        ("a{b:image-set('x.png' 1x, url(y.png) 2x)}", 'a{b:image-set("Z" 1x, url(Z) 2x)}'),
        ('a{content:"x.png"}', 'a{content:"x.png"}'),
        ("/* url(x) */ a{b:c}", "/* url(x) */ a{b:c}"),
        ("@media print{@supports (a:b){a{b:url(x)}}}", "@media print{@supports (a:b){a{b:url(Z)}}}"),
    ],
)
def test_a_sheet_has_its_addresses_moved_and_nothing_else(before: str, after: str) -> None:
    assert move_css(before, lambda _: "Z") == after


@pytest.mark.parametrize("piece", ["(", "{", "[", "f(", "url("])
def test_a_sheet_nested_beyond_use_is_refused(piece: str) -> None:
    sheet = "a{b:" + piece * 20_000 + "x"
    if piece != "url(":
        with pytest.raises(ValueError, match="nested"):
            move_css(sheet, lambda _: "Z")
        assert move_inline_css(sheet, lambda _: "Z") == ""
    else:
        assert "Z" not in move_css(sheet, lambda _: "Z")
