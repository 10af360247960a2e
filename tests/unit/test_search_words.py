from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.errors.search import BadQuestionError
from standfast.search.query import ask
from standfast.search.snippet import harmless, snippet
from standfast.search.words import fold, spellings, words_of

ARABIC = ["شهادة", "محكمة", "تقرير", "شاهد", "انتهاك", "مدينة", "صورة", "اعتقال", "قضية", "أرشيف", "مستشفى", "لاجئ"]
"""Witness statement, court, report, witness, violation, city, picture, arrest, case, archive, hospital, refugee."""
PREFIXES = ["", "ال", "و", "وال", "ب", "بال", "ف", "فال", "ك", "كال", "ول"]


def forms(word: str) -> list[str]:
    """Eleven ways in which the word stands in a text; the one with `for the` is written with one lam less or more."""
    return [*(prefix + word for prefix in PREFIXES[:-1]), "لل" + (word.removeprefix("ل") if word[0] == "ل" else word)]


def found_by(question: str, text: str) -> bool:
    words = next(words_of(question))
    return bool(set(spellings(words)) & set(words_of(text)))


def test_each_arabic_word_is_found_in_each_of_its_forms() -> None:
    missed = [(word, form) for word in ARABIC for form in forms(word) if not found_by(word, form)]
    assert missed == []


def test_a_word_that_is_asked_for_with_its_article_is_found_without() -> None:
    for word in ARABIC:
        for asked in ("ال" + word, "وال" + word, "بال" + word):
            assert found_by(asked, word), asked
            assert found_by(asked, "كال" + word), asked


def test_marks_tatweel_and_letters_written_in_two_ways_do_not_matter() -> None:
    for asked, text in [
        ("شهادة", "شَهَادَةٌ"),
        ("شهاده", "شهادة"),
        ("محكمة", "مـحـكـمـة"),
        ("احمد", "أحمد"),
        ("إلى", "الي"),
        ("مستشفى", "مستشفي"),
        ("مسؤول", "مسوول"),
        ("لاجئ", "لاجي"),
        ("آثار", "اثار"),
        ("كتاب", "\u06a9تاب"),
        ("يمن", "\u06ccمن"),
    ]:
        assert found_by(asked, text), (asked, text)


def test_no_word_is_found_by_another() -> None:
    for asked, text in [
        ("ورقة", "الرقة"),
        ("كتاب", "تاب"),
        ("بلد", "ولد"),
        ("شاهد", "مشاهد"),
        ("قضية", "قضاء"),
        ("court", "courts"),
        ("فيديو", "يديو"),
    ]:
        assert not found_by(asked, text), (asked, text)
    for word in ARABIC:
        for other in ARABIC:
            assert (word == other) == found_by(word, "وال" + other)


def test_latin_letters_without_case_and_accents() -> None:
    assert list(words_of("L’ÉTÉ à Genève: señal, cœur, STRAßE, İstanbul")) == [
        *("l", "ete", "a", "geneve", "senal", "coeur", "strasse", "istanbul")
    ]


@given(st.text(max_size=200))
def test_folding_is_done_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(word and word.isalnum() for word in words_of(text))


@given(st.text(max_size=200), st.text(min_size=1, max_size=10))
def test_snippets_hold_nothing_that_acts(text: str, word: str) -> None:
    said = snippet(text, frozenset([fold(word)]))
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) <= 310


def test_a_snippet_shows_the_word_where_it_stands() -> None:
    text = "x " * 500 + "شَهادةُ الشاهد " + "y " * 500
    assert "شَهادةُ" in snippet(text, frozenset([fold("شهادة")]))
    assert snippet("short", frozenset()) == "short"
    assert harmless("a\u202eb\u2066c\x00d") == "a b c d"


def test_what_can_be_asked() -> None:
    question = ask('witness "two words" vid* -draft from:ruth to:"court office" subject:urgent has:attachment')
    assert question.match == (
        '("witness" AND "two words" AND "vid" * AND sender : "ruth" AND recipients : "court office"'
        ' AND subject : "urgent")'
        ' NOT ("draft")'
    )
    assert question.has_attachment
    assert question.words == {"witness", "two", "words", "vid"}
    for said, since, before in [
        ("date:2031", datetime(2031, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)),
        ("date:2031-12", datetime(2031, 12, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)),
        ("date:2031-05-04", datetime(2031, 5, 4, tzinfo=UTC), datetime(2031, 5, 5, tzinfo=UTC)),
        ("date:2031-05..2032", datetime(2031, 5, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)),
        ("date:2031..", datetime(2031, 1, 1, tzinfo=UTC), None),
        ("date:..2031", None, datetime(2032, 1, 1, tzinfo=UTC)),
    ]:
        assert (ask(said).since, ask(said).before) == (since, before), said
    assert ask("http://example.org/x").match == '"http example org x"'
    assert ask("NEAR(a b) OR c").match == '"near a" AND "b" AND "or" AND "c"'


@pytest.mark.parametrize(
    "said", ["", "   ", "-only", "has:horns", "date:yesterday", "date:2031-13", "from:", '"', "***", "word " * 51]
)
def test_what_can_not_be_asked(said: str) -> None:
    with pytest.raises(BadQuestionError):
        ask(said)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_question_or_is_refused(text: str) -> None:
    with contextlib.suppress(BadQuestionError):
        ask(text)
