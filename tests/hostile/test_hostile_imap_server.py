"""A mail server that lies: the capture ends, holds what it was given, and tells what it did not get."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mail_fixture import MailVault
from standfast.capture.mail import exchange, workers

GREETING = b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN %s] hello\r\n"
FULL = b"ENABLE CONDSTORE QRESYNC LIST-EXTENDED LIST-STATUS NAMESPACE SPECIAL-USE"
MESSAGE = b"Subject: example %d\r\n\r\nan example\r\n"
Answer = Callable[[bytes, bytes], bytes | None]
"""(tag, command) to all that is said; None for what an honest server says."""


def literal(raw: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(raw), raw)


class Honest:
    """One folder of messages; speaks just enough."""

    offers = FULL
    validity = 7
    use = b""

    def __init__(self, count: int = 3) -> None:
        self.messages = {n: MESSAGE % n for n in range(1, count + 1)}
        self.asked: list[bytes] = []

    def folders(self) -> bytes:
        return b'* LIST () "/" INBOX\r\n' + self.status(b"INBOX")

    def status(self, name: bytes) -> bytes:
        counts = (name, len(self.messages), self.next_uid(), self.validity)
        return b"* STATUS %s (MESSAGES %d UIDNEXT %d UIDVALIDITY %d HIGHESTMODSEQ 5)\r\n" % counts

    def next_uid(self) -> int:
        return max(self.messages, default=0) + 1

    def examine(self) -> bytes:
        said = b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] x\r\n* OK [UIDNEXT %d] x\r\n* OK [HIGHESTMODSEQ 5] x\r\n"
        return said % (len(self.messages), self.validity, self.next_uid())

    def rows(self) -> bytes:
        return b"".join(
            b"* %d FETCH (UID %d FLAGS () RFC822.SIZE %d)\r\n" % (n, uid, len(raw))
            for n, (uid, raw) in enumerate(self.messages.items(), 1)
        )

    def body(self, uid: int, raw: bytes) -> bytes:
        date = b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
        return b"* %d FETCH (UID %d %s BODY[] %s)\r\n" % (uid, uid, date, literal(raw))

    def bodies(self, uids: list[int]) -> bytes:
        return b"".join(self.body(uid, self.messages[uid]) for uid in uids if uid in self.messages)

    def answer(self, tag: bytes, said: bytes) -> bytes | None:
        """All that is said to a command; None ends the connection."""
        word = said.split(b" ")[0].upper()
        done = tag + b" OK done\r\n"
        if word == b"LIST":
            return self.folders() + done
        if word == b"NAMESPACE":
            return b'* NAMESPACE (("" "/")) NIL NIL\r\n' + done
        if word == b"STATUS":
            return self.status(b"INBOX") + done
        if word == b"EXAMINE":
            return self.examine() + done
        if b"BODY.PEEK[" in said:
            asked = re.match(rb"UID FETCH (\S+)", said)
            assert asked
            return self.bodies(expand(asked[1])) + done
        if said.startswith(b"UID FETCH"):
            return self.rows() + done
        return done


def expand(numbers: bytes) -> list[int]:
    out = []
    for each in numbers.split(b","):
        first, _, last = each.partition(b":")
        out += range(int(first), int(last or first) + 1)
    return out


@contextmanager
def serving(server: Honest) -> Iterator[int]:
    """The server's port; each connection in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def speak(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.sendall(GREETING % server.offers)
            for line in client.makefile("rb"):
                tag, _, said = line.strip().partition(b" ")
                server.asked.append(said)
                answer = server.answer(tag, said)
                if answer is None:
                    return
                client.sendall(answer)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=speak, args=(client,), daemon=True))
            threads[-1].start()

    listening = threading.Thread(target=accept, daemon=True)
    listening.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (listening, *threads):
            thread.join(5)


@pytest.fixture
def box(tmp_path: Path) -> MailVault:
    return MailVault(tmp_path)


def test_the_honest_one_is_captured(box: MailVault) -> None:
    with serving(Honest()) as port:
        assert box.protect(port).ok
        assert len(box.messages()) == 3
        assert box.protect(port).items_new == 0


