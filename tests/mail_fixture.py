"""A mailbox captured into a small vault: what the server has, what is held, and whether they are the same."""

from __future__ import annotations

import hashlib
import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dovecot_fixture import PASSWORD, Dovecot
from standfast.capture.mail.capture import MailCapture
from standfast.capture.origin import MailOrigin
from standfast.clock import machine_clock
from standfast.holdings.identifiers import escape_name
from standfast.holdings.mailbox import MessageLine, flags_kept, read_mailbox, received_text
from standfast.imap.access import ImapAccess, Secret, parse_imap_url
from standfast.imap.commands import Part, astring
from standfast.imap.connection import Connection
from standfast.imap.responses import Data
from standfast.intake.run import RunResult, bring_in
from vault_builder import SmallVault

Folder = dict[int, tuple[str, tuple[str, ...], str]]
"""By UID: digest, flags, INTERNALDATE."""


def access_to(port: int, user: str = "ruth") -> ImapAccess:
    """How to log in to the test server, or to a relay before it."""
    address = parse_imap_url(f"imap://{user}@127.0.0.1:{port}")
    return ImapAccess(
        host=address.host,
        port=address.port,
        user=address.user,
        security=address.security,
        secret=lambda: Secret("password", PASSWORD),
    )


@dataclass
class MailVault:
    """A vault with one origin of mail."""

    room: Path
    fresh: bool = True
    """Make it; else it is there."""
    vault: SmallVault = field(init=False)

    def __post_init__(self) -> None:
        self.vault = SmallVault(self.room / "vault")
        if self.fresh:
            self.vault.make()

    def protect(self, port: int, user: str = "ruth", *, reread: bool = False, **options: Any) -> RunResult:
        """One run; pauses are short."""
        origin = MailOrigin(name="mail", url=f"imap://{user}@127.0.0.1:{port}", **options)
        capture = MailCapture(
            origin,
            access_to(port, user),
            tool="standfast/test mail",
            clock=machine_clock,
            first_pause_s=0.02,
            reread=reread,
        )
        place = self.vault.open_place()
        try:
            return bring_in(place, capture, origin="mail", kind="mail", location=origin.url)
        finally:
            place.close()

    def held(self) -> dict[str, bytes]:
        """What stands in the mailbox by the newest state: messages by name, lists by folder."""
        return self.vault.held("mail")

    def messages(self) -> set[str]:
        """Digests of the messages held now; each is compared with the bytes that stand under it."""
        found = set()
        for name, content in self.held().items():
            if name.endswith(".eml"):
                assert hashlib.sha256(content).hexdigest() == name.removesuffix(".eml")
                found.add(name.removesuffix(".eml"))
        return found

    def lists(self) -> dict[str, list[MessageLine]]:
        """Each folder's newest list."""
        return {name: read_mailbox(raw)[1] for name, raw in self.held().items() if not name.endswith(".eml")}

    def all_items(self) -> list[str]:
        """Names of all items that were ever brought in, versions too."""
        return [held.record.name for held in self.vault.reader().every_item()]


def served(port: int, user: str = "ruth") -> dict[str, Folder]:
    """The truth: every folder as the server shows it to a client that reads all of it; names as records write them."""
    with Connection.open(access_to(port, user)) as server:
        names = [
            (as_raw(data.values[2]))
            for data in server.wait(server.send(b'LIST "" "*"')).data("LIST")
            if "\\noselect" not in {str(each).lower() for each in data.values[0] or ()}  # type: ignore[union-attr]
        ]
        shown = {name: escape_name(server.shown_name(name).encode()) for name in names}
        return {shown[name]: read_folder(server, name) for name in names}


def as_raw(value: object) -> bytes:
    """A name's bytes, whether it came as an atom or as a string."""
    return value if isinstance(value, bytes) else str(value).encode()


def read_folder(server: Connection, name: bytes) -> Folder:
    """One folder, read-only."""
    server.wait(server.send(b"EXAMINE ", astring(name)))
    out: Folder = {}
    for data in server.wait(server.send(b"UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])")).data("FETCH"):
        pairs = fields_of(data)
        if "BODY[]" in pairs:
            raw = pairs["BODY[]"]
            date = received_text(pairs["INTERNALDATE"].decode())
            out[int(pairs["UID"])] = (hashlib.sha256(raw).hexdigest(), flags_kept(pairs["FLAGS"]), date)
    return out


def fields_of(data: Data) -> dict[str, Any]:
    """What a FETCH answer names."""
    flat: list[Any] = data.values[0]  # type: ignore[assignment]
    return dict(zip(map(str.upper, flat[::2]), flat[1::2], strict=True))


def same_as_served(box: MailVault, port: int, user: str = "ruth") -> None:
    """Require that lists and messages are just what the server shows."""
    truth = served(port, user)
    lists = box.lists()
    assert sorted(lists) == sorted(truth)
    for name, folder in truth.items():
        assert {line.uid: (line.sha256, line.flags, line.received) for line in lists[name]} == folder, name
    assert box.messages() == {digest for folder in truth.values() for digest, _, _ in folder.values()}


@contextmanager
def imap(server: Dovecot, user: str = "ruth") -> Iterator[imaplib.IMAP4]:
    """Another client, as a person has one, that changes things."""
    client = imaplib.IMAP4("127.0.0.1", server.port, timeout=30)
    try:
        client.login(user, server.password)
        yield client
    finally:
        client.logout()


def command(port: int, *parts: Part, user: str = "ruth") -> None:
    """One command by another client."""
    with Connection.open(access_to(port, user)) as server:
        server.wait(server.send(*parts))
