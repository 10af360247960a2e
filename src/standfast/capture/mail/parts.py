"""Finds the parts of a message in its bytes: where each begins and ends, and what its header says. Pure.

It looks at every line that begins with `--` once, whatever the nesting, and at nothing else of a body: so a message
costs one search through its memory, and hostile structure costs no more than its bytes. No parser decides whether a
message is kept; what can't be told apart here is noted, and the message is held all the same.
"""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass, field

from standfast.capture.mail.fields import Fields, decode_base64, decode_text, read_fields, read_value

HEADER_LIMIT = 256 * 1024
"""Of a message. The header of 5,000 lines that a broken mailing list makes has 60 KiB."""
PART_HEADER_LIMIT = 64 * 1024
LINE_LIMIT = 300
"""A delimiter has at most 74 characters by the standard; what is longer is none."""
PARTS_LIMIT = 10_000
DELIMITERS_LIMIT = 200_000
"""Lines that begin with `--`, whether they are delimiters or not."""
NESTING_LIMIT = 256
MESSAGES_DEEP = 8
"""Messages within messages that are looked into; each is digested whole, so every level costs its bytes again."""
DECODE_LIMIT = 512 * 1024 * 1024

PART_FIELDS = frozenset(
    (b"content-type", b"content-transfer-encoding", b"content-disposition", b"content-description", b"subject")
)
IDENTITY = frozenset((b"", b"7bit", b"8bit", b"binary"))


@dataclass(slots=True)
class Part:
    """A leaf of the tree: a text, a file, or a message within the message."""

    kind: str
    """Media type, lower case; `text/plain` where none is said."""
    params: dict[str, bytes]
    fields: Fields
    body: int
    """Offset of its first byte after its header."""
    level: int
    """How many multiparts are open around it."""
    end: int = -1

    @property
    def coding(self) -> bytes:
        """The transfer encoding, lower case."""
        said = self.fields.get(b"content-transfer-encoding", b"")
        return said.partition(b";")[0].strip().lower() if said else b""


@dataclass(slots=True)
class Structure:
    """What was found in one message."""

    fields: Fields = field(default_factory=dict)
    """The message's own header fields, those that were asked for."""
    body: int = 0
    parts: list[Part] = field(default_factory=list)
    containers: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    """Each multipart: its media type and parameters."""
    unread: list[str] = field(default_factory=list)


def scan(raw: bytes, wanted: frozenset[bytes], repeated: frozenset[bytes]) -> Structure:
    """The structure of a message. `wanted`, `repeated`: fields of its header, as `read_fields` takes them."""
    found = Structure()
    head_end, found.body = _header_end(raw, 0, HEADER_LIMIT)
    if head_end - HEADER_LIMIT >= 0:
        found.unread.append("its header is longer than 256 KiB")
    found.fields = read_fields(raw[:head_end], wanted, repeated)
    walk = _Walk(raw, found)
    walk.open(found.fields, found.body)
    walk.run()
    return found


def _header_end(raw: bytes, start: int, limit: int) -> tuple[int, int]:
    """Where the header block ends, and where the body begins; at most `limit` bytes are looked at."""
    if raw[start : start + 1] == b"\n":
        return start, start + 1
    if raw[start : start + 2] == b"\r\n":
        return start, start + 2
    stop = min(len(raw), start + limit)
    crlf = raw.find(b"\n\r\n", start, stop)
    lf = raw.find(b"\n\n", start, stop if crlf < 0 else crlf)
    if lf >= 0:
        return lf + 1, lf + 2
    if crlf >= 0:
        return crlf + 1, crlf + 3
    return stop, stop


