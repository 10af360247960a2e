r"""Reads mbox files as a stream, in all four ways of writing them. Nothing is taken off but what the file added.

A message begins after a line `From …` that stands at the beginning or after an empty line, and ends before the empty
line that parts it from the next. How lines of a message that begin with `From ` were hidden differs:

  mboxrd    each `>*From ` got one more `>`: exact. What is taken for granted where nothing tells otherwise
  mboxo     only `From ` became `>From `; `>From ` stays: not exact, the two can't be told apart any more
  mboxcl    as mboxo, and a Content-Length header counts the bytes
  mboxcl2   Content-Length alone, nothing is hidden
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from standfast.capture.exports.found import MESSAGE_LIMIT
from standfast.capture.mail.fields import read_fields
from standfast.holdings.mailbox import MONTHS, flags_kept, received_text

Way = Literal["", "mboxrd", "mboxo", "mboxcl", "mboxcl2"]
READ_BYTES = 4 * 1024 * 1024
LINE_LIMIT = 2_000
HEADER_LIMIT = 64 * 1024

_DATED = re.compile(rb"From [^\r\n]{0,1000}?\d{1,2}:\d{2}(?::\d{2})?[^\r\n]{0,100}?\d{4}[^\r\n]{0,100}\r?\n")
_PLAIN = re.compile(rb"From(?: -)? ?\r?\n(?=[!-9;-~]{1,80}[ \t]*:)")
QUOTED_RD = re.compile(rb"^>(?=>*From )", re.MULTILINE)
QUOTED_O = re.compile(rb"^>(?=From )", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(
    rb"(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) +(?P<time>\d{2}:\d{2}(?::\d{2})?) +"
    rb"(?:(?P<zone>[+-]\d{4}) +)?(?:[A-Z]{3,4} +)?(?P<year>\d{4})(?: +(?P<after>[+-]\d{4}))?"
)
_STATES = (b"status", b"x-status", b"x-keywords", b"x-mozilla-status", b"x-mozilla-keys", b"x-gmail-labels")
_STATUS = {"R": "\\Seen", "A": "\\Answered", "F": "\\Flagged", "T": "\\Draft"}
_MOZILLA = {0x0001: "\\Seen", 0x0002: "\\Answered", 0x0004: "\\Flagged", 0x1000: "$Forwarded"}
_MOZILLA_DELETED = 0x0008


@dataclass(frozen=True, slots=True)
class MboxMessage:
    """One message of an mbox."""

    offset: int
    """Of its `From ` line."""
    separator: bytes
    raw: bytes
    """Empty when it is larger than the limit."""
    too_large: bool = False


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins so is an mbox."""
    head = head.lstrip(b"\r\n")
    return bool(_DATED.match(head) or _PLAIN.match(head))


def read_mbox(file: BinaryIO, way: Way = "", limit: int = MESSAGE_LIMIT) -> Iterator[MboxMessage]:
    """The messages of an mbox, one at a time. Bytes before the first `From ` line are no message and are left out.

    Raises:
        OSError: as `file.read`.
    """
    return _Stream(file, way, limit).messages()


