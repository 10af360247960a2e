"""The bytes between us and the server: TCP, TLS, DEFLATE. Every wait ends."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import zlib

from standfast import clock
from standfast.errors.mail import MailServerLostError, MailServerUntrustedError
from standfast.imap.access import ImapAccess

BLOCK_BYTES = 256 * 1024
"""Asked for at a time. Blocks of 64 KiB cost a fifth more processor time, of 1 MiB no less."""
DEFLATE_LEVEL = 6


class Line:
    """One line to one server. It belongs to whoever opened it, who closes it. Not for several threads."""

    def __init__(self, access: ImapAccess, timeout_s: float) -> None:
        """Connect, with TLS from the start where the address says so.

        Args:
            access: where to.
            timeout_s: for each wait: to connect, for the next bytes, to be rid of 256 KiB.

        Raises:
            MailServerLostError: no connection.
            MailServerUntrustedError: the server's certificate is not the expected one.
        """
        self._access, self._timeout_s = access, timeout_s
        self.received_bytes = self.sent_bytes = 0
        """On the wire within TLS, so after DEFLATE."""
        self.connect_s = 0.0
        """How long the TCP handshake took: a round trip."""
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None
        self._packed = b""
        began = clock.monotonic_s()
        try:
            self._socket: socket.socket = socket.create_connection((access.host, access.port), timeout_s)
        except (OSError, UnicodeError) as why:
            raise self.lost(f"can't be reached: {_said(why)}") from why
        self.connect_s = clock.monotonic_s() - began
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if access.security == "tls":
                self.start_tls()
        except BaseException:
            self.close()
            raise

    def lost(self, why: str) -> MailServerLostError:
        """The error that says what became of this line."""
        return MailServerLostError(self._access.shown, why)

    def start_tls(self) -> None:
        """Go on under TLS, and require that the other side is who it should be before anything is sent.

        Raises:
            MailServerUntrustedError: it could not show it.
            MailServerLostError: the line broke.
        """
        import ssl  # not at the top: a line to this machine needs none, and it takes 15 ms

        context = ssl.create_default_context(cafile=str(self._access.ca) if self._access.ca else None)
        pinned = self._access.pinned_sha256.replace(":", "").lower()
        if pinned:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            secured = context.wrap_socket(self._socket, server_hostname=self._access.host)
        except ssl.SSLCertVerificationError as why:
            raise MailServerUntrustedError(self._access.shown, why.verify_message) from why
        except ssl.SSLError as why:
            raise MailServerUntrustedError(self._access.shown, f"TLS failed: {why.reason or why}") from why
        except (OSError, ValueError) as why:
            raise self.lost(f"TLS did not begin: {_said(why)}") from why
        self._socket = secured
        if pinned:
            shown = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
            if not hmac.compare_digest(shown, pinned):
                raise MailServerUntrustedError(self._access.shown, f"its certificate is another one: SHA-256 {shown}")

    def start_deflate(self, rest: bytes) -> None:
        """Go on under DEFLATE (RFC 4978), in both directions; `rest` came already and was not read."""
        self._packed = rest
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflate = zlib.compressobj(DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def receive(self) -> bytes:
        """What came next, at least one byte. At most BLOCK_BYTES are unpacked at once, so no bomb goes off.

        Raises:
            MailServerLostError: nothing came in time, or the server hung up.
        """
        while True:
            packed = self._packed or self._receive_raw()
            if self._inflate is None:
                return packed
            try:
                block = self._inflate.decompress(packed, BLOCK_BYTES)
            except zlib.error as why:
                raise self.lost(f"what came is not DEFLATE: {why}") from why
            self._packed = self._inflate.unconsumed_tail
            if block:
                return block
            if self._inflate.eof:
                raise self.lost("the server ended DEFLATE")

    def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it.

        Raises:
            MailServerLostError: the server did not take it in time, or hung up.
        """
        if self._deflate is not None:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sent_bytes += len(data)
        rest = memoryview(data)
        try:
            while rest:
                self._socket.sendall(rest[:BLOCK_BYTES])
                rest = rest[BLOCK_BYTES:]
        except OSError as why:
            raise self.lost(f"the line broke while sending: {_said(why)}") from why

    def close(self) -> None:
        """Hang up. May be called twice, and from another thread to end a wait."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _receive_raw(self) -> bytes:
        try:
            block = self._socket.recv(BLOCK_BYTES)
        except TimeoutError as why:
            raise self.lost(f"nothing came for {self._timeout_s:g} s") from why
        except OSError as why:
            raise self.lost(f"the line broke: {_said(why)}") from why
        if not block:
            raise self.lost("the server hung up")
        self.received_bytes += len(block)
        return block


def _said(why: Exception) -> str:
    return str(getattr(why, "strerror", None) or why)
