"""Lists of mailboxes: the published vectors, round trips, and what must never be written."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standfast.holdings.mailbox import (
    MailboxHead,
    MessageLine,
    flags_kept,
    read_mailbox,
    received_moment,
    received_text,
    write_mailbox,
)

VECTORS = Path(__file__).parent.parent / "vectors" / "mailbox"
VERDICTS = json.loads((VECTORS / "verdicts.json").read_text())
HEAD = MailboxHead(folder="Sent", delimiter="/", attributes=("\\HasNoChildren",), uid_validity=7, use="\\Sent")


def message(uid: int, **changed: object) -> MessageLine:
    fields: dict[str, object] = {"sha256": "ab" * 32, "size_bytes": 5, "uid": uid, **changed}
    return MessageLine(**fields)  # type: ignore[arg-type]


def test_every_vector_has_a_verdict():
    files = {str(path.relative_to(VECTORS)) for path in VECTORS.rglob("*.jsonl")}
    assert files == set(VERDICTS)
    assert len(files) >= 47


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_verdict(name):
    raw = (VECTORS / name).read_bytes()
    if VERDICTS[name]["verdict"] == "ok":
        head, messages = read_mailbox(raw)
        assert len(messages) == VERDICTS[name]["messages"]
        assert write_mailbox(head, messages) == raw
    else:
        with pytest.raises(ValueError, match=r".+"):
            read_mailbox(raw)


flags = st.lists(st.sampled_from(["\\Seen", "\\Answered", "$Forwarded", "case-2016-114", "NonJunk", "\\Other"]))
moments = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(st.lists(st.tuples(st.integers(1, 2**32 - 1), flags, moments), unique_by=lambda each: each[0]))
def test_what_is_written_is_read_back(found):
    lines = [
        message(uid, flags=flags_kept(said), received=when.strftime("%d-%b-%Y %H:%M:%S +0000"))
        for uid, said, when in sorted(found)
    ]
    assert read_mailbox(write_mailbox(HEAD, lines)) == (HEAD, lines)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw):
    try:
        head, messages = read_mailbox(raw)
    except ValueError:
        return
    assert write_mailbox(head, messages) == raw


@given(st.data())
def test_a_flipped_bit_is_never_the_same_list(data):
    raw = bytearray(write_mailbox(HEAD, [message(1, flags=("\\Seen",)), message(9, labels=("a", "b"))]))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(ValueError):
        assert read_mailbox(bytes(raw)) != (HEAD, [message(1, flags=("\\Seen",)), message(9, labels=("a", "b"))])


@pytest.mark.parametrize(
    "wrong",
    [
        [message(2), message(1)],
        [message(0)],
        [message(1, sha256="AB" * 32)],
        [message(1, size_bytes=-1)],
        [message(1, flags=("\\Recent",))],
        [message(1, flags=("a b",))],
        [message(1, flags=("b", "a"))],
        [message(1, labels=())],
        [message(1, received="7-Jul-1996 02:44:25 -0700")],
    ],
)
def test_nothing_is_written_that_no_reader_takes(wrong):
    with pytest.raises(ValueError, match=r".+"):
        write_mailbox(HEAD, wrong)


def test_a_moment_keeps_its_zone():
    moment = received_moment("17-Jul-1996 02:44:25 -0700")
    assert moment == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(hours=-7)
    assert received_moment("") is None


@pytest.mark.parametrize(
    "said", ["", "17-Jul-1996", "0-Jul-1996 02:44:25 -0700", "17-Jul-1996 24:44:25 -0700", "x" * 99]
)
def test_what_is_no_moment_is_none(said):
    assert received_text(said) == ""


def test_flags_that_are_none_are_left_out():
    assert flags_kept(["\\SEEN", "(", "", "a" * 300, "\\Recent", "\\recent", "Ünlü", "$MDNSent", "a]"]) == (
        "$MDNSent",
        "\\Seen",
        "a]",
    )
