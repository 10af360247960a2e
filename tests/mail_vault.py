"""A mailbox that a vault holds, made without a server: the corpus of hostile mail, its folders, flags and dates."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standfast.capture.landing import Finished, Landed, LandingEvent, Seen, Unchanged
from standfast.capture.mail.message import read_message
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import CardFacts, MailboxFacts, MailFacts
from standfast.holdings.mailbox import (
    MEDIA_TYPE,
    MailboxHead,
    MessageLine,
    flags_kept,
    received_text,
    write_mailbox,
)
from standfast.intake.run import RunResult, bring_in
from vault_builder import SmallVault, TickingClock

MAKE_MAIL = Path(__file__).parent / "corpora" / "make_mail.py"
USES = {"Sent": "\\Sent"}


@dataclass
class Message:
    """One message in one folder."""

    raw: bytes
    flags: tuple[str, ...] = ()
    received: str = "17-Jul-1996 02:44:25 -0700"
    uid: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass
class Mailbox:
    """A capture over folders in memory."""

    folders: dict[str, list[Message]] = field(default_factory=dict)
    cards: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Collection, media type, content."""
    delimiter: str = "/"
    complete: bool = True
    lists: bool = True
    """Land the folders' lists too; without, as a run that was cut off."""
    clock: TickingClock = field(default_factory=TickingClock)
    tool: str = "standfast/test mail"

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        where: dict[str, list[str]] = {}
        for folder, messages in self.folders.items():
            for message in messages:
                where.setdefault(message.sha256, []).append(folder)
        done: set[str] = set()
        for messages in self.folders.values():
            for message in messages:
                if message.sha256 in done:
                    continue
                done.add(message.sha256)
                yield from self._message(seen, message, where[message.sha256])
        if self.lists:
            for n, (folder, messages) in enumerate(self.folders.items()):
                yield from self._list(seen, n, folder, messages)
        for collection, media_type, raw in self.cards:
            yield Landed(
                key=b"card " + hashlib.sha256(raw).digest(),
                mark=b"1",
                untrusted_name=f"card {collection} {hashlib.sha256(raw).hexdigest()}".encode(),
                media_type=media_type,
                captured_at=self.clock(),
                facts=CardFacts(collection=collection),
                content=raw,
            )
        yield Finished(complete=self.complete)

    def _message(self, seen: Seen, message: Message, folders: list[str]) -> Iterator[LandingEvent]:
        key = b"message " + hashlib.sha256(message.raw).digest()
        if seen.unchanged([(key, b"1")])[0]:
            yield Unchanged(keys=(key,), size_bytes=len(message.raw))
            return
        yield Landed(
            key=key,
            mark=b"1",
            untrusted_name=f"message {message.sha256}".encode(),
            media_type="message/rfc822",
            captured_at=self.clock(),
            facts=facts_of(message, folders),
            content=message.raw,
        )

    def _list(self, seen: Seen, n: int, folder: str, messages: list[Message]) -> Iterator[LandingEvent]:
        lines = [
            MessageLine(
                flags=message.flags,
                received=message.received,
                sha256=message.sha256,
                size_bytes=len(message.raw),
                uid=message.uid or number,
            )
            for number, message in enumerate(messages, 1)
        ]
        name = escape_name(folder.encode("utf-8", "surrogateescape"))
        head = MailboxHead(folder=name, delimiter=self.delimiter, uid_validity=1000 + n, use=USES.get(folder, ""))
        raw = write_mailbox(head, lines)
        key, mark = b"folder " + folder.encode("utf-8", "surrogateescape"), hashlib.sha256(raw).digest()
        if seen.unchanged([(key, mark)])[0]:
            yield Unchanged(keys=(key,), size_bytes=len(raw))
            return
        yield Landed(
            key=key,
            mark=mark,
            untrusted_name=key,
            media_type=MEDIA_TYPE,
            captured_at=self.clock(),
            facts=MailboxFacts(folder=name, messages=len(lines), use=head.use),
            content=raw,
        )


def facts_of(message: Message, folders: list[str]) -> MailFacts:
    """As a capture reads them."""
    names = [escape_name(folder.encode("utf-8", "surrogateescape")) for folder in folders]
    return read_message(message.raw, received=message.received, folders=names).facts


def hostile_mailbox(messages: int = 300, large: int = 1, seed: int = 1) -> Mailbox:
    """The whole corpus, every folder of it."""
    spec = importlib.util.spec_from_file_location("make_mail", MAKE_MAIL)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    options = argparse.Namespace(messages=messages, large=large, small=2000, malformed=0.3, spread=0.8, seed=seed)
    box = Mailbox(folders={name: [] for name in module.FOLDERS})
    for record, raw in module.messages(options):
        flags, received = flags_kept(record["flags"]), received_text(record["internaldate"])
        box.folders[record["folder"]].append(Message(raw=raw, flags=flags, received=received))
    return box


class MailVault(SmallVault):
    """A small vault that protects a mailbox."""

    def take(self, box: Mailbox, name: str = "mail") -> RunResult:
        """Bring the mailbox in, as it is now."""
        place = self.open_place()
        try:
            return bring_in(place, box, origin=name, kind="mail", location="imaps://example@mail.example")
        finally:
            place.close()


def made(root: Path, box: Mailbox, name: str = "mail") -> MailVault:
    """A new vault that holds a mailbox."""
    vault = MailVault(root)
    vault.make()
    vault.take(box, name)
    return vault
