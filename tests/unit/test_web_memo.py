"""What a capture recalls of an address: enough to ask only for what changed, and never more than may be kept."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from standfast.capture.web.memo import MEMO_LIMIT, Memo, read_memo, write_memo

PAGE = Memo(
    status=200,
    etag='W/"a"',
    last_modified="Mon, 06 Jan 2025 10:00:00 GMT",
    payload_sha256="ab" * 32,
    payload_bytes=7,
    pages=("http://a.example/b", "http://a.example/c"),
    needed=("http://a.example/d.png",),
)


def test_a_memo_comes_back_and_asks_with_what_the_server_gave() -> None:
    again = read_memo(write_memo(PAGE))
    assert again == PAGE
    assert again is not None
    assert again.validators == [("If-None-Match", 'W/"a"'), ("If-Modified-Since", "Mon, 06 Jan 2025 10:00:00 GMT")]
    assert (list(again.links.pages), list(again.links.needed)) == (list(PAGE.pages), list(PAGE.needed))
    assert Memo(status=200).validators == []


def test_the_same_answer_is_the_same_whatever_its_validators_say() -> None:
    assert PAGE.same_as(msgspec.structs.replace(PAGE, etag="other", last_modified="", pages=()))
    for change in ({"status": 203}, {"payload_sha256": "cd" * 32}, {"location": "/elsewhere"}):
        assert not PAGE.same_as(msgspec.structs.replace(PAGE, **change))


def test_a_page_with_too_many_links_is_still_known_when_it_did_not_change() -> None:
    many = msgspec.structs.replace(PAGE, pages=tuple(f"http://a.example/{'x' * 100}/{n}" for n in range(20_000)))
    raw = write_memo(many)
    assert 0 < len(raw) <= MEMO_LIMIT
    again = read_memo(raw)
    assert again is not None
    # Without its links a 304 would lose them: it must be asked for whole.
    assert again.validators == []
    assert again.same_as(many)
    assert write_memo(msgspec.structs.replace(PAGE, location="x" * MEMO_LIMIT)) == b""


@given(st.binary(max_size=200))
def test_what_can_not_be_read_is_not_remembered(raw: bytes) -> None:
    memo = read_memo(raw)
    assert memo is None or isinstance(memo, Memo)
    assert read_memo(None) is None
