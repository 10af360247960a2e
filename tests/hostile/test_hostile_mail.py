"""Messages made to hurt whoever reads them: read in bounds, never refused, never an error."""

from __future__ import annotations

import random
import time
import types
from collections.abc import Iterator

import pytest

from corpora import make_mail
from standfast.capture.mail.message import read_message
from standfast.holdings.canonical import canonical_bytes, parse_canonical
from standfast.holdings.item import MailFacts

SECONDS = 5.0
"""The worst of these takes 1.4 s on a quiet machine of 2026; what grows with a square would take hours."""
FACTS_LIMIT = 1024 * 1024
ROUNDS = 4_000
TOKENS = (
    *(b"--", b"\r\n", b"\n", b"\n--", b"=?utf-7?B?", b"?=", b'"', b";", b"boundary=", b"--a--\r\n", b"\0", b"\r"),
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
    *(b"=?undefined?q?a?=", b"=?unicode_escape?q?\\ud800?=", b"=?utf-7?q?+2AA-?=", b"=?zip?b?AAAA?="),
    b"Content-Transfer-Encoding: base64\r\n",
    *(b"filename*0*=", b"name*=utf-16''%d8", b"From: ", b"<", b"(", b"\\"),
)


def corpus(count: int, malformed: float) -> Iterator[bytes]:
    wish = types.SimpleNamespace(seed=2, messages=count, large=0, small=1500, malformed=malformed, spread=0.6)
    return (raw for _, raw in make_mail.messages(wish))


def check(raw: bytes) -> MailFacts:
    read = read_message(raw)
    said = canonical_bytes(read.facts)
    assert len(said) < FACTS_LIMIT
    assert parse_canonical(said, MailFacts) == read.facts
    assert list(read.cuts) == sorted(set(read.cuts))
    assert all(0 < cut < len(raw) for cut in read.cuts)
    return read.facts


def test_everything_that_goes_wrong_in_real_mailboxes() -> None:
    for raw in corpus(600, 0.5):
        check(raw)


def test_messages_with_bytes_changed_at_random() -> None:
    chance = random.Random(5)
    messages = list(corpus(200, 0.5))
    for _ in range(ROUNDS):
        raw = bytearray(chance.choice(messages))
        for _ in range(chance.randint(1, 30)):
            at, which = chance.randrange(len(raw) + 1), chance.random()
            if which < 0.5:
                raw[at:at] = chance.choice(TOKENS)
            elif which < 0.7:
                del raw[at : at + chance.randint(1, 50)]
            elif which < 0.9 and at < len(raw):
                raw[at] = chance.randrange(256)
            else:
                here = chance.randrange(len(raw) + 1)
                raw[at:at] = raw[here : here + 200]
        check(bytes(raw))


MULTIPART = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
BOMBS = {
    "a million header fields": lambda: b"".join(b"X-%d: 1\r\n" % n for n in range(1_000_000)) + b"\r\nx",
    "a million recipients": lambda: b"To: a@b\r\n" * 1_000_000 + b"\r\nx",
    "a line of 100 MB": lambda: b"Subject: x\r\n\r\n" + b"z" * 100_000_000,
    "a subject of 100 MB": lambda: b"Subject: " + b"z" * 100_000_000,
    "a field folded 30 million times": lambda: b"Subject: a\r\n" + b" \r\n" * 30_000_000,
    "ten million parts": lambda: MULTIPART + b"--a\r\n" * 10_000_000,
    "ten million lines that are nearly delimiters": lambda: MULTIPART + b"--b\n" * 10_000_000,
    "multiparts 100,000 deep": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=a%d\r\n\r\n--a%d\r\n" % (n, n) for n in range(100_000)
    ),
    "messages a million deep": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 1_000_000,
    "messages in messages around 100 MB": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 9 + b"x" * 100_000_000,
    "open quotes": lambda: MULTIPART + (b"--a\r\nContent-Type: x/y" + b';a="' * 8000 + b"\r\n\r\n") * 1000,
    "sections of parameters": lambda: MULTIPART + (b"--a\r\nContent-Type: x/y" + b";a*0=a" * 4000 + b"\r\n\r\n") * 1000,
    "blank parameters": lambda: MULTIPART + (b"--a\r\nContent-Type: x/y" + b"; " * 8000 + b"\r\n\r\n") * 1000,
    "long names": lambda: MULTIPART + (b"--a\r\nContent-Type: a/b; name=" + b"n" * 20000 + b"\r\n\r\n\r\n") * 2000,
    "parts without an empty line": lambda: MULTIPART + (b"--a\r\n" + b"X" * 60_000 + b"\n") * 1500,
    "open brackets": lambda: b"To: " + b'<("' * 10_000 + b"\r\n\r\n",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?=" * 3000 + b"\r\n\r\n",
    "a codec that takes a square": lambda: b"Subject: =?punycode?q?" + b"a" * 7000 + b"?=\r\n\r\n",
    "broken base64": lambda: b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n" + b"A\r\n" * 30_000_001,
    "soft line ends": lambda: (
        b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: a/b\r\n\r\n" + b"=\r\n" * 30_000_001
    ),
    "nothing": lambda: b"",
    "a zero": lambda: b"\0",
    "carriage returns": lambda: b"\r" * 10_000_000,
    "line feeds": lambda: b"\n" * 10_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_read_in_bounds(name: str) -> None:
    raw = BOMBS[name]()
    began = time.process_time()
    check(raw)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "name", ["a million header fields", "ten million parts", "multiparts 100,000 deep", "messages a million deep"]
)
def test_what_was_not_read_is_said(name: str) -> None:
    assert check(BOMBS[name]()).unread