class Shuffled(Honest):
    """UIDs out of order, each answer twice, and some that nobody asked for."""

    def rows(self) -> bytes:
        lines = super().rows().splitlines(keepends=True)
        return b"".join(reversed(lines)) + b"".join(lines) + b"* 9 FETCH (FLAGS (\\Seen))\r\n* 4 FETCH (UID 0)\r\n"

    def bodies(self, uids: list[int]) -> bytes:
        strange = self.body(77, b"nobody asked") + b"* 3 FETCH ()\r\n* 1 FETCH (BODY[] {1}\r\nx)\r\n"
        return strange + super().bodies(uids[::-1]) + super().bodies(uids)


class TooManyExist(Honest):
    def examine(self) -> bytes:
        return super().examine().replace(b"* 3 EXISTS", b"* 4294967296 EXISTS")


class Miscounts(Honest):
    def examine(self) -> bytes:
        return super().examine().replace(b"* 3 EXISTS", b"* 30 EXISTS")


class WrongSizes(Honest):
    def rows(self) -> bytes:
        return re.sub(rb"RFC822.SIZE \d+", b"RFC822.SIZE 1", super().rows())


class LongLiteral(Honest):
    """One message is announced as small and comes as large."""

    def bodies(self, uids: list[int]) -> bytes:
        return b"".join(
            self.body(uid, b"x" * 300_000 if uid == 2 else self.messages[uid]) for uid in uids if uid in self.messages
        )


class NilBody(Honest):
    def body(self, uid: int, raw: bytes) -> bytes:
        return b"* %d FETCH (UID %d BODY[] NIL)\r\n" % (uid, uid) if uid == 2 else super().body(uid, raw)


class Withholds(Honest):
    """Names a message and never gives it out."""

    def bodies(self, uids: list[int]) -> bytes:
        return super().bodies([uid for uid in uids if uid != 2])


class Poisoned(Honest):
    """The line breaks at one message, each time."""

    def answer(self, tag: bytes, said: bytes) -> bytes | None:
        asked = re.match(rb"UID FETCH (\S+) .*BODY.PEEK\[\]", said)
        return None if asked and 2 in expand(asked[1]) else super().answer(tag, said)


class NoValidity(Honest):
    def examine(self) -> bytes:
        return b"* 3 EXISTS\r\n"


class StrangeNames(Honest):
    def folders(self) -> bytes:
        names = [
            b'"../../etc/passwd"',
            b'"/"',
            b'".."',
            b"{3}\r\na\0b",
            b'"' + b"x" * 5000 + b'"',
            b'""',
            b"NIL",
            b"&Jjo!",
        ]
        names += [b"a" * 64 + b".eml", b'"\xff\xfe"', b"{4}\r\na\r\nb", b'"a/b/../c"']
        lines = b"".join(b'* LIST () "/" %s\r\n' % name for name in names)
        return super().folders() + lines + b"* LIST\r\n* LIST (\r\n)\r\n".replace(b"(\r\n)\r\n", b"() NIL x\r\n")


class EmptyQuotedFlags(Honest):
    def rows(self) -> bytes:
        return re.sub(rb"FLAGS \(\)", rb"FLAGS (\\Seen {3}\r\na b \\Recent \\seen $x)", super().rows())


HOSTILE = {
    Shuffled: (3, True),
    TooManyExist: (0, False),
    Miscounts: (3, False),
    WrongSizes: (3, True),
    LongLiteral: (2, False),
    NilBody: (2, False),
    Withholds: (2, False),
    Poisoned: (2, False),
    NoValidity: (3, True),
    StrangeNames: (3, False),
    EmptyQuotedFlags: (3, True),
}


@pytest.mark.parametrize("kind", HOSTILE, ids=lambda kind: kind.__name__)
def test_what_it_gives_is_held_and_the_rest_is_told(kind: type[Honest], box: MailVault) -> None:
    held, ok = HOSTILE[kind]
    began = time.monotonic()
    with serving(kind()) as port:
        for _ in range(2):
            result = box.protect(port, max_message_bytes=100_000)
            assert result.ok is ok, result.failures
            assert len(box.messages()) == held
            assert result.items_gone == 0
    assert time.monotonic() - began < 40
    if not ok:
        assert all(failure.why for failure in result.failures)


