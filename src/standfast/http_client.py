"""One question over HTTP, bounded in bytes and time: for cosigners, time-stamping authorities, CardDAV, OAuth.

Nothing is followed, nothing is remembered, nothing of the environment (proxies, .netrc) is used. Capturing a web site
has its own client, which keeps what was on the wire.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from standfast import clock
from standfast.errors.network import AnswerTooLargeError, PlainHttpError, UnreachableError, UntrustedPeerError

if TYPE_CHECKING:
    import urllib3

PIECE_BYTES = 64 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated one, its values joined by `, `."""
    body: bytes


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    limit_bytes: int,
    timeout_s: float,
    ca: Path | None = None,
    pinned_sha256: str = "",
    allow_plain: bool = False,
) -> Answer:
    """Ask once, and read the whole answer.

    Args:
        method: of HTTP, also such as `PROPFIND`.
        url: `https://…`; `http://` on loopback, and elsewhere only with `allow_plain`.
        headers: sent as they are.
        body: sent as it is.
        limit_bytes: the most that the answer's body may have, as sent and as decoded.
        timeout_s: for all of it together.
        ca: trust the authorities in this PEM file and no other.
        pinned_sha256: trust just the certificate with this digest (hex, of its DER form), whoever signed it.
        allow_plain: what is asked and answered is signed in itself.

    Raises:
        UnreachableError: no whole answer in time.
        UntrustedPeerError: the certificate is not the expected one.
        AnswerTooLargeError: more than `limit_bytes`.
        PlainHttpError: `http://` elsewhere than on this machine.
    """
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.scheme != "https" and not (parts.scheme == "http" and (allow_plain or parts.hostname in LOOPBACK)):
        raise PlainHttpError(shown)
    # Not at the top: importing it binds a socket, to see whether there is IPv6.
    from urllib3.exceptions import HTTPError, SSLError

    try:
        with _pool(parts.scheme, ca, pinned_sha256) as pool:
            return _talk(pool, method, url, dict(headers or {}), body, shown, limit_bytes, timeout_s)
    except SSLError as why:
        raise UntrustedPeerError(shown, str(why)) from why
    except (HTTPError, OSError, ValueError) as why:
        raise UnreachableError(shown, str(why)) from why


def _talk(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    shown: str,
    limit_bytes: int,
    timeout_s: float,
) -> Answer:
    until = clock.monotonic_s() + timeout_s
    reply = pool.request(
        method,
        url,
        headers=headers,
        body=body or None,
        preload_content=False,
        decode_content=False,
        redirect=False,
        retries=False,
        timeout=timeout_s,
    )
    try:
        taken = _read(reply, shown, limit_bytes, until)
    finally:
        reply.close()
    told = {name.lower(): ", ".join(reply.headers.getlist(name)) for name in reply.headers}
    return Answer(status=reply.status, headers=told, body=taken)


def _pool(scheme: str, ca: Path | None, pinned_sha256: str) -> urllib3.PoolManager:
    import urllib3

    if scheme == "http":
        return urllib3.PoolManager(num_pools=1)
    trusted = ssl.create_default_context(cafile=str(ca) if ca else None)
    if not pinned_sha256:
        return urllib3.PoolManager(num_pools=1, ssl_context=trusted)
    # urllib3 compares the digest right after the handshake, before anything is sent.
    trusted.check_hostname = False
    trusted.verify_mode = ssl.CERT_NONE
    return urllib3.PoolManager(
        num_pools=1, ssl_context=trusted, assert_fingerprint=pinned_sha256, assert_hostname=False, cert_reqs="CERT_NONE"
    )


def _read(reply: urllib3.BaseHTTPResponse, shown: str, limit_bytes: int, until: float) -> bytes:
    """The body. Each read waits no longer than is left, so that drops now and then don't keep us for ever."""
    taken = bytearray()
    while True:
        left_s = until - clock.monotonic_s()
        if left_s <= 0:
            raise UnreachableError(shown, "it did not end in time")
        connection = getattr(reply, "_connection", None)
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(left_s)
        piece = reply.read1(PIECE_BYTES)
        if not piece:
            return bytes(taken)
        taken += piece
        if len(taken) > limit_bytes:
            raise AnswerTooLargeError(shown, limit_bytes)
