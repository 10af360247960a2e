"""A mail server that lies, stalls or floods, and one who stands on the way: no password goes out, every wait ends."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_imap import GREETING, Talk, fake_imap
from standfast.errors.mail import (
    CommandRefusedError,
    LogInRefusedError,
    MailServerLostError,
    MailServerUntrustedError,
    StrangeAnswerError,
)
from standfast.imap.access import Secret
from standfast.imap.commands import Literal
from standfast.imap.connection import Connection
from standfast.imap.responses import Bounds, Data

PASSWORD_SAID = b"AHJ1dGgAYW4gZXhhbXBsZQ=="
"""base64 of NUL ruth NUL `an example`."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tls") / "tls.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "30", "-subj", "/CN=example", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(place.with_suffix(".key")), "-out", str(place)),
        ],
        check=True,
        capture_output=True,
    )
    return place


def test_starttls_then_the_password(certificate: Path) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.obey()
        talk.begin_tls(certificate)
        talk.obey(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nTAG OK\r\n")
        talk.obey(b"TAG OK [CAPABILITY IMAP4rev1 X] in\r\n")
        talk.hear()

    with fake_imap(script) as server:
        with Connection.open(server.access("starttls", ca=certificate)) as connection:
            assert connection.capabilities == {"IMAP4REV1", "X"}
        commands = [line.split(b" ", 1)[1] for line in server.heard]
        assert commands[:3] == [b"STARTTLS", b"CAPABILITY", b"AUTHENTICATE PLAIN " + PASSWORD_SAID]


def injected(talk: Talk) -> None:
    talk.say(GREETING)
    talk.obey(b"TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA2 OK\r\n")


def injected_without_an_end(talk: Talk) -> None:
    talk.say(GREETING)
    talk.obey(b"TAG OK begin\r\n* CAPABILITY IMAP4rev1")


def already_authenticated(talk: Talk) -> None:
    talk.say(b"* PREAUTH [CAPABILITY IMAP4rev1] in\r\n")
    talk.hear()


def refuses_tls(talk: Talk) -> None:
    talk.say(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
    talk.obey(b"TAG BAD what?\r\n")
    talk.hear()


@pytest.mark.parametrize("script", [injected, injected_without_an_end, already_authenticated, refuses_tls])
def test_nobody_on_the_way_gets_around_starttls(script: Callable[[Talk], None], certificate: Path) -> None:
    with fake_imap(script) as server:
        with pytest.raises((MailServerUntrustedError, StrangeAnswerError)):
            Connection.open(server.access("starttls", ca=certificate), timeout_s=5)
        assert not [line for line in server.heard if b"AUTH" in line or b"LOGIN" in line]


@pytest.mark.parametrize("put_in", [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA2 OK\r\n", b"* CAPABILITY IMAP4rev1"])
def test_what_was_put_in_before_tls_ends_it_though_tls_is_right(put_in: bytes, certificate: Path) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.obey(b"TAG OK begin\r\n" + put_in)
        talk.begin_tls(certificate)
        talk.obey(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nTAG OK\r\n")
        talk.obey(b"TAG OK [CAPABILITY IMAP4rev1] in\r\n")

    with fake_imap(script) as server:
        with pytest.raises(StrangeAnswerError, match=r"begins TLS"):
            Connection.open(server.access("starttls", ca=certificate), timeout_s=5)
        assert server.heard == [b"A1 STARTTLS"]


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "localhost.example.org", "127.0.0.1.example.org"])
def test_without_tls_nothing_leaves_this_machine(host: str) -> None:
    """Not even a name is looked up: a test that did would fail."""
    with fake_imap(lambda talk: talk.say(GREETING)) as server:
        with pytest.raises(MailServerUntrustedError):
            Connection.open(server.access(host=host), timeout_s=5)
        assert not server.heard


def tls(certificate: Path) -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        talk.begin_tls(certificate)
        talk.log_in()
        talk.hear()

    return script


def test_a_certificate_is_verified_or_is_the_pinned_one(certificate: Path) -> None:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()
    with fake_imap(tls(certificate)) as server:
        for wrong in ({}, {"pinned_sha256": "ab" * 32}, {"pinned_sha256": digest[:-1]}, {"host": "localhost"}):
            told = {"ca": certificate, **wrong} if "host" in wrong else wrong
            with pytest.raises(MailServerUntrustedError):
                Connection.open(server.access("tls", **told), timeout_s=5)
        assert not server.heard
        for right in ({"ca": certificate}, {"pinned_sha256": digest}, {"pinned_sha256": digest.upper()}):
            Connection.open(server.access("tls", **right), timeout_s=5).close()


def test_a_password_with_every_letter_goes_as_a_literal_where_it_must() -> None:
    word = 'q"\\ ü'

    def script(talk: Talk) -> None:
        talk.say(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        assert talk.hear() == b"A1 LOGIN ruth {%d}" % len(word.encode())
        talk.say(b"+ go on\r\n")
        assert talk.hear() == word.encode()
        talk.say(b"A1 OK [CAPABILITY IMAP4rev1] in\r\n")
        talk.hear()

    with fake_imap(script) as server:
        Connection.open(server.access(secret=lambda: Secret("password", word)), timeout_s=5).close()


@pytest.mark.parametrize("greeting", [b"* BYE too many\r\n", b"HTTP/1.1 400\r\n", b"* 1 EXISTS\r\n", b"", b"+ \r\n"])
def test_what_does_not_greet_as_a_mail_server_is_left(greeting: bytes) -> None:
    with fake_imap(lambda talk: talk.say(greeting)) as server, pytest.raises((MailServerLostError, StrangeAnswerError)):
        Connection.open(server.access(), timeout_s=5)


def test_login_disabled_is_obeyed() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready\r\n")
        talk.hear()

    with fake_imap(script) as server:
        with pytest.raises(LogInRefusedError):
            Connection.open(server.access(), timeout_s=5)
        assert server.heard in ([], [b""])


def test_silence_drops_and_floods_end() -> None:
    def silent(talk: Talk) -> None:
        talk.log_in()
        talk.hear()
        time.sleep(1.5)

    def drops(talk: Talk) -> None:
        talk.log_in()
        talk.hear()
        for _ in range(100):
            talk.say(b"x")
            time.sleep(0.1)

    def floods(talk: Talk) -> None:
        talk.log_in()
        talk.hear()
        while True:
            talk.say(b"* 1 EXISTS\r\n" * 1000)

    began = time.monotonic()
    for script, why in ((silent, MailServerLostError), (drops, (MailServerLostError, StrangeAnswerError))):
        with fake_imap(script) as server:
            connection = Connection.open(server.access(), timeout_s=1)
            with pytest.raises(why):
                connection.wait(connection.send(b"NOOP"))
            connection.close()
    with fake_imap(floods) as server:
        connection = Connection.open(server.access(), timeout_s=5, bounds=Bounds(values=10_000))
        with pytest.raises(StrangeAnswerError):
            connection.wait(connection.send(b"NOOP"))
        connection.close()
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "said",
    [b"A9 OK what\r\n", b"+ more?\r\n", b"* BYE [UNAVAILABLE] for now\r\n", b"A2 OK done\r\nA2 OK done\r\nA3 OK\r\n"],
)
def test_an_end_that_nobody_asked_for_is_no_end(said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.log_in()
        talk.obey(said)
        talk.obey()

    with fake_imap(script) as server:
        connection = Connection.open(server.access(), timeout_s=2)

        def ask_twice() -> None:
            connection.wait(connection.send(b"NOOP"))
            connection.wait(connection.send(b"NOOP"))

        with pytest.raises((StrangeAnswerError, MailServerLostError)) as raised:
            ask_twice()
        connection.close()
        if b"BYE" in said:
            assert isinstance(raised.value, MailServerLostError)
            assert raised.value.response_code == "UNAVAILABLE"


def test_a_literal_waits_for_leave_and_is_kept_back_when_it_is_refused() -> None:
    def script(talk: Talk) -> None:
        talk.log_in(b"IMAP4rev1 LITERAL-")
        assert talk.hear() == b"A2 APPEND x {10+}"
        assert talk.hear_bytes(12) == b"0123456789\r\n"
        talk.say(b"A2 OK done\r\n")
        assert talk.hear() == b"A3 APPEND x {5000}"
        talk.say(b"* 4 EXISTS\r\n+ \r\n")
        assert talk.hear_bytes(5002) == b"y" * 5000 + b"\r\n"
        talk.say(b"A3 OK done\r\n")
        talk.hear()
        talk.say(b"A4 NO [TOOBIG] never\r\n")
        talk.obey(b"TAG OK still here\r\n")

    with fake_imap(script) as server:
        with Connection.open(server.access(), timeout_s=5) as connection:
            connection.wait(connection.send(b"APPEND x ", Literal(b"0123456789")))
            done = connection.wait(connection.send(b"APPEND x ", Literal(b"y" * 5000)))
            assert done.answers == [Data("EXISTS", 4, [])]
            with pytest.raises(CommandRefusedError) as raised:
                connection.wait(connection.send(b"APPEND x ", Literal(b"z" * 5000)))
            assert (raised.value.command, raised.value.response_code) == ("APPEND", "TOOBIG")
            assert connection.wait(connection.send(b"NOOP")).status.text == "still here"
        assert not [line for line in server.heard if b"zz" in line]


def test_several_commands_on_the_way_each_get_their_own_end() -> None:
    def script(talk: Talk) -> None:
        talk.log_in()
        for _ in range(3):
            talk.hear()
        talk.say(b"* 1 EXISTS\r\nA2 NO first\r\n* 2 EXISTS\r\nA3 OK second\r\n* 3 EXISTS\r\nA4 OK third\r\n")
        talk.hear()

    with fake_imap(script) as server, Connection.open(server.access(), timeout_s=5) as connection:
        tags = [connection.send(b"NOOP") for _ in range(3)]
        with pytest.raises(CommandRefusedError, match="first"):
            connection.wait(tags[0])
        assert connection.wait(tags[1]).answers == [Data("EXISTS", 2, [])]
        assert connection.wait(tags[2]).answers == [Data("EXISTS", 3, [])]


def test_deflate_in_both_directions_a_bomb_and_rubbish() -> None:
    def script(talk: Talk) -> None:
        talk.log_in(b"IMAP4rev1 COMPRESS=DEFLATE")
        talk.hear()
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        # The first packed bytes come with the last plain ones.
        talk.say(b"A2 OK on\r\n" + packer.compress(b"* 1 EXISTS\r\n") + packer.flush(zlib.Z_SYNC_FLUSH))
        packed = talk.line.recv(65536)
        assert zlib.decompressobj(-15).decompress(packed) == b"A3 NOOP\r\n"
        bomb = packer.compress(b"A3 OK\r\n* 1 FETCH (BODY[] {300000000}\r\n" + bytes(300_000_000))
        talk.say(bomb + packer.flush(zlib.Z_SYNC_FLUSH))
        talk.say(packer.compress(b" UID 1)\r\n") + packer.flush(zlib.Z_SYNC_FLUSH))
        talk.line.recv(65536)
        talk.say(b"\xff\xff\xff\xff")

    with fake_imap(script) as server:
        connection = Connection.open(server.access(), timeout_s=10, bounds=Bounds(literal_bytes=1_000_000))
        assert connection.compress()
        assert connection.wait(connection.send(b"NOOP")).answers == [Data("EXISTS", 1, [])]
        with pytest.raises(MailServerLostError):
            connection.wait(connection.send(b"NOOP"))
        connection.close()
        assert connection.line.received_bytes < 1_000_000


def test_another_thread_can_end_a_wait() -> None:
    def script(talk: Talk) -> None:
        talk.log_in()
        talk.hear()
        talk.hear()

    with fake_imap(script) as server:
        connection = Connection.open(server.access(), timeout_s=60)
        timer = threading.Timer(0.2, connection.close)
        timer.start()
        with pytest.raises(MailServerLostError):
            connection.wait(connection.send(b"NOOP"))
        timer.join()
