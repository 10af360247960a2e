"""Every address gets one place of its own that any file system takes, inside the restored folder."""

from __future__ import annotations

import posixpath
import unicodedata
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.restore.site.places import Places, plain_address, relative_link
from standfast.restore.tree import safe_parts

HOST = "http://www.example.org"


def place(url: str, media_type: str = "text/html") -> str:
    return Places(("www.example.org",)).put(url, media_type)


@pytest.mark.parametrize(
    ("path", "media_type", "expected"),
    [
        ("/", "text/html", "index.html"),
        ("/en/", "text/html", "en/index.html"),
        ("/en/about", "text/html", "en/about.html"),
        ("/en/about.asp", "text/html", "en/about.asp.html"),
        ("/en/page.htm", "text/html", "en/page.htm"),
        ("/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/1", "text/html", "أخبار/1.html"),
        ("/img/a.png", "image/png", "img/a.png"),
        ("/img/a", "image/png", "img/a.png"),
        ("/photo.php", "image/jpeg", "photo.php.jpg"),
        ("/css/main.css", "text/css", "css/main.css"),
        ("/files/%D9%83%D8%AA%D8%A7%D8%A8.pdf", "application/pdf", "files/كتاب.pdf"),
        ("/con/aux.txt", "text/plain", "_con/_aux.txt"),
        ("/a%2F..%2Fb", "text/html", "a_.._b.html"),
    ],
)
def test_places_read_like_their_addresses(path: str, media_type: str, expected: str) -> None:
    assert place(HOST + path, media_type) == expected


def test_a_file_and_a_folder_of_one_name_and_names_that_differ_in_case_alone() -> None:
    places = Places(("www.example.org",))
    urls = [
        "/en/about",
        "/en/about/",
        "/en/about/team",
        "/img/Logo.png",
        "/img/logo.png",
        "/x",
        "/x.html",
        "/x/y/z",
        "/x/y",
    ]
    given_places = [places.put(HOST + url, "image/png" if "img" in url else "text/html") for url in urls]
    assert len({each.casefold() for each in given_places}) == len(urls)
    folders = {posixpath.dirname(each).casefold() for each in given_places}
    assert not folders & {each.casefold() for each in given_places}
    assert [places.find(HOST + url) for url in urls] == given_places


def test_an_escaped_slash_is_part_of_a_name() -> None:
    places = Places(("www.example.org",))
    assert places.put(f"{HOST}/a%2Fb", "text/html") != places.put(f"{HOST}/a/b", "text/html")
    assert places.find(f"{HOST}/a%2fb") == "a_b.html"


def test_queries_tell_pages_apart() -> None:
    places = Places(("www.example.org",))
    found = {
        places.put(f"{HOST}/index.php?p={page}&lang={tongue}", "text/html") for page in range(9) for tongue in "ef"
    }
    assert len(found) == 18
    assert all(each.startswith("index~") or each.startswith("index.php") for each in found), found
    assert all(each.endswith(".html") and "?" not in each for each in found)


def test_other_hosts_lie_apart_and_a_redirect_may_be_led_through() -> None:
    places = Places(("www.example.org",))
    assert places.put("http://cdn.example.net:8080/a.png", "image/png") == "_other/cdn.example.net_8080/a.png"
    places.alias(f"{HOST}/old", "_other/cdn.example.net_8080/a.png")
    assert places.find(f"{HOST}/old#part") == "_other/cdn.example.net_8080/a.png"
    assert places.find(f"{HOST}/never") is None


SEGMENTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["..", ".", "...", "", "con", "NUL.txt", "a" * 400, "~", " ", "أ" * 200, "a\0b", "a\\..\\b", "é", "e\u0301"]
    ),
)


@given(
    st.lists(
        st.tuples(
            st.lists(SEGMENTS, min_size=1, max_size=12),
            st.sampled_from(["", "?a=1", "?" + "x" * 900]),
            st.sampled_from(["text/html", "image/png", "text/css", "", "application/x-unknown"]),
            st.sampled_from(["www.example.org", "cdn.example.net", "..", "[::1]:80"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_address_leads_out_and_no_two_meet(addresses: list[tuple[list[str], str, str, str]]) -> None:
    places = Places(("www.example.org",))
    taken: dict[str, str] = {}
    for segments, query, media_type, host in addresses:
        url = f"http://{host}/{'/'.join(quote(each, safe='') for each in segments)}{query}"
        found = places.put(url, media_type)
        assert places.put(url, media_type) == found
        safe_parts("item", found.replace("\\", "\\x5c"))  # raises where it is no safe name
        assert len(found.encode()) <= 1_000
        folded = unicodedata.normalize("NFC", found).casefold()
        assert taken.setdefault(folded, plain_address(url)) == plain_address(url)
    folders = {folded[: folded.rfind("/")] for folded in taken if "/" in folded}
    assert not folders & set(taken)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8), min_size=1, max_size=5
    )
)
def test_relative_links_lead_back(parts: list[str]) -> None:
    target = "/".join("_" if part in (".", "..") else part for part in parts)
    for source in ("index.html", "en/news/1.html", target):
        link = relative_link(source, target)
        assert "?" not in link
        assert "#" not in link
        assert ":" not in link.split("/")[0], "a colon in the first part would be read as a scheme"
        path = unquote(urlsplit(link).path)
        assert posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) == posixpath.normpath(target)


@given(st.text(max_size=60))
def test_one_address_has_one_spelling(path: str) -> None:
    once = plain_address(f"http://A.example/{quote(path)}#x")
    assert plain_address(once) == once
    assert once.isascii()