def test_an_answer_without_end_is_cut(box: MailVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "UNASKED_LIMIT", 500)
    monkeypatch.setattr(exchange, "MESSAGES_LIMIT", 500)
    monkeypatch.setattr(workers, "TRIES_IN_VAIN", 3)

    class Endless(Honest):
        def bodies(self, uids: list[int]) -> bytes:
            return b"* 1 FETCH (UID 1 FLAGS ())\r\n" * 5_000

    class EndlessRows(Honest):
        def rows(self) -> bytes:
            return b"".join(b"* %d FETCH (UID %d FLAGS ())\r\n" % (n, n) for n in range(1, 3_000))

    for kind in (Endless, EndlessRows):
        with serving(kind()) as port:
            assert not box.protect(port).ok


def test_throttled_is_waited_for(box: MailVault) -> None:
    class Throttling(Honest):
        refusals = 3

        def answer(self, tag: bytes, said: bytes) -> bytes | None:
            if b"BODY.PEEK[]" in said and self.refusals:
                self.refusals -= 1
                return tag + b" NO [THROTTLED] slow down\r\n" if self.refusals % 2 else b"* BYE [UNAVAILABLE] later\r\n"
            return super().answer(tag, said)

    with serving(Throttling()) as port:
        result = box.protect(port)
        assert (result.ok, result.failures) == (True, [])
    assert len(box.messages()) == 3


def test_a_folder_that_does_not_open_calls_nothing_gone(box: MailVault) -> None:
    class Closing(Honest):
        closed = False

        def examine(self) -> bytes:
            return super().examine()

        def status(self, name: bytes) -> bytes:
            return super().status(name).replace(b"HIGHESTMODSEQ 5", b"HIGHESTMODSEQ %d" % (6 if self.closed else 5))

        def answer(self, tag: bytes, said: bytes) -> bytes | None:
            if self.closed and said.startswith(b"EXAMINE"):
                return tag + b" NO [NOPERM] not now\r\n"
            return super().answer(tag, said)

    server = Closing()
    with serving(server) as port:
        assert box.protect(port).ok
        server.closed = True
        for _ in range(2):
            result = box.protect(port)
            assert (result.ok, result.items_gone) == (False, 0)
            assert "not now" in result.failures[0].why
        assert len(box.messages()) == 3
        server.closed = False
        assert box.protect(port).ok


def test_labels_and_one_message_under_many_is_fetched_once(box: MailVault) -> None:
    class Labelled(Honest):
        offers = FULL.replace(b"QRESYNC ", b"") + b" X-GM-EXT-1"
        selected = b""

        def folders(self) -> bytes:
            names = [(b"\\HasNoChildren", b"INBOX"), (b"\\All", b'"[Gmail]/All Mail"'), (b"", b"Cases")]
            return b"".join(b'* LIST (%s) "/" %s\r\n%s' % (use, name, self.status(name)) for use, name in names)

        def rows(self) -> bytes:
            label = rb'X-GM-LABELS ("\\Inbox" Cases "&Jjo-")'
            return b"".join(
                b"* %d FETCH (UID %d X-GM-MSGID %d %s FLAGS () RFC822.SIZE %d)\r\n" % (uid, uid, 10**18 + uid, label, 9)
                for uid in self.messages
            )

    server = Labelled()
    with serving(server) as port:
        assert box.protect(port).ok
        assert sum(said.count(b"BODY.PEEK[]") for said in server.asked) == 1
        lists = box.lists()
        assert sorted(lists) == ["Cases", "INBOX", "[Gmail]/All Mail"]
        assert len({line.sha256 for lines in lists.values() for line in lines}) == 3
        assert lists["INBOX"][0].labels == ("Cases", "\\x5cInbox", "☺")
        server.messages[4] = MESSAGE % 4
        server.asked.clear()
        assert box.protect(port).ok
        assert [said.split()[2] for said in server.asked if b"BODY.PEEK[]" in said] == [b"4"]
        assert {len(lines) for lines in box.lists().values()} == {4}
