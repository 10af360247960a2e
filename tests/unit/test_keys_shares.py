"""Recovery shares: any threshold of them, nothing below, and each slip is told by share and word."""

from __future__ import annotations

from itertools import combinations

import pytest

from standfast.errors.keys import SharesError
from standfast.keys.shares import SharePlan, combine, share_text, split, words_of

MASTER = bytes(range(32))
SHARES = split(MASTER, 2, 3)


def test_any_two_of_three_give_the_secret_back() -> None:
    for pair in combinations(SHARES, 2):
        assert combine(pair) == MASTER
    assert combine(SHARES) == MASTER


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "none was given"),
        ([SHARES[0]], "2 different ones are needed, 1 given"),
        ([SHARES[0], SHARES[0]], "2 different ones are needed, 1 given"),
        ([SHARES[0], split(MASTER, 2, 3)[1]], "share 2 is of another set"),
        ([SHARES[0], SHARES[1].rsplit(" ", 1)[0]], "share 2 has 32 words, not 33"),
        ([SHARES[0], "zebra " + SHARES[1].split(" ", 1)[1]], "word 1 of share 2"),
    ],
)
def test_what_does_not_fit_is_told_without_the_words(given: list[str], told: str) -> None:
    with pytest.raises(SharesError, match=told) as raised:
        combine(given)
    for word in SHARES[1].split()[:5]:
        assert f" {word} " not in str(raised.value)


def test_a_word_exchanged_for_another_of_the_list_is_noticed() -> None:
    words = SHARES[1].split()
    words[10], words[11] = words[11], words[10]
    if words == SHARES[1].split():
        words[10] = "academic"
    with pytest.raises(SharesError, match="share 2"):
        combine([SHARES[0], " ".join(words)])


def test_capitals_and_line_breaks_are_no_slip() -> None:
    assert combine([SHARES[0].upper(), SHARES[1].replace(" ", "\n")]) == MASTER


def test_the_file_of_a_share_gives_its_words_back() -> None:
    text = share_text(SHARES[0], number=1, plan=SharePlan(threshold=2, count=3), log_origin="example/log")
    assert words_of(text) == SHARES[0]


@pytest.mark.parametrize("text", ["3/2", "1/3", "2", "2/17", "x/y", "0/0"])
def test_plans_that_can_not_be(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        SharePlan.parse(text)
