"""Recovery shares: any threshold of them, nothing below, and each slip is told by share and word."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from shamir_mnemonic import generate_mnemonics
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE, CUSTOMIZATION_STRING_ORIG
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

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
        ([SHARES[0]] * 17, "17 were given, and no set has more than 16"),
        ([SHARES[0], SHARES[1] * 100], "share 2 has too many words, not 33"),
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


def other_word(word: str) -> str:
    return WORDLIST[(WORDLIST.index(word) + 389) % 1024]


@pytest.mark.parametrize("place", range(1, 34))
def test_a_word_exchanged_for_another_of_the_list_is_told_by_its_place(place: int) -> None:
    words = SHARES[1].split()
    words[place - 1] = other_word(words[place - 1])
    with pytest.raises(SharesError, match=f"word {place} of share 2 is not the right one") as raised:
        combine([SHARES[0], " ".join(words)])
    assert raised.value.step() == f"compare word {place} of share 2 with the paper"


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 33), (10, 20), (31, 32)])
def test_two_slips_are_never_taken_for_one(first: int, second: int) -> None:
    words = SHARES[1].split()
    for place in (first, second):
        words[place - 1] = other_word(words[place - 1])
    with pytest.raises(SharesError, match="share 2 has words that are not the right ones") as raised:
        combine([SHARES[0], " ".join(words)])
    assert "more than one is wrong" in raised.value.step()


def test_words_that_are_in_no_list_are_told_all_at_once() -> None:
    words = SHARES[1].split()
    words[2], words[6] = "zebra", "xylophone"
    with pytest.raises(SharesError, match="words 3, 7 of share 2 are not in the list") as raised:
        combine([SHARES[0], " ".join(words)])
    assert "English" in raised.value.step()
    assert "zebra" not in str(raised.value)


def false_share(words: str, **changes: object) -> str:
    """A share with a right checksum that the set never had."""
    return str(replace(Share.from_mnemonic(words), **changes).mnemonic())


def test_a_false_share_with_a_right_checksum_is_noticed() -> None:
    false = false_share(SHARES[1], value=bytes(32))
    with pytest.raises(SharesError, match="together they give no secret"):
        combine([SHARES[0], false])
    with pytest.raises(SharesError, match="share 1 and share 2 are the same one, and differ"):
        combine([SHARES[1], false])


def test_a_false_share_beyond_those_that_are_needed_is_noticed() -> None:
    with pytest.raises(SharesError, match="false or altered"):
        combine([SHARES[0], SHARES[1], false_share(SHARES[2], value=bytes(32))])


def test_a_share_of_the_same_set_that_asks_for_fewer_is_refused() -> None:
    with pytest.raises(SharesError, match="share 2 is of another set"):
        combine([SHARES[0], false_share(SHARES[1], member_threshold=3)])


@pytest.mark.parametrize(
    "parameters",
    [{"iteration_exponent": 1}, {"extendable": False, "iteration_exponent": 0}],
    ids=["exponent", "not extendable"],
)
def test_shares_of_other_programs_are_refused_before_they_cost_anything(parameters: dict[str, int]) -> None:
    of_a_wallet = generate_mnemonics(1, [(2, 3)], MASTER, **parameters)[0]
    with pytest.raises(SharesError, match="another program"):
        combine(of_a_wallet[:2])


def test_an_exponent_that_would_take_minutes_is_refused_at_once() -> None:
    with pytest.raises(SharesError, match="another program"):
        combine([false_share(share, iteration_exponent=15) for share in SHARES[:2]])


def test_every_case_has_its_own_next_step() -> None:
    cases = [[SHARES[0]], [SHARES[0], split(MASTER, 2, 3)[1]], [SHARES[0], SHARES[1].rsplit(" ", 1)[0]]]
    steps = set()
    for case in cases:
        with pytest.raises(SharesError) as raised:
            combine(case)
        steps.add(raised.value.for_machine()["next_step"])
    assert len(steps) == len(cases)


@hypothesis_given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_gives_our_own_error(texts: list[str]) -> None:
    with pytest.raises(SharesError):
        combine(texts)


@hypothesis_given(st.lists(st.sampled_from(WORDLIST), min_size=30, max_size=30), st.booleans())
def test_any_words_with_a_right_checksum_give_our_own_error(words: list[str], extendable: bool) -> None:
    data = [WORDLIST.index(word) for word in words]
    custom = CUSTOMIZATION_STRING_EXTENDABLE if extendable else CUSTOMIZATION_STRING_ORIG
    whole = " ".join([*words, *(WORDLIST[value] for value in create_checksum(data, custom))])
    try:
        combine([whole])
    except SharesError:
        return
    assert Share.from_mnemonic(whole).member_threshold == 1


def test_capitals_and_line_breaks_are_no_slip() -> None:
    assert combine([SHARES[0].upper(), SHARES[1].replace(" ", "\n")]) == MASTER


def test_the_file_of_a_share_gives_its_words_back() -> None:
    text = share_text(SHARES[0], number=1, plan=SharePlan(threshold=2, count=3), log_origin="example/log")
    assert words_of(text) == SHARES[0]


@pytest.mark.parametrize("text", ["3/2", "1/3", "2", "2/17", "x/y", "0/0"])
def test_plans_that_can_not_be(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        SharePlan.parse(text)