class _Walk:
    """One pass over the lines that may be delimiters."""

    def __init__(self, raw: bytes, found: Structure) -> None:
        self._raw, self._found = raw, found
        self._boundaries: list[bytes] = []
        self._levels: dict[bytes, int] = {}
        self._open: list[Part] = []
        self._messages: list[int] = []
        self._at = 0

    def run(self) -> None:
        raw, size, seen = self._raw, len(self._raw), 0
        while self._boundaries:
            at = raw.find(b"\n--", self._at)
            if at < 0:
                break
            seen += 1
            if seen > DELIMITERS_LIMIT or len(self._found.parts) > PARTS_LIMIT:
                self._found.unread.append("it has too many parts to tell them apart")
                self._give_up()
                return
            end = raw.find(b"\n", at + 3, at + LINE_LIMIT)
            if end < 0:
                if size - at > LINE_LIMIT:
                    self._at = at + 3
                    continue
                end = size
            self._at = end
            line = raw[at + 3 : end].rstrip(b" \t\r")
            level, closes = self._levels.get(line), False
            if level is None and line.endswith(b"--"):
                level, closes = self._levels.get(line[:-2]), True
            if level is not None:
                self._close(level, at - 1 if raw[at - 1 : at] == b"\r" else at)
                if closes:
                    self._pop(level)
                else:
                    self._pop(level + 1)
                    self.open_at(end + 1)
        self._close(-1, size)

    def open_at(self, start: int) -> None:
        """A part begins at `start`, with its header."""
        raw = self._raw
        head_end, body = _header_end(raw, start, PART_HEADER_LIMIT)
        # A part without an empty line ends at the next delimiter, in the midst of what looks like its header.
        stop = raw.find(b"\n--", max(start - 1, 0), head_end)
        if stop >= 0:
            head_end = body = max(stop + 1, start)
        self.open(read_fields(raw[start:head_end], PART_FIELDS), body)

    def open(self, fields: Fields, body: int) -> None:
        """A part whose header is read begins its body at `body`."""
        self._at = max(body - 1, 0)
        said = fields.get(b"content-type", b"")
        kind, params = read_value(said) if said else ("", {})
        if kind.startswith("multipart/"):
            boundary = params.get("boundary", b"").rstrip()
            self._found.containers.append((kind, params))
            if boundary and boundary not in self._levels:
                if len(self._boundaries) >= NESTING_LIMIT:
                    self._note("it is nested too deeply")
                    return
                self._levels[boundary] = len(self._boundaries)
                self._boundaries.append(boundary)
                return
        part = Part(kind or "text/plain", params, fields, body, len(self._boundaries))
        self._found.parts.append(part)
        self._open.append(part)
        if kind == "message/rfc822" and part.coding in IDENTITY:
            self._messages.append(part.level)
            if len(self._messages) > MESSAGES_DEEP:
                self._note("messages lie too deep within it")
                return
            self.open_at(body)

    def _close(self, level: int, end: int) -> None:
        """All parts within the multipart of this level end; -1 for all there are."""
        while self._open and self._open[-1].level > level:
            part = self._open.pop()
            part.end = max(part.body, end)
        while self._messages and self._messages[-1] > level:
            self._messages.pop()

    def _pop(self, level: int) -> None:
        while len(self._boundaries) > level:
            del self._levels[self._boundaries.pop()]

    def _give_up(self) -> None:
        """Where the open parts end is not known."""
        self._found.parts = [part for part in self._found.parts if part.end >= 0]

    def _note(self, what: str) -> None:
        if what not in self._found.unread:
            self._found.unread.append(what)


def part_name(part: Part, charset: str) -> str:
    """The file name that a part gives itself; empty where it gives none."""
    said = part.fields.get(b"content-disposition", b"")
    name = read_value(said)[1].get("filename", b"") if said else b""
    name = name or part.params.get("name", b"")
    return decode_text(name, charset, 255) if name else ""


def digest_part(raw: bytes, part: Part) -> tuple[str, int, str]:
    """SHA-256 and size of a part's bytes as decoded, and what was wrong with them in words; empty when nothing was."""
    view = memoryview(raw)[part.body : part.end]
    coding = part.coding
    if len(view) > DECODE_LIMIT:
        return hashlib.sha256(view).hexdigest(), len(view), "a part is too large to be decoded"
    if coding == b"base64":
        return _digest_base64(raw, part)
    if coding == b"quoted-printable":
        plain = binascii.a2b_qp(view)
        return hashlib.sha256(plain).hexdigest(), len(plain), ""
    told = "" if coding in IDENTITY else "a part is in an encoding that is not known"
    return hashlib.sha256(view).hexdigest(), len(view), told


def _digest_base64(raw: bytes, part: Part) -> tuple[str, int, str]:
    # Up to its first `=`: what follows the end of the data is none of it.
    stop = raw.find(b"=", part.body, part.end)
    rest = b"" if stop < 0 else raw[stop : stop + 200]
    view = memoryview(raw)[part.body : part.end if stop < 0 else stop]
    told = "" if stop < 0 or part.end - stop <= len(rest) else "base64 goes on after its end"
    try:
        plain = binascii.a2b_base64(view)
    except binascii.Error:
        plain, sound = decode_base64(view.tobytes())
        told = told if sound else "a part's base64 is broken"
    return hashlib.sha256(plain).hexdigest(), len(plain), told