class _Stream:
    """A window over the file, from the message at hand on."""

    def __init__(self, file: BinaryIO, way: Way, limit: int) -> None:
        self._file, self._way, self._limit = file, way, limit
        self._window = bytearray()
        self._offset = 0
        self._ended = False

    def messages(self) -> Iterator[MboxMessage]:
        start = self._first()
        while start >= 0:
            self._drop(start)
            self._fill(LINE_LIMIT)
            line_end = self._window.find(b"\n", 0, LINE_LIMIT) + 1 or len(self._window)
            offset, separator = self._offset, bytes(self._window[:line_end])
            end, start, exact = self._end(line_end)
            if end < 0:
                start = self._skip(line_end)
                yield MboxMessage(offset, separator, b"", too_large=True)
                continue
            raw = bytes(self._window[line_end:end])
            yield MboxMessage(offset, separator, raw if exact else self._unquoted(raw))

    def _first(self) -> int:
        self._fill(LINE_LIMIT)
        lead = len(self._window) - len(self._window.lstrip(b"\r\n"))
        return lead if self._is_separator(lead) else self._next(0)[1]

    def _end(self, body: int) -> tuple[int, int, bool]:
        """Where the message ends, where the next one begins (-1: none), and whether its bytes are as they were.

        An end of -1: the message is too large.
        """
        counted = self._counted(body)
        if counted is not None:
            return *counted, self._way != "mboxcl"
        end, start = self._next(body)
        return end, start, False

    def _counted(self, body: int) -> tuple[int, int] | None:
        """The end that Content-Length tells, if a separator or the end of the file stands there."""
        if self._way in ("mboxrd", "mboxo"):
            return None
        self._fill(body + HEADER_LIMIT)
        window = self._window
        # No header goes beyond a separator, and looking no further keeps small messages cheap.
        near = window.find(b"\nFrom ", max(body - 1, 0), body + HEADER_LIMIT)
        stop = near + 1 if near >= 0 else body + HEADER_LIMIT
        head = window.find(b"\n\n", body, stop)
        crlf = window.find(b"\n\r\n", body, stop if head < 0 else head)
        at = crlf + 3 if crlf >= 0 else head + 2
        if at < 3:
            return None
        told = _LENGTH.search(window, body, at)
        if told is None or int(told[1]) > self._limit:
            return None
        end = at + int(told[1])
        self._fill(end + LINE_LIMIT)
        if end > len(window):
            return None
        after = end
        while after < min(len(window), end + 4) and window[after] in b"\r\n":
            after += 1
        if self._is_separator(after):
            return end, after
        return (end, -1) if after == len(window) and self._ended else None

    def _next(self, body: int) -> tuple[int, int]:
        scan = max(body - 1, 0)
        while True:
            at = self._window.find(b"\nFrom", scan)
            if at < 0:
                if self._ended:
                    return self._last(body), -1
                if len(self._window) - body > self._limit:
                    return -1, -1
                scan = max(scan, len(self._window) - 8)
                self._fill(len(self._window) + READ_BYTES)
                continue
            self._fill(at + 2 * LINE_LIMIT)
            before = self._blank_before(at, body)
            if before >= 0 and self._is_separator(at + 1):
                return (before if before - body <= self._limit else -1), at + 1
            scan = at + 5

    def _blank_before(self, newline: int, body: int) -> int:
        """Where the empty line that ends with this newline begins; -1 where the line is not empty."""
        window = self._window
        start = newline - 1 if newline > max(body, 0) and window[newline - 1] == 13 else newline
        if newline < body:
            return -1
        return start if start == body or (start > max(body, 0) and window[start - 1] == 10) else -1

    def _last(self, body: int) -> int:
        window = self._window
        if len(window) <= body + 2 and bytes(window[body:]) in (b"\n", b"\r\n"):
            return body
        for blank in (b"\n\r\n", b"\n\n"):
            if window.endswith(blank, body):
                return len(window) - len(blank) + 1
        return len(window)

    def _is_separator(self, at: int) -> bool:
        if not self._window.startswith(b"From", at):
            return False
        self._fill(at + 2 * LINE_LIMIT)
        return bool(_DATED.match(self._window, at) or _PLAIN.match(self._window, at))

    def _skip(self, body: int) -> int:
        """Pass over a message that is too large, holding no more of it than a window; where the next one begins."""
        scan = body
        while True:
            at = self._window.find(b"\nFrom", scan)
            while at >= 0:
                self._fill(at + 2 * LINE_LIMIT)
                if self._blank_before(at, -1) >= 0 and self._is_separator(at + 1):
                    return at + 1
                at = self._window.find(b"\nFrom", at + 5)
            if self._ended:
                return -1
            self._drop(max(0, len(self._window) - LINE_LIMIT))
            scan = 0
            self._fill(len(self._window) + READ_BYTES)

    def _unquoted(self, raw: bytes) -> bytes:
        if b">From " not in raw or self._way == "mboxcl2":
            return raw
        return (QUOTED_O if self._way in ("mboxo", "mboxcl") else QUOTED_RD).sub(b"", raw)

    def _drop(self, count: int) -> None:
        del self._window[:count]
        self._offset += count

    def _fill(self, size: int) -> None:
        """Have so many bytes in the window, if the file has them."""
        while len(self._window) < size and not self._ended:
            piece = self._file.read(READ_BYTES)
            self._ended = not piece
            self._window += piece


def separator_date(separator: bytes) -> str:
    r"""When the message came, as its `From ` line says, as lists of folders write it; empty where it does not say.

    Example:
        >>> separator_date(b"From a@example.org Wed Jul 17 02:44:25 1996\n")
        '17-Jul-1996 02:44:25 +0000'
    """
    found = _DATE.search(separator)
    if not found:
        return ""
    zone = (found["zone"] or found["after"] or b"+0000").decode()
    time = found["time"].decode() + ("" if found["time"].count(b":") == 2 else ":00")
    month = found["month"].decode()
    if month not in MONTHS:
        return ""
    return received_text(f"{int(found['day']):02d}-{month}-{found['year'].decode()} {time} {zone}")


def state_of(raw: bytes) -> tuple[tuple[str, ...], bytes]:
    """The flags that mail programs write into a message's header in an mbox, and Gmail's labels as they stand there.

    What says `deleted` counts only where Thunderbird itself wrote it, at the top: anybody can send such a header.
    """
    ends = (raw.find(b"\n\n", 0, HEADER_LIMIT), raw.find(b"\n\r\n", 0, HEADER_LIMIT))
    fields = read_fields(raw[: min((end + 1 for end in ends if end >= 0), default=HEADER_LIMIT)], _STATES)
    if not fields:
        return (), b""
    flags: list[str] = []
    for letter in (fields.get(b"status", b"") + fields.get(b"x-status", b"")).decode("ascii", "replace"):
        flags.append(_STATUS.get(letter, ""))
    mozilla = fields.get(b"x-mozilla-status", b"")
    if re.fullmatch(rb"[0-9A-Fa-f]{4}", mozilla):
        bits = int(mozilla, 16)
        flags += [flag for bit, flag in _MOZILLA.items() if bits & bit]
        if bits & _MOZILLA_DELETED and re.match(rb"(?:X-[^\n]*\n){0,3}?X-Mozilla-Status:", raw):
            flags.append("\\Deleted")
    words = fields.get(b"x-keywords", b"") + b" " + fields.get(b"x-mozilla-keys", b"")
    flags += words.decode("ascii", "replace").replace(",", " ").split()[:100]
    return flags_kept(flag for flag in flags if flag), fields.get(b"x-gmail-labels", b"")
