r"""What the server says, read from its bytes: no socket, no clock, and bounds on everything.

A reader is fed blocks as they come and gives whole answers. The bytes of a message are copied once, from the blocks
that they came in, and never looked at. Atoms are text (flags, numbers, names of fields); strings, quoted or literal,
are bytes; NIL is None; lists are lists.

    >>> reader = ResponseReader(Bounds())
    >>> reader.feed(b"* 7 FETCH (UID 9 FLAGS (\\Seen) BODY[] {5}\r\nhel")
    >>> reader.next() is None
    True
    >>> reader.feed(b"lo)\r\nA1 OK [READ-ONLY] Done\r\n")
    >>> reader.next()
    Data(kind='FETCH', number=7, values=[['UID', '9', 'FLAGS', ['\\Seen'], 'BODY[]', b'hello']])
    >>> reader.next()
    Status(tag='A1', kind='OK', code='READ-ONLY', code_values=[], text='Done')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from standfast.errors.mail import StrangeAnswerError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most that is taken of one answer."""

    line_bytes: int = 16 * MIB
    """All of it that is no literal. A list of a million messages' numbers has 8 MB."""
    literal_bytes: int = 256 * MIB
    """Its literals together. One that goes beyond is passed over, and `Oversize` stands in its place."""
    passed_over_bytes: int = 16 * 1024 * MIB
    """What is passed over before the line is given up."""
    depth: int = 200
    """Lists in lists."""
    values: int = 3_000_000


@dataclass(frozen=True, slots=True)
class Oversize:
    """Stands for a literal that was not taken: how long the server said it is."""

    size_bytes: int


Value: TypeAlias = "str | bytes | Oversize | list[Value] | None"


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD, BYE or PREAUTH; with a tag the end of a command, else (`*`) by the way."""

    tag: str
    kind: str
    code: str
    """The response code's name in upper case, such as APPENDUID; empty where there is none."""
    code_values: list[Value]
    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """Anything else that begins with `*`: LIST, EXISTS, FETCH and so on."""

    kind: str
    """In upper case."""
    number: int | None
    """What stands before the kind, as in `* 7 FETCH`."""
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Continuation:
    """The server waits for the rest of a command."""

    text: str


Response = Status | Data | Continuation

