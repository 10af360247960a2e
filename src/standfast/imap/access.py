"""Where a mailbox is, how the line to it is secured, and who is asked for the secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from standfast.errors.mail import MailServerUntrustedError

Security = Literal["tls", "starttls", "plain"]
TLS_PORT, PLAIN_PORT = 993, 143
_HOST = re.compile(r"[0-9A-Za-z._:%-]{1,255}")
_USER_LIMIT = 320


@dataclass(frozen=True, slots=True)
class Secret:
    """What shows that one is who one says. Never printed, never in an error."""

    kind: Literal["password", "token"]
    """A token is an OAuth 2 access token."""
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAddress:
    """What `imaps://user@host:port` says."""

    host: str
    port: int
    user: str
    security: Security

    @property
    def shown(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapAccess:
    """All that it takes to log in."""

    host: str
    port: int
    user: str
    security: Security
    secret: Callable[[], Secret]
    """Asked at each log-in, so that a token can be fresh."""
    renewed: Callable[[], Secret] | None = None
    """Asked once when the server refuses a token, which may have been withdrawn before its time."""
    ca: Path | None = None
    """Trust the authorities in this PEM file and no other."""
    pinned_sha256: str = ""
    """Trust just the certificate with this digest (hex, of its DER form), whoever signed it and for whatever name."""

    @property
    def shown(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_imap_url(url: str, *, certificate_expected: bool = False) -> ImapAddress:
    """Read `imaps://user@host[:port]` or `imap://user@host[:port]`.

    `imaps` is TLS from the first byte. `imap` is STARTTLS, without which nothing is sent; on this machine itself it is
    plain, unless a certificate is expected there too. The user's name may hold `@`; other than that, what is special
    in addresses is written as `%XX`.

    Args:
        url: the address.
        certificate_expected: a certificate was pinned, or an authority named.

    Raises:
        ValueError: it is no such address, or holds a password, which must not stand there.

    >>> parse_imap_url("imaps://ruth@example.org@mail.example.org")
    ImapAddress(host='mail.example.org', port=993, user='ruth@example.org', security='tls')
    >>> parse_imap_url("imap://ruth@127.0.0.1:1143").security
    'plain'
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as why:
        raise ValueError(f"no address of a mailbox: {why}") from why
    user, at, _ = parts.netloc.rpartition("@")
    if parts.scheme not in ("imap", "imaps") or not at or not user or not parts.hostname:
        raise ValueError("an address of a mailbox is written imaps://user@host or imap://user@host")
    if ":" in user:
        raise ValueError("a password must not stand in an address: others on the machine can see it there")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("nothing may follow the host and the port")
    name = unquote(user, errors="strict")
    if len(name) > _USER_LIMIT or not name.isprintable():
        raise ValueError("no user can have that name")
    if not _HOST.fullmatch(parts.hostname):
        raise ValueError("no host can have that name; one in another script is written in its xn-- form")
    secure = parts.scheme == "imaps"
    here = is_this_machine(parts.hostname)
    return ImapAddress(
        host=parts.hostname,
        port=port or (TLS_PORT if secure else PLAIN_PORT),
        user=name,
        security="tls" if secure else "plain" if here and not certificate_expected else "starttls",
    )


def is_this_machine(host: str) -> bool:
    """Whether a line to that host leaves this machine. By the name alone: nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_safe(access: ImapAccess) -> None:
    """Require that no secret would be sent over a line that others can read.

    Raises:
        MailServerUntrustedError: without TLS, and elsewhere than on this machine.
    """
    if access.security == "plain" and not is_this_machine(access.host):
        raise MailServerUntrustedError(access.shown, "without TLS, anyone on the way reads the password")
