"""The report: the same facts in four languages, nothing from outside that acts, no name unless it was asked for."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import string
from pathlib import Path

import pytest
from lxml import html

from standfast.drill.report import report_html, report_json, write_report
from standfast.drill.result import (
    Check,
    CheckName,
    DrillResult,
    Example,
    Machine,
    OriginDrill,
    check_all,
    check_none,
    not_checked,
)
from standfast.drill.words import LANGUAGES, Words, harmless, plural, table

GOLDEN = Path(__file__).parents[1] / "vectors" / "drill"
HOSTILE = "letters/\u202egnp.<script>alert(1)</script>\u2066\"' onload=x &lt; تقرير\u200b\u0007.exe"
SECRET_WHY = "letters/secret-name.txt is not there"

COPY = (
    check_all("signatures", 2, 2),
    Check(name="not rolled back", outcome="passed", found=1328, expected=1312),
    check_none("objects of the copy", 0),
    check_all("packs present", 41, 41),
    check_all("manifests opened", 19, 19),
)
SITE = OriginDrill(
    origin="site",
    kind="web",
    copy="usb",
    items_expected=411,
    items_restored=411,
    items_identical=411,
    items_incomplete=0,
    bytes_expected=96_400_000,
    recovery_time_s=74.9,
    loss_s=7_920.0,
    newest_at="2026-11-24T10:28:03.000000Z",
    checks=(
        *COPY,
        check_all("records in the log", 411, 411),
        check_none("failures in restoring", 0),
        check_all("content", 290, 290),
        check_all("redirects", 12, 12),
        check_all("text", 124, 124),
        check_all("pages loaded", 121, 121),
        check_none("requests failed", 0),
        check_none("requests elsewhere", 0),
    ),
)
DOCUMENTS = OriginDrill(
    origin="documents",
    kind="files",
    copy="usb",
    items_expected=12_481,
    items_restored=12_480,
    items_identical=12_479,
    items_incomplete=2,
    bytes_expected=8_412_000_000,
    recovery_time_s=221.3,
    loss_s=29_412.0,
    newest_at="2026-11-24T04:29:51.000000Z",
    checks=(
        *COPY,
        check_all("records in the log", 12_481, 12_481),
        check_none("failures in restoring", 1, [Example(item="iabcdefghijklmnop", name=HOSTILE, why=SECRET_WHY)]),
        check_all("items restored", 12_480, 12_481, [Example(item="iabcdefghijklmnop", name=HOSTILE, why=SECRET_WHY)]),
        check_all("content", 11_021, 11_022, [Example(item="ibcdefghijklmnopq", name="letters/b", why="SHA-256 …")]),
        check_all("modes", 12_467, 12_467),
        check_all("times", 12_480, 12_480),
        check_none("nothing else", 0),
    ),
)
RESULT = DrillResult(
    started_at="2026-11-24T12:40:03.000000Z",
    duration_s=291.2,
    copy="usb",
    location="/media/disk-of-a-partner",
    log_origin="example.standfast/5d41402a",
    log_size=1328,
    machine=Machine(system="Linux", processor="x86_64", processor_count=2, memory_bytes=25_276_502_016),
    tool="standfast/0.1.0",
    drills=(SITE, DOCUMENTS),
)
GOOD = dataclasses.replace(RESULT, drills=(SITE,))


def page(result: DrillResult, language: str, *, names: bool = False) -> html.HtmlElement:
    return html.document_fromstring(report_html(result, language, names=names).decode())


def lines(tree: html.HtmlElement) -> str:
    """What a person reads, a line for each block."""
    for gone in tree.xpath("//style|//svg|//*[@aria-hidden]"):
        gone.drop_tree()
    blocks = tree.xpath(
        "//title|//h1|//h2|//p|//dt|//dd|//th[@scope='col']|//tr/th[@scope='row']|//td[not(*)]|//li|//caption"
    )
    texts = (re.sub(r"[ \n]+", " ", block.text_content()).strip() for block in blocks)
    return "\n".join(text for text in texts if text) + "\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "result", "names"), [("passed", GOOD, False), ("failed", RESULT, True)])
def test_the_page_says_what_it_said_when_somebody_last_read_it_through(
    language: str, name: str, result: DrillResult, names: bool
) -> None:
    """After a change on purpose: `STANDFAST_GOLDEN=write` for this test, and read what changed in every language."""
    golden = GOLDEN / f"report-{name}-{language}.txt"
    said = lines(page(result, language, names=names))
    if os.environ.get("STANDFAST_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_file_that_asks_for_nothing_and_runs_nothing(language: str) -> None:
    raw = report_html(RESULT, language, names=True).decode()
    tree = html.document_fromstring(raw)
    assert tree.get("lang") == language
    assert tree.get("dir") == ("rtl" if language == "ar" else "ltr")
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert tree.xpath("//meta[@charset='utf-8']")
    assert not tree.xpath("//script|//link|//img|//iframe|//object|//embed|//base|//form|//a|//input|//*[@style]")
    attributes = {name for element in tree.iter() for name in element.attrib if isinstance(element.tag, str)}
    assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "srcset", "action")}
    assert "://" not in raw
    assert not re.search(r"url\s*\(|@import", raw)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_with_markup_and_direction_marks_is_shown_and_does_nothing(language: str) -> None:
    raw = report_html(RESULT, language, names=True).decode()
    shown = [each.text_content() for each in html.document_fromstring(raw).xpath("//bdi")]
    name = "letters/<U+202E>gnp.<script>alert(1)</script><U+2066>\"' onload=x &lt; تقرير<U+200B><U+0007>.exe"
    assert shown.count(name) == 2
    assert not set(raw) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u0007")
    assert "<script" not in raw


def test_an_origin_a_copy_and_a_place_are_escaped_too() -> None:
    hostile = dataclasses.replace(
        RESULT,
        copy="<b>x",
        location="<i>y",
        log_origin="<u>z",
        drills=(dataclasses.replace(SITE, origin="<s>o", kind="<q>k"),),
    )
    tree = page(hostile, "en", names=True)
    assert not tree.xpath("//b|//i|//u|//s|//q")
    said = lines(tree)
    assert all(text in said for text in ("<b>x", "<i>y", "<u>z", "<s>o", "<q>k"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_names_nothing_captured_is_named_and_the_identifier_helps(language: str) -> None:
    said = lines(page(RESULT, language))
    assert "letters" not in said
    assert "secret-name" not in said
    assert "disk-of-a-partner" not in said
    assert "iabcdefghijklmnop" in said
    assert "standfast show ITEM" in said
    whole = report_json(RESULT, names=False).decode()
    assert not any(text in whole for text in ("letters", "secret-name", "disk-of-a-partner", "SHA-256 …"))
    assert "iabcdefghijklmnop" in whole


def test_objects_of_the_copy_are_named_to_everyone() -> None:
    fault = Example(name="packs/3f/3f9a", why="missing: an inventory names it", public=True)
    broken = dataclasses.replace(SITE, checks=(check_none("objects of the copy", 1, [fault]), *SITE.checks[5:]))
    said = lines(page(dataclasses.replace(RESULT, drills=(broken,)), "en"))
    assert "packs/3f/3f9a" in said
    assert "The copy itself did not pass: see below." in said


def test_a_verdict_has_a_word_and_a_sign_of_its_own_shape() -> None:
    unseen = dataclasses.replace(SITE, origin="unseen", checks=(*COPY, not_checked("pages loaded", 3, "no browser")))
    tree = page(dataclasses.replace(RESULT, drills=(SITE, DOCUMENTS, unseen)), "en")
    verdicts = tree.xpath("//p[contains(@class, 'verdict')]")
    assert [each.text_content().strip() for each in verdicts] == ["Passed", "Did not pass", "Not fully checked"]
    shapes = {html.tostring(each.xpath(".//svg")[0]).decode().split("</svg>")[0] for each in verdicts}
    assert len({re.sub(r' class="[^"]*"', "", shape) for shape in shapes}) == 3
    assert tree.xpath("//h1")[0].text_content() == "1 of 3 came back whole."
    (row,) = tree.xpath("//tbody[contains(@class, 'not-checked')]")
    assert row.xpath(".//td[1]/text()") == ["—"]


@pytest.mark.parametrize(
    ("outcomes", "headline"),
    [([True, True], "Everything came back."), ([True, False], "1 of 2"), ([False], "The drill did not pass.")],
)
def test_the_headline_never_says_more_than_was_measured(outcomes: list[bool], headline: str) -> None:
    drills = tuple(SITE if ok else DOCUMENTS for ok in outcomes)
    said = page(dataclasses.replace(RESULT, drills=drills), "en").xpath("//h1")[0].text_content()
    assert said.startswith(headline)
    assert "The drill did not pass." in lines(page(dataclasses.replace(RESULT, drills=()), "en"))


def test_the_greatest_figures_are_the_worst_ones() -> None:
    lost = dataclasses.replace(SITE, loss_s=None)
    figures = page(dataclasses.replace(RESULT, drills=(DOCUMENTS, lost)), "en").xpath("//dl[@class='figures']//dd")
    said = [each.text_content().replace("\u00a0", " ") for each in figures]
    assert said[0] == "3 minutes 42 seconds"
    assert said[2:4] == ["everything", "nothing came back identical"]


def test_json_holds_the_whole_result() -> None:
    said = json.loads(report_json(RESULT, names=True))
    assert said["format"] == "standfast/drill/v1"
    assert said["ok"] is False
    assert [drill["ok"] for drill in said["drills"]] == [True, False]
    assert said["drills"][1]["checks"][6]["examples"] == [
        {"item": "iabcdefghijklmnop", "what": HOSTILE, "why": SECRET_WHY}
    ]
    assert said["location"] == "/media/disk-of-a-partner"
    assert said["machine"]["processor_count"] == 2


def test_what_was_not_checked_is_neither_true_nor_false_in_json() -> None:
    unseen = dataclasses.replace(SITE, checks=(*COPY, not_checked("pages loaded", 3, "no browser")))
    (said,) = json.loads(report_json(dataclasses.replace(RESULT, drills=(unseen,)), names=False))["drills"]
    assert said["ok"] is False
    assert {key: said["checks"][-1][key] for key in ("ok", "result", "found", "expected")} == {
        "ok": None,
        "result": "not checked",
        "found": None,
        "expected": 3,
    }


def test_both_files_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    files = write_report(RESULT, tmp_path / "reports", "fr")
    assert files.html.name == "drill-2026-11-24T12-40-03Z.html"
    assert files.html.read_bytes() == report_html(RESULT, "fr", names=False)
    assert json.loads(files.json.read_bytes())["drills"][0]["origin"] == "site"
    assert [each.stat().st_mode & 0o777 for each in (files.html, files.json, files.html.parent)] == [
        0o600,
        0o600,
        0o700,
    ]


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'de'"):
        report_html(RESULT, "de", names=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_with_the_same_values(language: str) -> None:
    ours, theirs = table(language), table("en")
    assert ours.keys() == theirs.keys()
    for key, text in theirs.items():
        if isinstance(text, str):
            assert _fields(ours[key]) == _fields(text), key
    forms = {plural(language, number) for number in range(200)}
    for unit in ("second", "minute", "hour", "day", "processors", "entries"):
        assert set(ours[unit]) == forms
    assert len(ours["months"]) == 12
    for name in CheckName.__args__:  # type: ignore[attr-defined]
        assert f"check.{name}" in ours


def _fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 0.2, "less than a second"),
        ("en", 1.0, "1 second"),
        ("en", 59.1, "1 minute"),
        ("en", 61.0, "1 minute 1 second"),
        ("en", 3_599.5, "1 hour"),
        ("en", 7_261.0, "2 hours 2 minutes"),
        ("en", 86_401.0, "1 day 1 hour"),
        ("en", 40 * 86_400.0, "40 days"),
        ("fr", 1.0, "1 seconde"),
        ("fr", 90.0, "1 minute 30 secondes"),
        ("es", 5_400.0, "1 hora 30 minutos"),
        ("ar", 1.0, "ثانية واحدة"),
        ("ar", 2.0, "ثانيتان"),
        ("ar", 3.0, "3 ثوانٍ"),
        ("ar", 11.0, "11 ثانية"),
        ("ar", 62.0, "دقيقة واحدة وثانيتان"),
        ("ar", 11 * 86_400.0, "11 يوما"),
        ("ar", 100 * 86_400.0, "100 يوم"),
    ],
)
def test_durations_are_told_in_words_and_never_shorter_than_they_were(language: str, seconds: float, said: str) -> None:
    assert Words(language).duration(seconds).replace("\u00a0", " ") == said


def test_numbers_and_sizes_are_written_as_each_language_writes_them() -> None:
    assert [Words(each).number(1_234_567) for each in LANGUAGES] == [
        "1,234,567",
        "1,234,567",
        "1\u202f234\u202f567",
        "1\u202f234\u202f567",
    ]
    assert Words("fr").number(1234) == "1234"
    assert [Words("fr").size(each) for each in (0, 999, 1_500, 99_960_000, 8_412_000_000)] == [
        "0\u00a0octets",
        "999\u00a0octets",
        "1,5\u00a0ko",
        "100\u00a0Mo",
        "8,4\u00a0Go",
    ]


def test_a_name_is_cut_and_what_joins_letters_stays() -> None:
    assert len(harmless("x" * 10_000)) == 240
    assert harmless("نام\u200cه") == "نام\u200cه"
    assert harmless("\ud800\ue000\u2028") == "<U+D800><U+E000><U+2028>"
