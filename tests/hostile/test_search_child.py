"""The process that reads hostile texts: it is shut in, and nothing that it is sent ends more than itself."""

from __future__ import annotations

import base64
import gzip
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

import brotli
import pytest

from mail_vault import hostile_mailbox
from standfast.assembly.finding import TEXT_CHILD
from standfast.capture.web.recorder import Exchange, write_records
from standfast.errors.search import TextReaderError
from standfast.search.child import TextReader

HEAD = b"From: a@example.org\r\nMIME-Version: 1.0\r\n"


def html(body: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + body


def test_the_whole_corpus_is_read_and_nothing_kills_the_reader() -> None:
    box = hostile_mailbox(messages=400, large=1, seed=7)
    with TextReader(TEXT_CHILD) as texts:
        answers = [texts.read("mail", each.raw) for messages in box.folders.values() for each in messages]
    assert not [answer.unread for answer in answers if "can't be read" in answer.unread or "too long" in answer.unread]
    assert sum(bool(answer.text) for answer in answers) > 300


def test_text_in_every_charset_and_coding() -> None:
    cases = []
    for charset, text in [
        ("windows-1256", "شهادة الشاهد"),
        ("iso-8859-6", "شهادة"),
        ("iso-8859-1", "déposition"),
        ("koi8-r", "свидетель"),
        ("gb18030", "证人"),
        ("utf-16", "témoin"),
        ("no-such-charset", "witness"),
        ("idna", "witness"),
    ]:
        raw = text.encode(charset) if charset not in ("no-such-charset", "idna") else text.encode()
        head = (
            HEAD + f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
        )
        cases.append((charset, head + base64.encodebytes(raw), text))
    with TextReader(TEXT_CHILD) as texts:
        for charset, raw, text in cases:
            assert texts.read("mail", raw).text.strip("\ufeff") == text, charset


def test_html_says_what_it_shows_and_fetches_nothing() -> None:
    page = html(b"<style>.x{}</style><script>secret()</script><p>one</p><p>two<img src=http://192.0.2.1/x></p>")
    with TextReader(TEXT_CHILD) as texts:
        assert texts.read("mail", page).text.split() == ["one", "two"]


def recorded(head: bytes, body: bytes) -> bytes:
    """A web item's content."""
    response = b"HTTP/1.1 200 OK\r\n" + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    exchange = Exchange(
        url="https://example.org/",
        ip="",
        started_at=datetime(2031, 5, 4, tzinfo=UTC),
        request=b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        response=response,
    )
    return write_records(exchange)


def test_web_pages_are_read_from_their_records_in_any_charset_and_coding() -> None:
    page = "<html><head><title>تقرير</title></head><body><p>شهادة</p><script>secret()</script></body></html>"
    for head, body in [
        (b"Content-Type: text/html; charset=windows-1256", page.encode("windows-1256")),
        (b"Content-Type: text/html", page.replace("<head>", '<head><meta charset="iso-8859-6">').encode("iso-8859-6")),
        (b"Content-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip", gzip.compress(page.encode())),
        (b"Content-Type: text/html; charset=utf-8\r\nContent-Encoding: br", brotli.compress(page.encode())),
    ]:
        with TextReader(TEXT_CHILD) as texts:
            read = texts.read("web", recorded(head, body))
        assert (read.title, read.text.split()) == ("تقرير", ["تقرير", "شهادة"]), head
    with TextReader(TEXT_CHILD) as texts:
        bomb = gzip.compress(b"a" * (1 << 28), 1)
        assert texts.read("web", recorded(b"Content-Type: text/html\r\nContent-Encoding: gzip", bomb)).unread
        assert texts.read("web", b"no records").unread
        assert texts.read("web", recorded(b"Content-Type: image/png", b"x")).text == ""


@pytest.mark.parametrize(
    "raw",
    [
        html(b"<div>" * 2_000_000),
        html(b"<table><tr><td>" * 300_000),
        HEAD
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"=\r\n" * 2_000_000,
        HEAD + b"X: y\r\n" * 1_000_000 + b"\r\nbody",
        b"\0" * 10_000_000,
        random.Random(1).randbytes(5_000_000),
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 1_000_000,
        html(b"&" * 8_000_000),
    ],
    ids=["deep", "tables", "soft-breaks", "headers", "zeros", "noise", "boundaries", "ampersands"],
)
def test_a_bomb_costs_its_own_reading_and_no_other(raw: bytes) -> None:
    began = time.monotonic()
    with TextReader(TEXT_CHILD, seconds_each=3) as texts:
        texts.read("mail", raw)
        assert texts.read("mail", html(b"<p>after</p>")).text == "after"
    assert time.monotonic() - began < 30


def child(code: str) -> subprocess.CompletedProcess[str]:
    before = "import socket, os, subprocess, sys\nfrom standfast.search.confine import confine\nmissing = confine()\n"
    return subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "os.execv('/bin/true', ['true'])",
        "subprocess.run(['/bin/true'], check=True)",
        "open('/etc/hostname')",
        "open('/tmp/standfast-confined', 'w')",
        "os.listdir('/')",
        "bytearray(4 << 30)",
    ],
)
def test_what_a_reader_that_was_taken_over_can_not_do(code: str) -> None:
    done = child(
        f"assert not missing, missing\ntry:\n    {code}\nexcept (OSError, MemoryError):\n    print('refused')\n"
    )
    assert done.stdout == "refused\n", done.stderr


def test_one_that_is_silent_or_dies_is_noted_and_in_the_end_said() -> None:
    with TextReader(("/bin/sleep", "60"), seconds_each=0.2) as texts:
        assert texts.read("mail", b"x").unread == "it takes too long to read"
    with TextReader(("/bin/false",)) as texts:
        for _ in range(19):
            assert texts.read("mail", b"x").unread == "it can't be read within bounds"
        with pytest.raises(TextReaderError):
            texts.read("mail", b"x")


def test_a_reader_that_lies_is_not_believed() -> None:
    lie = "import sys; sys.stdin.buffer.read(8); sys.stdout.buffer.write(b'\\xff' * 100); sys.stdout.flush()"
    with TextReader((sys.executable, "-c", lie)) as texts:
        assert texts.read("mail", b"x" * 100).unread == "it can't be read within bounds"
