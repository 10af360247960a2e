"""Mbox files in all ways of writing them, as streams."""

from __future__ import annotations

import io
import mailbox
import random
from pathlib import Path

import pytest

from standfast.capture.exports import mbox
from standfast.capture.exports.mbox import MboxMessage, Way, is_mbox, read_mbox, separator_date, state_of

LINE = b"From a@example.org Wed Jul 17 02:44:25 1996\n"
FIRST = b"Subject: a\n\nFirst.\n"
SECOND = b"Subject: b\n\nSecond.\n"


def bodies(raw: bytes, way: Way = "", **options: int) -> list[bytes]:
    return [each.raw for each in read_mbox(io.BytesIO(raw), way, **options)]


def quoted(raw: bytes) -> bytes:
    return b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in raw.split(b"\n"))


def test_messages_end_before_the_empty_line() -> None:
    assert bodies(LINE + FIRST + b"\n" + LINE + SECOND + b"\n") == [FIRST, SECOND]
    assert bodies(LINE + FIRST + b"\n" + LINE + SECOND) == [FIRST, SECOND]
    assert bodies(b"\n\n" + LINE + FIRST + b"\n\n" + LINE + SECOND + b"\n\n\n") == [FIRST + b"\n", SECOND + b"\n\n"]


def test_line_ends_stay_as_they_are() -> None:
    raw = (LINE + FIRST + b"\n" + LINE + SECOND + b"\n").replace(b"\n", b"\r\n")
    assert bodies(raw) == [FIRST.replace(b"\n", b"\r\n"), SECOND.replace(b"\n", b"\r\n")]


def test_messages_that_are_empty_or_end_without_a_line_end() -> None:
    assert bodies(LINE + b"\n" + LINE + b"\n") == [b"", b""]
    assert bodies(LINE + b"Subject: a") == [b"Subject: a"]
    assert bodies(LINE[:-1]) == []
    assert bodies(b"") == []


@pytest.mark.parametrize(
    "line",
    [
        b"From - Tue Nov 24 10:00:00 2026\n",
        b"From 1700000000000000001@xxx Tue Nov 24 10:00:00 +0000 2026\n",
        b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011\n",
        b"From a@example.org Tue Nov 24 10:00 2026\n",
        b"From a b c  Tue Nov 24 10:00:00 CET 2026\n",
        b"From - \n",
        b"From \n",
        b"From -\n",
    ],
)
def test_lines_that_part(line: bytes) -> None:
    assert is_mbox(line + FIRST)
    assert bodies(line + FIRST + b"\n" + line + SECOND) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "inner",
    [
        b"From now on we write to each other.\n",
        b"From: b@example.org\nSubject: forwarded by hand\n",
        b"From\nhere\n",
        b"Fromage\n",
        b"From 12 to 14\n",
    ],
)
def test_lines_that_do_not_part(inner: bytes) -> None:
    assert bodies(LINE + FIRST + b"\n" + inner + b"\n" + LINE + SECOND) == [FIRST + b"\n" + inner, SECOND]


def test_a_line_that_does_not_follow_an_empty_one_does_not_part() -> None:
    assert bodies(LINE + FIRST + LINE + SECOND) == [FIRST + LINE + SECOND]


TRICKY = (
    b"Subject: a\n\nFrom one Wed Jul 17 02:44:25 1996\n>From two\n>>From three\n> From four\nx>From five\n>Fromage\n"
)


def test_mboxrd_is_exact() -> None:
    raw = LINE + quoted(TRICKY) + b"\n" + LINE + SECOND
    assert bodies(raw) == [TRICKY, SECOND]
    assert bodies(raw, "mboxrd") == [TRICKY, SECOND]


def test_mboxo_unhides_one_kind_of_line() -> None:
    hidden = TRICKY.replace(b"\nFrom ", b"\n>From ")
    assert bodies(LINE + hidden, "mboxo") == [TRICKY.replace(b"\n>From two", b"\nFrom two")]


def test_content_length_counts_what_nothing_hides() -> None:
    body = b"From one Wed Jul 17 02:44:25 1996\n\nFrom two Wed Jul 17 02:44:25 1996\n>From three\n"
    message = b"Subject: a\nContent-Length: %d\n\n" % len(body) + body
    raw = LINE + message + b"\n" + LINE + SECOND
    assert bodies(raw) == [message, SECOND]
    assert bodies(raw, "mboxcl2") == [message, SECOND]
    hidden = body.replace(b"From t", b">From t", 1).replace(b"From o", b">From o", 1)
    counted = b"Subject: a\nContent-Length: %d\n\n" % len(hidden) + hidden
    assert bodies(LINE + counted + b"\n" + LINE + SECOND, "mboxcl")[0].endswith(
        b"\n\nFrom one Wed Jul 17 02:44:25 1996\n\nFrom two Wed Jul 17 02:44:25 1996\nFrom three\n"
    )


