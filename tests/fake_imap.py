"""A mail server on loopback that says exactly what it is told to, for what no honest server does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from standfast.imap.access import ImapAccess, Secret

GREETING = b"* OK [CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN LITERAL+] ready\r\n"


@dataclass
class FakeImap:
    """One server for several connections, each served by the same script."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    """Every line that came, of all connections; before TLS and after."""

    def access(self, security: str = "plain", **more: object) -> ImapAccess:
        """How to log in."""
        told = {"host": "127.0.0.1", "secret": lambda: Secret("password", "an example"), **more}
        return ImapAccess(port=self.port, user="ruth", security=security, **told)  # type: ignore[arg-type]


class Talk:
    """The server's side of one connection."""

    def __init__(self, line: socket.socket, server: FakeImap) -> None:
        self.line, self.server = line, server
        self._rest = b""

    def say(self, *said: bytes) -> None:
        """Send it as it is."""
        self.line.sendall(b"".join(said))

    def hear(self) -> bytes:
        """The next line, without its end; empty when the client is gone."""
        while b"\r\n" not in self._rest:
            block = self.line.recv(65536)
            if not block:
                return b""
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\r\n")
        self.server.heard.append(line)
        return line

    def hear_bytes(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._rest) < count:
            block = self.line.recv(65536)
            if not block:
                return b""
            self._rest += block
        out, self._rest = self._rest[:count], self._rest[count:]
        return out

    def obey(self, *more: bytes) -> bytes:
        """Hear a command, say `more` with its tag in place of TAG, and OK; returns the command."""
        heard = self.hear()
        tag = heard.split(b" ")[0]
        self.say(*(each.replace(b"TAG", tag) for each in more or (b"TAG OK done\r\n",)))
        return heard

    def log_in(self, capability: bytes = b"IMAP4rev1") -> None:
        """Greet, and let the client in."""
        self.say(GREETING)
        self.obey(b"TAG OK [CAPABILITY " + capability + b"] in\r\n")

    def begin_tls(self, certificate: Path) -> None:
        """TLS on the same line."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self.line = context.wrap_socket(self.line, server_side=True)


@contextlib.contextmanager
def fake_imap(script: Callable[[Talk], None]) -> Iterator[FakeImap]:
    """A server that follows the script with each client, and then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = FakeImap(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def serve(line: socket.socket) -> None:
        line.settimeout(20)
        talk = Talk(line, server)
        with contextlib.suppress(OSError):
            script(talk)
        talk.line.close()
        line.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(line,)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(20)
        for thread in threads:
            thread.join(20)
