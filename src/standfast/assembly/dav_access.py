"""How to be let in to the contacts and calendars of an account: by the secret of its mailbox, or one given beside."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from standfast.assembly.mail_access import SecretSource, access_of, find_password
from standfast.assembly.office import Office
from standfast.capture.origin import MailOrigin
from standfast.dav.client import DavAccess
from standfast.dav.multistatus import Kind
from standfast.errors.dav import NotDavError
from standfast.imap.access import ImapAddress, Secret


def books_of(office: Office, origin: MailOrigin) -> list[tuple[Kind, DavAccess]]:
    """Where the contacts and calendars of a mailbox are, as its settings say."""
    mail = access_of(office, origin)
    said: tuple[tuple[Kind, str], ...] = (("contacts", origin.also_contacts), ("calendar", origin.also_calendar))
    return [
        (kind, _access(url, mail.user, mail.secret, mail.pinned_sha256 if _host(url) == mail.host else ""))
        for kind, url in said
        if url
    ]


def book_at(url: str, source: SecretSource) -> DavAccess:
    """A place to restore to: `https://user@host/…`.

    Raises:
        NotDavError: it names no user.
    """
    parts = urlsplit(url)
    user = unquote(parts.username or "")
    if not user:
        raise NotDavError(url, "the address needs a user, as in https://ruth@dav.example.net/")
    address = ImapAddress(host=parts.hostname or "", port=parts.port or 443, user=user, security="tls")
    return _access(url, user, lambda: find_password(address, source), "")


def _access(url: str, user: str, secret: Callable[[], Secret], pinned_sha256: str) -> DavAccess:
    parts = urlsplit(url)
    own = unquote(parts.username or "") or user
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    kept: list[Secret] = []

    def authorization() -> str:
        # A password manager asks a person: once a run is enough. A token is renewed by whoever gives it.
        if not kept or kept[0].kind == "token":
            kept[:] = [secret()]
        if kept[0].kind == "token":
            return f"Bearer {kept[0].value}"
        return "Basic " + base64.b64encode(f"{own}:{kept[0].value}".encode()).decode("ascii")

    return DavAccess(
        url=quote(plain, safe=":/?#[]@!$&'()*+,;=%"), authorization=authorization, pinned_sha256=pinned_sha256
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
