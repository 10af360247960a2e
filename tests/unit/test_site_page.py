"""A restored page reaches nothing but what is held, and says what it said before, in whatever charset that was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from standfast.restore.site.css import move_css
from standfast.restore.site.page import Linker, move_candidates, move_page, page_text

PAGE = "http://www.example.org/en/news/one"
HELD = {
    "http://www.example.org/img/a.png": "../../img/a.png",
    "http://www.example.org/img/b,c.png": "../../img/b,c.png",
    "http://www.example.org/en/": "../index.html",
    "http://www.example.org/css/main.css": "../../css/main.css",
    "http://www.example.org/deep/rel.png": "../../deep/rel.png",
    "http://www.example.org/s.svg": "../../s.svg",
}
OLD_HOSTS = ("www.example.org", "cdn.example.net")


def moved(body: str, head: str = "") -> str:
    linker = Linker(find=HELD.get, moved=lambda url: url.replace("http://www.example.org", "https://new.example"))
    return move_page(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", PAGE, linker).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<img src="/img/a.png">', '<img src="../../img/a.png">'),
        ('<img srcset="/img/a.png 1x, /img/b,c.png 2x, /no 3x">', '"../../img/a.png 1x, ../../img/b,c.png 2x"'),
        ('<a href="../">up</a>', '<a href="../index.html">'),
        ('<a href="/en/#top">up</a>', '<a href="../index.html#top">'),
        ('<a href="#here">x</a>', '<a href="#here">'),
        ('<a href="mailto:a@example.org">x</a>', '<a href="mailto:a@example.org">'),
        ('<a href="/not-held">x</a>', '<a href="http://www.example.org/not-held">'),
        ('<a href="http://[bad">x</a>', '<a href="http://[bad">'),
        ("<p style=\"background:url('/img/a.png')\">x</p>", "url(&quot;../../img/a.png&quot;)"),
        ("<style>p{background:url(/img/a.png)}</style>", "url(../../img/a.png)"),
        ('<svg><use xlink:href="/s.svg#a"></use></svg>', '"../../s.svg#a"'),
        ('<input type="image" src="/img/a.png">', 'src="../../img/a.png"'),
    ],
)  # fmt: skip
def test_what_is_held_is_linked_where_it_now_stands(before: str, after: str) -> None:
    assert after in moved(before)


@pytest.mark.parametrize(
    "body",
    [
        '<img src="//cdn.example.net/x.png">',
        '<img src="/not-held.png" srcset="/no.png 2x, //cdn.example.net/y.png 3x">',
        '<script src="https://cdn.example.net/t.js" integrity="sha256-AA" crossorigin></script>',
        '<iframe src="https://cdn.example.net/"></iframe><object data="/no.swf"></object><embed src="/no">',
        '<video poster="/no.png"><source src="/no.mp4"><track src="/no.vtt"></video>',
        '<div style="background:url(//cdn.example.net/x.png)">x</div>',
        "<style>@import '/no.css'; p{background:image-set('/no.png' 2x)} @font-face{src:url(/no.woff)}</style>",
        '<body background="/no.png"><table background="/no.png"><tr><td background="/no.png">x</table>',
        '<svg><image href="/no.png"/><use href="https://cdn.example.net/s.svg#a"/></svg>',
        '<img data-src="/no.png" data-srcset="/no.png 2x">',
    ],
)
def test_nothing_is_loaded_from_a_host_that_is_gone(body: str) -> None:
    page = LexborHTMLParser(moved(body))
    for node in page.css("*"):
        for name, value in node.attributes.items():
            if name != "data-standfast-missing":
                assert not any(host in (value or "") for host in OLD_HOSTS), (node.tag, name, value)
        if node.tag == "style":
            assert not any(host in node.text() for host in OLD_HOSTS)
            assert "/no." not in node.text()


def test_the_head_is_made_fit_for_the_new_place() -> None:
    page = moved(
        "<p>x</p><img src=rel.png>",
        '<base href="/deep/"><meta charset="windows-1256">'
        '<meta http-equiv="Content-Type" content="text/html;charset=x">'
        '<meta http-equiv="Content-Security-Policy" content="default-src https://www.example.org">'
        '<link rel="canonical" href="http://www.example.org/en/news/one">'
        '<meta property="og:url" content="http://www.example.org/en/news/one">'
        '<link rel="preconnect" href="https://cdn.example.net"><meta http-equiv="refresh" content="3; URL=/en/">'
        '<link rel="stylesheet" href="/css/main.css" integrity="sha256-AA" crossorigin="anonymous">',
    )
    assert page.startswith('<!DOCTYPE html><html><head><meta charset="utf-8">')
    assert page.count("charset") == 1
    for gone in ("<base", "integrity", "crossorigin", "Content-Security", "preconnect"):
        assert gone not in page
    assert '<img src="../../deep/rel.png">' in page
    assert page.count("https://new.example/en/news/one") == 2
    assert 'content="3;url=../index.html"' in page
    assert 'href="../../css/main.css"' in page


ARABIC = "محكمة سجل قرية مدرسة عائلة طريق ماء تقرير شاهد سوق عيادة أرشيف قانون صحافة"
FRENCH = "L’été, à l’école : témoins, marchés, dossiers et actualités du village – 20 €"


@pytest.mark.parametrize(
    ("payload", "charset", "text"),
    [
        (ARABIC.encode(), "", ARABIC),
        (ARABIC.encode("cp1256"), "windows-1256", ARABIC),
        (b'<meta charset="windows-1256">' + ARABIC.encode("cp1256"), "", ARABIC),
        (b"<title>x</title><p>" + ARABIC.encode("cp1256"), "", ARABIC),
        (FRENCH.encode("cp1252"), "", FRENCH),
        (FRENCH.encode("cp1252"), "iso-8859-1", FRENCH),
        (ARABIC.encode("utf-16"), "", ARABIC),
        (b"\xef\xbb\xbf" + ARABIC.encode(), "windows-1252", ARABIC),
        (ARABIC.encode(), "no-such-charset", ARABIC),
        (ARABIC.encode(), "base64", ARABIC),
    ],
)
def test_a_page_is_read_in_its_own_charset(payload: bytes, charset: str, text: str) -> None:
    assert text in page_text(payload, charset)


SHEET = """@import url("a.css") print; @import "b.css";
/* url(kept.png) */ .q::after { content: "url(kept)"; width: calc(1px + 2%) }
p { background: url( c.png ), url('d e.png'); x: image-set("f.png" 2x, url(g.png) 1x); y: url(data:,AA) }
"""


def test_style_sheets_keep_all_but_their_addresses() -> None:
    seen: list[str] = []

    def move(address: str) -> str:
        if address.startswith("data:"):
            return address
        seen.append(address)
        return f"new/{address}"

    out = move_css(SHEET, move)
    assert seen == ["a.css", "b.css", "c.png", "d e.png", "f.png", "g.png"]
    assert SHEET.splitlines()[1] in out
    seen.clear()
    move_css(out, move)
    assert seen == ["new/a.css", "new/b.css", "new/c.png", "new/d e.png", "new/f.png", "new/g.png"]


@pytest.mark.parametrize("opening", ["(", "{", "[", "a("])
def test_a_sheet_that_is_nested_beyond_use_is_said_and_not_left_as_it_was(opening: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        move_css(opening * 5_000 + "url(http://www.example.org/x.png)", lambda _: "moved")


TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=60)


@given(TEXTS)
def test_no_address_escapes_its_attribute_or_its_sheet(address: str) -> None:
    out = move_css("p{background:url(x)}", lambda _: address)
    assert move_css(out, lambda found: found) == out
    linker = Linker(find=lambda _: address, moved=lambda url: url)
    again = LexborHTMLParser(move_page("<img src='/x'><p>end</p>", PAGE, linker).decode())
    assert [each.tag for each in again.css("body *")] == ["img", "p"]


@given(st.lists(st.sampled_from(["/img/a.png", "/img/b,c.png", "/no.png", "data:image/png;base64,AA=="]), max_size=5))
def test_a_srcset_keeps_its_held_candidates_in_order(addresses: list[str]) -> None:
    value = ", ".join(f"{each} {at + 1}x" for at, each in enumerate(addresses))
    places = {"/img/a.png": "A", "/img/b,c.png": "B"}
    kept = [f"{places.get(each, each)} {at + 1}x" for at, each in enumerate(addresses) if each != "/no.png"]
    assert move_candidates(value, places.get) == ", ".join(kept)
