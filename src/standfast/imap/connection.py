"""One connection to one server: commands in flight, what comes back, and which command it ends.

    with Connection.open(access) as server:
        tag = server.send(b"EXAMINE ", astring(server.raw_name("Sent")))
        server.wait(tag)
        first = server.send(b"UID FETCH 1:200 (UID FLAGS BODY.PEEK[])")
        second = server.send(b"UID FETCH 201:400 (UID FLAGS BODY.PEEK[])")   # the server goes on without a pause
        for answer in server.results(first):
            ...
        for answer in server.results(second):
            ...

Not for several threads; several connections are.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from types import TracebackType

from standfast import clock
from standfast.errors.mail import CommandRefusedError, MailServerLostError, StrangeAnswerError
from standfast.imap import login
from standfast.imap.access import ImapAccess, require_safe
from standfast.imap.commands import Literal, Part
from standfast.imap.line import Line
from standfast.imap.names import decode_name, encode_name
from standfast.imap.responses import Bounds, Continuation, Data, Response, ResponseReader, Status

TIMEOUT_S = 60.0
SLOWEST_BYTES_S = 1024
"""An answer that has begun comes at least this fast, on average, after `timeout_s`: drops now and then keep nobody."""
SMALL_LITERAL_BYTES = 4096
"""LITERAL- (RFC 7888) lets larger ones wait for the server's leave."""
GATHERED_BYTES = 64 * 1024
"""What is shorter is gathered, so that a command does not go out in many small packets."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended with OK: what came meanwhile, and its end."""

    answers: list[Data | Status]
    status: Status

    def data(self, kind: str) -> list[Data]:
        """The answers of one kind, such as LIST."""
        return [each for each in self.answers if isinstance(each, Data) and each.kind == kind]

    def status_code(self, code: str) -> Status | None:
        """The first status with this response code, the end's own too."""
        every = [each for each in self.answers if isinstance(each, Status)]
        return next((each for each in [*every, self.status] if each.code == code), None)


