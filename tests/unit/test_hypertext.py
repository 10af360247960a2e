"""The small grammars of HTML: as the standard reads them, and each in one pass."""

from __future__ import annotations

import time

import pytest

from standfast.holdings.hypertext import (
    FORMATTING_LIMIT,
    NESTING_LIMIT,
    refresh_target,
    safe_length,
    srcset_candidates,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("a.png", [("a.png", "")]),
        ("a.png 1x, b.png 2x", [("a.png", "1x"), ("b.png", "2x")]),
        ("a.png, b.png 2x", [("a.png", ""), ("b.png", "2x")]),
        ("a,b.png 2x,c.png,d.png 4x", [("a,b.png", "2x"), ("c.png,d.png", "4x")]),
        ("\n  a.png\t640w ,\n b.png 2x\n", [("a.png", "640w"), ("b.png", "2x")]),
        ("data:image/png;base64,AA== 1x, b.png", [("data:image/png;base64,AA==", "1x"), ("b.png", "")]),
        ("a.png calc(1, 2), b.png", [("a.png", "calc(1, 2)"), ("b.png", "")]),
        ("صورة.png 2x", [("صورة.png", "2x")]),
    ],
)
def test_a_srcset_is_read_as_the_standard_reads_it(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(each.address, each.descriptor) for each in srcset_candidates(value)] == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("0;url=/a", ("0", "/a")),
        ("5; URL = '/a b' ", ("5", "/a b")),
        ('0;"/a"', ("0", "/a")),
        ("0, /a", ("0", "/a")),
        ("1.5;url=/a?url=b", ("1.5", "/a?url=b")),
        ("url=/a", ("0", "/a")),
        ("30", ("30", "")),
        ("", ("0", "")),
        ("0;urls/a", ("0", "urls/a")),
    ],
)
def test_where_a_refresh_leads(content: str, expected: tuple[str, str]) -> None:
    assert refresh_target(content) == expected


@pytest.mark.parametrize("piece", [" ", ",", ", ", "a ", "(", ") ", "a (", "\n"])
def test_a_long_value_costs_one_pass(piece: str) -> None:
    value = piece * (400_000 // len(piece))
    began = time.process_time()
    srcset_candidates(value)
    refresh_target(f"0;url=x{value}y")
    safe_length("<div" + value)
    assert time.process_time() - began < 3


def test_a_page_that_is_nested_beyond_use_is_cut_there() -> None:
    fine = "<div><p>" * 2_000 + "</p></div>" * 2_000 + "<li>" * 50_000 + "<br><img>" * 50_000
    assert safe_length(fine) == len(fine)
    deep = "<div>" * (NESTING_LIMIT + 5)
    assert safe_length(fine + deep) == len(fine) + len("<div>") * NESTING_LIMIT
    bold = "<p><b>" * (FORMATTING_LIMIT + 5)
    assert 0 < safe_length(bold) < len(bold)
    assert safe_length("<b>x</b>" * 50_000) == len("<b>x</b>" * 50_000)
