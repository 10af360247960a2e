"""One question over HTTP: bounded, and told apart by what went wrong."""

from __future__ import annotations

import hashlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from standfast.errors.network import AnswerTooLargeError, PlainHttpError, UnreachableError, UntrustedPeerError
from standfast.http_client import ask

Speak = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start a server that says one thing, whatever it is asked; returns its address."""
    open_sockets: list[socket.socket] = []

    def start(speak: Speak, context: ssl.SSLContext | None = None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)

        def run() -> None:
            try:
                plain, _ = listener.accept()
                with plain, context.wrap_socket(plain, server_side=True) if context else plain as talk:
                    talk.settimeout(5)
                    talk.recv(65536)
                    speak(talk)
            except OSError:
                return

        threading.Thread(target=run, daemon=True).start()
        return f"{'https' if context else 'http'}://127.0.0.1:{listener.getsockname()[1]}/where"

    yield start
    for each in open_sockets:
        each.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext, str]:
    """A server's own certificate: its file, a context that shows it, its digest."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made.split(), *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(cert.read_text())).hexdigest()
    return cert, context, digest


def _say(raw: bytes) -> Speak:
    return lambda talk: talk.sendall(raw)


def test_an_answer_is_given_as_it_is_whatever_its_status(serve: Callable[..., str]) -> None:
    url = serve(_say(b"HTTP/1.1 409 Conflict\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\n12\n"))
    answer = ask("POST", url, body=b"what", limit_bytes=10, timeout_s=5)
    assert (answer.status, answer.body, answer.headers["x-a"]) == (409, b"12\n", "1, 2")


def test_a_redirect_is_not_followed(serve: Callable[..., str]) -> None:
    url = serve(_say(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"))
    assert ask("GET", url, limit_bytes=10, timeout_s=5).status == 302


def test_too_many_bytes_are_not_taken(serve: Callable[..., str]) -> None:
    url = serve(_say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000))
    with pytest.raises(AnswerTooLargeError):
        ask("GET", url, limit_bytes=100_000, timeout_s=5)


def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time(serve: Callable[..., str]) -> None:
    def drip(talk: socket.socket) -> None:
        talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            talk.sendall(b"x")
            time.sleep(0.1)

    begun = time.monotonic()
    with pytest.raises(UnreachableError):
        ask("GET", serve(drip), limit_bytes=10_000, timeout_s=1)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour", b"\0\xff" * 100])
def test_half_an_answer_or_none_is_no_answer(serve: Callable[..., str], raw: bytes) -> None:
    with pytest.raises(UnreachableError):
        ask("GET", serve(_say(raw)), limit_bytes=100, timeout_s=5)


def test_a_closed_port_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError):
        ask("GET", f"http://127.0.0.1:{port}/", limit_bytes=10, timeout_s=2)


@pytest.mark.parametrize("url", ["http://198.51.100.7/x", "ftp://127.0.0.1/x", "file:///etc/hostname"])
def test_nothing_is_asked_in_the_clear_or_in_another_way(url: str) -> None:
    with pytest.raises(PlainHttpError) as caught:
        ask("GET", url, limit_bytes=10, timeout_s=2)
    assert url in caught.value.for_person()


def test_a_certificate_counts_by_its_authority_or_by_its_digest(
    serve: Callable[..., str], certificate: tuple[Path, ssl.SSLContext, str]
) -> None:
    file, context, digest = certificate
    ok = _say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    with pytest.raises(UntrustedPeerError):
        ask("GET", serve(ok, context), limit_bytes=10, timeout_s=5)
    assert ask("GET", serve(ok, context), limit_bytes=10, timeout_s=5, ca=file).body == b"ok"
    assert ask("GET", serve(ok, context), limit_bytes=10, timeout_s=5, pinned_sha256=digest).body == b"ok"
    with pytest.raises(UntrustedPeerError):
        ask("GET", serve(ok, context), limit_bytes=10, timeout_s=5, pinned_sha256="0" * 64)