_LITERAL = re.compile(rb"~?\{(\d{1,10})\+?\}\Z")
_STATUS = re.compile(rb"(\S{1,64}) +(OK|NO|BAD|BYE|PREAUTH)(?: +(.*))?\Z", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(rb'\[([^\s\]"\[]{1,64})(?: ((?:[^\]"]|"(?:[^"\\]|\\.)*")*))?\] ?(.*)\Z', re.DOTALL)
_HEAD = re.compile(rb"\* +(?:(\d{1,10}) +)?([A-Za-z][A-Za-z0-9.\-]{0,63})(?: +|\Z|(?=\())")
_TOKEN = re.compile(rb' *(?:([^\x00-\x20()"\x7f]+)|"([^"\\]*)"|([()"]))')
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_STATUS_BYTES = 256 * 1024
_SECTION_BYTES = 4096
"""Of `BODY[HEADER.FIELDS (…)]`: what stands between the brackets."""
_PIECES = 512
_BLANK = b" \t\r\n"


class ResponseReader:
    """Reads one direction of one connection. Not for several threads."""

    def __init__(self, bounds: Bounds) -> None:
        """Nothing has come yet."""
        self._bounds = bounds
        self._block = b""
        self._at = 0
        self._held: list[bytes] = []
        """The beginning of a line that has not ended yet."""
        self._start_answer()

    @property
    def leftover(self) -> bool:
        """Whether there is more than the answers that were given out: bytes of the next one, or of several."""
        return self.begun or bool(self._held) or self._at < len(self._block)

    @property
    def begun(self) -> bool:
        """Whether an answer's first lines or part of a literal were taken in already."""
        return self._line_bytes > 0 or self._wanted > 0

    def feed(self, block: bytes) -> None:
        """Take in what came next. All whole answers should be taken out first: what is left is copied."""
        rest = self._block[self._at :]
        self._block, self._at = rest + block if rest else block, 0

    def take_rest(self) -> bytes:
        """What was fed and not read: bytes that mean something else from here on."""
        rest, self._block, self._at = self._block[self._at :], b"", 0
        return rest

    def next(self) -> Response | None:
        """The next whole answer, or None when more must be fed.

        Raises:
            StrangeAnswerError: no such answer exists, or it is beyond the bounds. Nothing more can be read.
        """
        while True:
            if self._wanted and not self._take_literal():
                return None
            line = self._take_line()
            if line is None:
                return None
            if not self._values and not self._tokens and (found := self._plain(line)) is not None:
                self._start_answer()
                return found
            literal = _LITERAL.search(line) if line.endswith(b"}") else None
            self._take_values(line[: literal.start()] if literal else line)
            if literal:
                self._begin_literal(int(literal.group(1)))
                continue
            if len(self._open) > 1:
                raise StrangeAnswerError("a list does not end")
            data = Data(self._kind, self._number, self._values)
            self._start_answer()
            return data

    def _start_answer(self) -> None:
        self._kind = ""
        self._number: int | None = None
        self._values: list[Value] = []
        self._open: list[list[Value]] = [self._values]
        self._tokens = 0
        self._line_bytes = self._literal_bytes = 0
        self._wanted = self._literal_size = 0
        self._pieces: list[bytes | memoryview] | None = None
        self._small = 0

    def _take_line(self) -> bytes | None:
        end = self._block.find(b"\n", self._at)
        whole = end >= 0
        line = self._block[self._at : end] if whole else self._block[self._at :]
        self._at = end + 1 if whole else len(self._block)
        self._line_bytes += len(line)
        if self._line_bytes > self._bounds.line_bytes:
            raise StrangeAnswerError(f"a line of more than {self._bounds.line_bytes} bytes")
        if not whole:
            if line:
                self._held.append(line)
            return None
        if self._held:
            line = b"".join([*self._held, line])
            self._held.clear()
        return line.removesuffix(b"\r")

    def _plain(self, line: bytes) -> Response | None:
        """The first line of an answer: all of it where no literal can follow, else its head only."""
        if line.startswith(b"+"):
            return Continuation(line[1:].strip(_BLANK).decode("utf-8", "replace"))
        if status := _STATUS.match(line):
            if len(line) > _STATUS_BYTES:
                raise StrangeAnswerError(f"a status of more than {_STATUS_BYTES} bytes")
            return _status(*status.groups())
        head = _HEAD.match(line)
        if head is None:
            raise StrangeAnswerError(f"a line that begins with {_shown(line)}")
        self._number = int(head.group(1)) if head.group(1) else None
        self._kind = head.group(2).decode("ascii").upper()
        self._tokens = 1
        self._head_bytes = head.end()
        return None

    def _begin_literal(self, size: int) -> None:
        self._literal_size = self._wanted = size
        self._literal_bytes += size
        kept = self._literal_bytes <= self._bounds.literal_bytes
        if not kept and self._literal_bytes > self._bounds.passed_over_bytes:
            raise StrangeAnswerError(f"a literal of {size} bytes")
        self._pieces, self._small = ([] if kept else None), 0
        if not size:
            self._add(b"" if kept else Oversize(0))

    def _take_literal(self) -> bool:
        """Take what has come of the literal at hand; whether all of it has."""
        block, at = self._block, self._at
        have = min(self._wanted, len(block) - at)
        if have:
            if self._pieces is not None:
                whole = have == self._literal_size
                self._pieces.append(block[at : at + have] if whole else memoryview(block)[at : at + have])
                self._small += 1
                if self._small == _PIECES:
                    # A server that sends few bytes at a time must not make us hold each of them apart.
                    self._pieces[-_PIECES:] = [b"".join(self._pieces[-_PIECES:])]
                    self._small = 0
            self._at = at + have
            self._wanted -= have
        if self._wanted:
            return False
        if self._pieces is None:
            self._add(Oversize(self._literal_size))
        else:
            only = self._pieces[0]
            self._add(only if len(self._pieces) == 1 and isinstance(only, bytes) else b"".join(self._pieces))
            self._pieces = None
        return True

    def _add(self, value: Value) -> None:
        self._open[-1].append(value)

    def _take_values(self, line: bytes) -> None:
        at = 0
        if self._tokens == 1:
            at, self._tokens = self._head_bytes, 2
        self._tokens += _read_values(line, at, self._open, self._bounds.depth)
        if self._tokens > self._bounds.values:
            raise StrangeAnswerError(f"more than {self._bounds.values} values")


def _read_values(line: bytes, at: int, opened: list[list[Value]], depth: int) -> int:
    """Add what stands in the line from `at` to the innermost open list; returns how many tokens there were."""
    count, end = 0, len(line)
    into = opened[-1]
    match = _TOKEN.match
    while at < end:
        found = match(line, at)
        if found is None:
            if line[at:].strip(_BLANK):
                raise StrangeAnswerError(f"unreadable from {_shown(line[at:])}")
            break
        count += 1
        at = found.end()
        atom, quoted, mark = found.groups()
        if atom is not None:
            if b"[" in atom and atom[:4].upper() == b"BODY" and b"]" not in atom:
                at = _end_of_section(line, at)
                atom = line[found.start(1) : at]
            into.append(_atom(atom))
        elif quoted is not None:
            into.append(quoted)
        elif mark == b'"':
            close = _end_of_quoted(line, at)
            into.append(_ESCAPED.sub(rb"\1", line[at:close]))
            at = close + 1
        elif mark == b"(":
            if len(opened) > depth:
                raise StrangeAnswerError(f"lists more than {depth} deep")
            inner: list[Value] = []
            into.append(inner)
            opened.append(inner)
            into = inner
        else:
            if len(opened) == 1:
                raise StrangeAnswerError("a list ends that did not begin")
            opened.pop()
            into = opened[-1]
    return count


def _end_of_section(line: bytes, at: int) -> int:
    """Where `BODY[HEADER.FIELDS (DATE)]<0>` ends, which has blanks and parentheses within."""
    close = line.find(b"]", at, at + _SECTION_BYTES)
    if close < 0:
        raise StrangeAnswerError(f"a section that does not end: {_shown(line[at:])}")
    end = close + 1
    while end < len(line) and line[end] not in b' ()"':
        end += 1
    return end


def _end_of_quoted(line: bytes, at: int) -> int:
    """Where the quoted string that begins at `at` ends, when it holds a backslash."""
    close = line.find(b'"', at)
    while close >= 0:
        before = close
        while before > at and line[before - 1] == 0x5C:
            before -= 1
        if (close - before) % 2 == 0:
            return close
        close = line.find(b'"', close + 1)
    raise StrangeAnswerError(f"a quoted string that does not end: {_shown(line[at:])}")


def _atom(raw: bytes) -> str | None:
    text = raw.decode("utf-8", "surrogateescape")
    return None if len(text) == 3 and text.upper() == "NIL" else text


def _status(tag: bytes, kind: bytes, rest: bytes | None) -> Status:
    text, code, values = rest or b"", "", list[Value]()
    if text.startswith(b"[") and (found := _CODE.match(text)):
        name, arguments, text = found.groups()
        code = name.decode("utf-8", "replace").upper()
        opened = [values]
        _read_values(arguments or b"", 0, opened, 8)
    return Status(
        tag.decode("utf-8", "replace"),
        kind.decode("ascii").upper(),
        code,
        values,
        text.decode("utf-8", "replace"),
    )


def _shown(raw: bytes) -> str:
    return ascii(raw[:40].decode("latin-1"))