@pytest.mark.parametrize("told", [b"0", b"3", b"99999999999", b"-1", b"x", b"999999999999999999999999"])
def test_a_content_length_that_lies_is_not_believed(told: bytes) -> None:
    message = b"Subject: a\nContent-Length: " + told + b"\n\nFirst.\n"
    assert bodies(LINE + message + b"\n" + LINE + SECOND) == [message, SECOND]


def test_a_message_that_is_too_large_is_passed_over_and_the_next_is_read() -> None:
    large = b"Subject: a\n\n" + b"x" * 100_000 + b"\n"
    raw = LINE + FIRST + b"\n" + LINE + large + b"\n" + LINE + SECOND
    found = list(read_mbox(io.BytesIO(raw), limit=50_000))
    assert [(each.raw, each.too_large) for each in found] == [(FIRST, False), (b"", True), (SECOND, False)]
    assert raw[found[1].offset :].startswith(LINE + large)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 1_000])
def test_where_reading_stops_changes_nothing(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    raw = b"".join(LINE + quoted(TRICKY) + b"\n" + LINE + SECOND + b"\n" for _ in range(20))
    expected = list(read_mbox(io.BytesIO(raw)))
    monkeypatch.setattr(mbox, "READ_BYTES", piece)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(piece, size or piece))

    assert list(read_mbox(Slow(raw))) == expected
    assert [each.raw for each in expected] == [TRICKY, SECOND] * 20
    assert all(raw[each.offset :].startswith(LINE) for each in expected)


def test_what_it_reads_is_what_was_written_through_any_quoting() -> None:
    chance = random.Random(1)
    words = [b"From ", b">From ", b"\n", b"\n\n", b"x", b">>From", b"Content-Length: 3\n", b"\r\n", b"\0", LINE]
    for _ in range(2_000):
        messages = [b"".join(chance.choices(words, k=chance.randint(0, 12))) + b"\n" for _ in range(3)]
        raw = b"".join(LINE + quoted(each) + b"\n" for each in messages)
        assert bodies(raw, "mboxrd") == messages


def test_pythons_own_writer_is_read(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for each in (FIRST, SECOND):
        box.add(each)
    box.close()
    with (tmp_path / "box").open("rb") as file:
        assert [each.raw for each in read_mbox(file)] == [FIRST, SECOND]


def test_times() -> None:
    assert separator_date(b"From - Tue Nov 24 10:00:00 2026\n") == "24-Nov-2026 10:00:00 +0000"
    assert separator_date(b"From 1@xxx Tue Nov 24 10:00:00 +0300 2026\n") == "24-Nov-2026 10:00:00 +0300"
    assert separator_date(b"From x Tue Foo 24 10:00:00 2026\n") == ""
    assert separator_date(b"From x Tue Feb 31 10:00:00 2026\n") == ""
    assert separator_date(b"From \n") == ""


@pytest.mark.parametrize(
    ("head", "flags"),
    [
        (
            b"Status: RO\nX-Status: AF\nX-Keywords: $Label1, NonJunk\n",
            ("$Label1", "NonJunk", "\\Answered", "\\Flagged", "\\Seen"),
        ),
        (b"X-Mozilla-Status: 1005\nX-Mozilla-Status2: 00000000\n", ("$Forwarded", "\\Flagged", "\\Seen")),
        (b"X-Mozilla-Status: 0009\n", ("\\Deleted", "\\Seen")),
        (b"Subject: a\nX-Mozilla-Status: 0009\n", ("\\Seen",)),
        (b"X-Status: D\n", ()),
        (b'X-Mozilla-Status: zzzz\nX-Keywords: (a) "b\n', ()),
        (b"Subject: a\n", ()),
    ],
)
def test_states_that_programs_keep_in_headers(head: bytes, flags: tuple[str, ...]) -> None:
    assert state_of(head + b"\nbody\n")[0] == flags
    assert state_of((head + b"\nbody\n").replace(b"\n", b"\r\n"))[0] == flags


def test_memory_is_bounded() -> None:
    class Zeros(io.RawIOBase):
        left = 600 * 1024 * 1024

        def read(self, size: int = -1) -> bytes:
            take = min(size, self.left)
            self.left -= take
            return bytes(take)

    stream = mbox._Stream(Zeros(), "", 8 * 1024 * 1024)  # type: ignore[arg-type]
    stream._window += LINE
    assert [each.too_large for each in stream.messages()] == [True]
    assert len(stream._window) < 32 * 1024 * 1024
    assert isinstance(MboxMessage(0, b"", b""), MboxMessage)
