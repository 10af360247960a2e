"""The reader of a mail server's answers: what it reads, whatever the blocks; nothing but our error comes out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.errors.mail import StrangeAnswerError
from standfast.imap.access import parse_imap_url
from standfast.imap.commands import Literal, astring, date_time, flag_list, is_flag, number_set
from standfast.imap.names import decode_name, encode_name
from standfast.imap.responses import (
    Bounds,
    Continuation,
    Data,
    Oversize,
    Response,
    ResponseReader,
    Status,
    Value,
)

SMALL = Bounds(line_bytes=2000, literal_bytes=3000, passed_over_bytes=9000, depth=5, values=100)


def read(blocks: Iterable[bytes], bounds: Bounds = Bounds()) -> list[Response]:  # noqa: B008
    reader, out = ResponseReader(bounds), list[Response]()
    for block in blocks:
        reader.feed(block)
        while (found := reader.next()) is not None:
            out.append(found)
    return out


def cut(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(each % (len(raw) + 1) for each in cuts), len(raw)]
    return [raw[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"* 3 EXISTS\r\n", Data("EXISTS", 3, [])),
        (b"* search 2 3 6\r\n", Data("SEARCH", None, ["2", "3", "6"])),
        (b'* LIST (\\HasNoChildren) "/" "a b"\r\n', Data("LIST", None, [["\\HasNoChildren"], b"/", b"a b"])),
        (b"* LIST () NIL {3}\r\n\xff\r\n\r\n", Data("LIST", None, [[], None, b"\xff\r\n"])),
        (b'* LIST () "\\\\" "q\\"d\\\\"\r\n', Data("LIST", None, [[], b"\\", b'q"d\\'])),
        (b"* 1 FETCH (BODY[] {0}\r\n)\r\n", Data("FETCH", 1, [["BODY[]", b""]])),
        (b"* 1 FETCH (BODY[] ~{2}\r\na\0 UID 4)\r\n", Data("FETCH", 1, [["BODY[]", b"a\0", "UID", "4"]])),
        (
            b'* 1 FETCH (BODY[HEADER.FIELDS (DATE "X Y")]<0> "d" UID 4)\r\n',
            Data("FETCH", 1, [['BODY[HEADER.FIELDS (DATE "X Y")]<0>', b"d", "UID", "4"]]),
        ),
        (b"* 1 FETCH (FLAGS () MODSEQ (12))\r\n", Data("FETCH", 1, [["FLAGS", [], "MODSEQ", ["12"]]])),
        (b"* VANISHED (EARLIER) 3:5,9\r\n", Data("VANISHED", None, [["EARLIER"], "3:5,9"])),
        (b"A7 OK [APPENDUID 1 2:3] done\r\n", Status("A7", "OK", "APPENDUID", ["1", "2:3"], "done")),
        (b"* ok [ALERT] read {5}\r\n", Status("*", "OK", "ALERT", [], "read {5}")),
        (b"A1 NO\r\n", Status("A1", "NO", "", [], "")),
        (
            b"* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n",
            Status("*", "OK", "PERMANENTFLAGS", [["\\Seen", "\\*"]], "x"),
        ),
        (b"+ go on\r\n", Continuation("go on")),
        (b"+\r\n", Continuation("")),
    ],
)
def test_it_reads(raw: bytes, expected: Response) -> None:
    assert read([raw]) == [expected]
    assert read(raw[n : n + 1] for n in range(len(raw))) == [expected]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_give_answers_or_our_error(raw: bytes, cuts: list[int]) -> None:
    with suppress(StrangeAnswerError):
        read(cut(raw, cuts), SMALL)


PIECES = [
    b"* ",
    b"1 FETCH ",
    b"(",
    b")",
    b'"',
    b"\\",
    b"{3}\r\n",
    b"{999999999}\r\n",
    b"\r\n",
    b"\n",
    b" ",
    b"BODY[",
    b"]",
]
PIECES += [b"A1 OK ", b"[", b"NIL", b"\0", b"\xff", b"~{1}\r\n", b"+ ", b"abc", b"LIST ", b"{3}", b"9" * 30]


@given(st.lists(st.sampled_from(PIECES), max_size=60), st.lists(st.integers(0, 400), max_size=6))
def test_what_looks_like_answers_gives_answers_or_our_error(pieces: list[bytes], cuts: list[int]) -> None:
    raw = b"".join(pieces)
    results = []
    for blocks in ([raw], cut(raw, cuts)):
        try:
            results.append(read(blocks, SMALL))
        except StrangeAnswerError:
            results.append([])
    if all(results):
        assert results[0] == results[1]


atoms = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='()"[]{}\\'), min_size=1).filter(
    lambda text: text.upper() != "NIL"
)
values: st.SearchStrategy[Value] = st.recursive(
    st.none() | atoms | st.binary(max_size=50), lambda inner: st.lists(inner, max_size=5), max_leaves=15
)


def write(value: Value, literal: Iterable[bool]) -> bytes:
    if value is None:
        return b"NIL"
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"(" + b" ".join(write(each, literal) for each in value) + b")"
    assert isinstance(value, bytes)
    if next(iter(literal)) or b"\n" in value or b"\r" in value or b"\0" in value:
        return b"{%d}\r\n" % len(value) + value
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@given(st.lists(values, min_size=1, max_size=4), st.booleans(), st.lists(st.integers(0, 10**6), max_size=8))
def test_what_is_written_is_read_whatever_the_blocks(told: list[Value], literal: bool, cuts: list[int]) -> None:
    raw = b"* 5 FETCH " + b" ".join(write(each, [literal]) for each in told) + b"\r\n* 1 EXISTS\r\n"
    assert read(cut(raw, cuts)) == [Data("FETCH", 5, told), Data("EXISTS", 1, [])]


def test_a_literal_beyond_the_bounds_is_passed_over_and_what_follows_is_read() -> None:
    raw = b"* 1 FETCH (BODY[] {4000}\r\n" + b"x" * 4000 + b" UID 7)\r\n* 2 EXISTS\r\n"
    blocks = [raw[n : n + 333] for n in range(0, len(raw), 333)]
    assert read(blocks, SMALL) == [Data("FETCH", 1, [["BODY[]", Oversize(4000), "UID", "7"]]), Data("EXISTS", 2, [])]


@pytest.mark.parametrize(
    "raw",
    [
        b"* X " + b"a" * 2001,
        b"* X " + b"a " * 1001 + b"\r\n",
        b"* X " + b"a " * 150 + b"\r\n",
        b"* X ((((((a))))))\r\n",
        b"* 1 FETCH (BODY[] {10000}\r\n",
        b"* X (\r\n",
        b"* X )\r\n",
        b'* X "abc\r\n',
        b'* X "abc\\"\r\n',
        b"* 1 FETCH (BODY[HEADER\r\n",
        b"* X \x01\r\n",
        b"nonsense\r\n",
        b"* 99999999999 EXISTS\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_what_is_beyond_the_bounds_or_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(StrangeAnswerError):
        read([raw], SMALL)


def test_a_long_line_in_many_blocks_costs_no_more_than_in_one() -> None:
    raw = b"* X " + b"a" * 3_000_000 + b"\r\n"
    assert read(raw[n : n + 100] for n in range(0, len(raw), 100)) == [Data("X", None, ["a" * 3_000_000])]


@given(st.text())
def test_names_come_back_from_modified_utf7(name: str) -> None:
    if not any("\ud800" <= char <= "\udfff" for char in name):
        raw = encode_name(name)
        assert raw.isascii()
        assert decode_name(raw) == name or "\0" in name


@given(st.binary(max_size=60))
def test_no_two_raw_names_look_alike(raw: bytes) -> None:
    """What is not well-formed is shown as it came, and leads back to its bytes."""
    shown = decode_name(raw)
    assert raw in (encode_name(shown) if shown.isprintable() else raw, shown.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("raw", [b"&", b"&-&", b"&Jjo", b"&Jjo!-", b"&AAA-&AAA-", b"&2AA-", b"&AGE-", b"a&b", b"\xff"])
def test_a_name_that_is_not_well_formed_is_shown_as_it_came(raw: bytes) -> None:
    assert decode_name(raw).encode("utf-8", "surrogateescape") == raw


@given(st.binary(max_size=600))
def test_a_name_or_word_never_becomes_a_command(raw: bytes) -> None:
    said = astring(raw)
    if isinstance(said, Literal):
        assert said.data == raw
    else:
        assert not set(b"\r\n\0") & set(said)
        assert read([b"* X " + said + b"\r\n"]) in ([Data("X", None, [raw])], [Data("X", None, [raw.decode()])])


@given(st.text(max_size=20))
def test_a_flag_never_becomes_a_command(flag: str) -> None:
    if is_flag(flag):
        assert read([b"* X " + flag_list([flag]) + b"\r\n"]) == [Data("X", None, [[flag]])] or flag.upper() == "NIL"
    else:
        with pytest.raises(ValueError, match="no flag"):
            flag_list([flag])


@pytest.mark.parametrize("text", ["", "yesterday", '17-Jul-1996 02:44:25 -0700"', "17-Jul-1996 02:44:25"])
def test_a_date_that_is_none_is_not_said(text: str) -> None:
    with pytest.raises(ValueError, match="no date"):
        date_time(text)


@given(st.sets(st.integers(1, 2000)))
def test_a_set_of_numbers_names_just_these(numbers: set[int]) -> None:
    named = set()
    for run in number_set(sorted(numbers)).split(b",") if numbers else []:
        first, _, last = run.partition(b":")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == numbers


@pytest.mark.parametrize(
    "url",
    [
        "imaps://mail.example.org",
        "imaps://ruth:secret@mail.example.org",
        "https://ruth@mail.example.org",
        "imaps://ruth@mail.example.org/INBOX",
        "imaps://ruth@mail.example.org:99999",
        "imaps://ruth%0d%0aX@mail.example.org",
        "imaps://ruth@",
        "imaps://ruth@mail.example.org?x",
    ],
)
def test_what_is_no_address_of_a_mailbox_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_imap_url(url)


def test_without_tls_only_on_this_machine() -> None:
    assert parse_imap_url("imap://ruth@mail.example.org").security == "starttls"
    assert parse_imap_url("imap://ruth@localhost").security == "plain"
    assert parse_imap_url("imap://ruth@localhost", certificate_expected=True).security == "starttls"
    assert parse_imap_url("imap://ruth@localhost.example.org").security == "starttls"
    assert parse_imap_url("imaps://ruth@[::1]:1993").port == 1993