class Connection:
    """See above. Whoever opened it closes it.

    Attributes:
        capabilities: what the server offers in this state, in upper case.
        enabled: what was switched on by ENABLE.
        line: counts of bytes, and the time of a round trip.
    """

    def __init__(self, line: Line, *, timeout_s: float = TIMEOUT_S, bounds: Bounds | None = None) -> None:
        """For tests and `open`: a line that is connected and has said nothing."""
        self.line = line
        self.capabilities: frozenset[str] = frozenset()
        self.enabled: frozenset[str] = frozenset()
        self._timeout_s = timeout_s
        self._bounds = bounds or Bounds()
        self._reader = ResponseReader(self._bounds)
        self._waiting: deque[Response] = deque()
        """Read while something else was waited for."""
        self._in_flight: set[str] = set()
        """Tags of commands that have not ended."""
        self._words: dict[str, str] = {}
        """First words of commands whose end was not asked for yet."""
        self._ended: dict[str, Status] = {}
        self._count = 0
        self._gathered: list[bytes | bytearray | memoryview] = []
        self._gathered_bytes = 0
        self._leaving = False

    @classmethod
    def open(cls, access: ImapAccess, *, timeout_s: float = TIMEOUT_S, bounds: Bounds | None = None) -> Connection:
        """Connect, secure the line, log in.

        Raises:
            MailServerLostError: the server can't be reached.
            MailServerUntrustedError: it can't show who it is; nothing secret was sent.
            LogInRefusedError: it does not let the user in.
            StrangeAnswerError: it does not speak IMAP.
        """
        require_safe(access)
        connection = cls(Line(access, timeout_s), timeout_s=timeout_s, bounds=bounds)
        try:
            login.begin(connection, access)
        except BaseException:
            connection.close()
            raise
        return connection

    def __enter__(self) -> Connection:
        """Closed when the context ends."""
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None) -> None:
        """Say goodbye after a good end, and hang up."""
        if why is None:
            self.leave()
        self.close()

    def close(self) -> None:
        """Hang up at once. May be called twice, and from another thread to end a wait."""
        self._leaving = True
        self.line.close()

    def leave(self) -> None:
        """Say goodbye; what the server says to that is not waited for."""
        self._leaving = True
        with contextlib.suppress(MailServerLostError):
            self.line.send(b"Z LOGOUT\r\n")

    def send(self, *parts: Part) -> str:
        """Send one command, and return its tag at once, its end yet to come.

        Args:
            parts: the words and blanks of the command as they go; literals where they stand. A literal goes without a
                pause where the server offers LITERAL+ (or LITERAL-, up to 4,096 bytes), else when the server asks for
                it. If it refuses instead, the rest is not sent, and waiting for the tag says so.

        Raises:
            MailServerLostError, StrangeAnswerError: the line is of no more use.
        """
        self._count += 1
        tag = f"A{self._count}"
        first = next((bytes(part) for part in parts if not isinstance(part, Literal)), b"")
        self._in_flight.add(tag)
        self._words[tag] = first.split(b" ", 1)[0].decode("ascii", "replace")
        self._put(tag.encode() + b" ")
        for part in parts:
            if isinstance(part, Literal):
                if not self._announce(part, tag):
                    return tag
                self._put(part.data)
            else:
                self._put(part)
        self._put(b"\r\n")
        self._flush()
        return tag

    def wait(self, tag: str) -> Done:
        """Wait for a command's end, and return all that came meanwhile.

        Raises:
            CommandRefusedError: it ended with NO or BAD. The connection is as good as before.
            MailServerLostError, StrangeAnswerError: the line is of no more use.
        """
        answers: list[Data | Status] = []
        results = self.results(tag)
        while True:
            try:
                answers.append(next(results))
            except StopIteration as ended:
                return Done(answers, ended.value)
            if len(answers) > self._bounds.values:
                raise StrangeAnswerError("a command's answers do not end")

    def results(self, tag: str) -> Generator[Data | Status, None, Status]:
        """What comes until a command ends, one after another; returns its end.

        With several commands in flight, ask for them in the order in which they were sent: what a server says
        untagged carries no command's name.

        Raises:
            CommandRefusedError: it ended with NO or BAD. The connection is as good as before.
            MailServerLostError, StrangeAnswerError: the line is of no more use.
        """
        while tag not in self._ended:
            response = self._step()
            if isinstance(response, Continuation):
                raise StrangeAnswerError("the server asks for more where nothing is missing")
            if response is not None:
                yield response
        status, word = self._ended.pop(tag), self._words.pop(tag, "")
        if status.kind != "OK":
            raise CommandRefusedError(word, status.kind, status.text, status.code)
        return status

    def enable(self, *extensions: str) -> frozenset[str]:
        """Switch on what is offered of these (RFC 5161); returns all that is on."""
        wanted = [each for each in extensions if each in self.capabilities]
        if "ENABLE" in self.capabilities and wanted:
            done = self.wait(self.send(b"ENABLE " + " ".join(wanted).encode()))
            for each in done.data("ENABLED"):
                self.enabled |= {str(value).upper() for value in each.values}
        return self.enabled

    def compress(self) -> bool:
        """Go on under DEFLATE where it is offered; whether it is on. No command may be in flight.

        It costs both sides processor time, and attachments don't get smaller: worth it on slow lines only.
        """
        if "COMPRESS=DEFLATE" not in self.capabilities:
            return False
        try:
            self.wait(self.send(b"COMPRESS DEFLATE"))
        except CommandRefusedError:
            return False
        self.line.start_deflate(self._reader.take_rest())
        return True

    def raw_name(self, name: str) -> bytes:
        """What to call a folder of that name on this connection."""
        return encode_name(name, utf8="UTF8=ACCEPT" in self.enabled)

    def shown_name(self, raw: bytes) -> str:
        """A folder's name as people see it."""
        return decode_name(raw, utf8="UTF8=ACCEPT" in self.enabled)

    def greeting(self) -> Status:
        """The server's first words.

        Raises:
            StrangeAnswerError: it does not speak IMAP.
            MailServerLostError: it does not let anyone in now.
        """
        first = self._step()
        if not isinstance(first, Status) or first.kind not in ("OK", "PREAUTH"):
            raise StrangeAnswerError("it does not greet as an IMAP server does")
        return first

    def learn_capabilities(self, said: Status | None) -> None:
        """Take what the server offers from a status that says so, else ask."""
        if said is not None and said.code == "CAPABILITY":
            values = said.code_values
        else:
            answers = self.wait(self.send(b"CAPABILITY")).data("CAPABILITY")
            values = [value for each in answers for value in each.values]
        self.capabilities = frozenset(value.upper() for value in values if isinstance(value, str))

    def start_tls(self) -> None:
        """Begin TLS after the server agreed. Anything that came before it is no part of what comes after.

        Raises:
            MailServerUntrustedError: the server can't show who it is.
            StrangeAnswerError: something was put in before TLS.
        """
        if self._reader.leftover or self._waiting:
            raise StrangeAnswerError("there is more after the answer that begins TLS")
        self.line.start_tls()
        self._reader = ResponseReader(self._bounds)
        self.capabilities = frozenset()

    def asked(self, tag: str) -> str | None:
        """What the server asks for to go on with a command, or None when the command has ended.

        Untagged answers that come meanwhile are kept for `wait`.
        """
        passed: list[Response] = []
        try:
            while tag not in self._ended:
                response = self._step()
                if isinstance(response, Continuation):
                    return response.text
                if response is not None:
                    passed.append(response)
                if len(passed) > self._bounds.values:
                    raise StrangeAnswerError("a command's answers do not end")
            return None
        finally:
            self._waiting.extend(passed)

    def answer(self, line: bytes) -> None:
        """Say what was asked for."""
        self.line.send(line + b"\r\n")

    def _announce(self, literal: Literal, tag: str) -> bool:
        """Say how long a literal is; whether it may follow."""
        count = len(literal.data)
        small = "LITERAL-" in self.capabilities and count <= SMALL_LITERAL_BYTES
        free = small or "LITERAL+" in self.capabilities
        self._put(b"%s{%d%s}\r\n" % (b"~" if literal.binary else b"", count, b"+" if free else b""))
        if free:
            return True
        self._flush()
        return self.asked(tag) is not None

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        if self._gathered_bytes + len(data) > GATHERED_BYTES:
            self._flush()
        if len(data) > GATHERED_BYTES:
            self.line.send(data)
        else:
            self._gathered.append(data)
            self._gathered_bytes += len(data)

    def _flush(self) -> None:
        if self._gathered:
            self.line.send(b"".join(self._gathered))
            self._gathered.clear()
            self._gathered_bytes = 0

    def _step(self) -> Response | None:
        """The next answer; None when a command's end was noted instead."""
        response = self._waiting.popleft() if self._waiting else self._read()
        if not isinstance(response, Status):
            return response
        if response.tag != "*":
            if response.tag not in self._in_flight:
                raise StrangeAnswerError("the server ends a command that was not given")
            self._in_flight.remove(response.tag)
            self._ended[response.tag] = response
            return None
        if response.kind == "BYE" and not self._leaving:
            said = self.line.lost(f"the server ends the session: {response.text}")
            raise MailServerLostError(said.host, said.why, response.code)
        return response

    def _read(self) -> Response:
        began, before = 0.0, self.line.received_bytes
        while True:
            response = self._reader.next()
            if response is not None:
                return response
            if self._reader.begun:
                began = began or clock.monotonic_s()
                allowed_s = self._timeout_s + (self.line.received_bytes - before) / SLOWEST_BYTES_S
                if clock.monotonic_s() - began > allowed_s:
                    raise self.line.lost("an answer comes too slowly")
            self._reader.feed(self.line.receive())
