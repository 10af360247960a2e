"""Brings the index up to what is held: the manifests since it was last asked, accession by accession."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Protocol

from standfast import clock
from standfast.errors.base import StandfastError
from standfast.holdings.identifiers import unescape_name
from standfast.holdings.item import CardFacts, FileFacts, MailboxFacts, MailFacts, Record, WebFacts
from standfast.holdings.mail_dates import header_moment
from standfast.holdings.mailbox import read_mailbox, received_moment
from standfast.search.child import SENT_LIMIT_BYTES, ReadText, TextReader
from standfast.search.index import Document, SearchIndex
from standfast.vault.manifests import EndLine, GoneLine, HeldItem, ItemLine, Line, OriginLine, held_item

LIST_LIMIT_BYTES = 1 << 30
READ_PAGES = frozenset(("text/html", "application/xhtml+xml", "text/plain"))
_TITLE = re.compile(r"^(?:FN|SUMMARY)(?:;[^:\r\n]*)?:([^\r\n]{0,500})", re.MULTILINE)
_NOTHING = ReadText("", "", "")
Tell = Callable[[int, int], None]


class ManifestReader(Protocol):
    """What the index is made from: `vault.reader.VaultReader`."""

    def lines(self, after: int = 0) -> Iterator[tuple[int, Line]]:
        """Lines of the manifests after an accession."""
        ...

    def pieces(self, held: HeldItem) -> Iterator[bytes | memoryview]:
        """An item's bytes."""
        ...

    def read(self, held: HeldItem, limit_bytes: int = 1 << 30) -> bytes:
        """The whole item in memory."""
        ...


def update_index(
    index: SearchIndex,
    reader: ManifestReader,
    texts: TextReader,
    inventory_digest: Callable[[int], str | None],
    *,
    newest: int,
    tell: Tell | None = None,
) -> None:
    """Read what came since. Cut off, it goes on after the last accession that was done.

    Args:
        index: to bring up to date.
        reader: over the vault.
        texts: reads what is hostile.
        inventory_digest: of an acknowledged inventory.
        newest: the last acknowledged accession, for progress.
        tell: accessions done, in all.

    Raises:
        IndexUnusableError, TextReaderError: it could not be brought up to date.
    """
    first = index.accession
    for number, lines in groupby(reader.lines(first), key=lambda pair: pair[0]):
        with index.accession_done(number, inventory_digest(number) or ""):
            for _, line in lines:
                _take(index, reader, texts, line, number)
        if tell:
            tell(number - first, newest - first)


def _take(index: SearchIndex, reader: ManifestReader, texts: TextReader, line: Line, number: int) -> None:
    if isinstance(line, OriginLine):
        index.begin_run(line.origin, line.run)
    elif isinstance(line, GoneLine):
        index.lose(line.origin, line.item)
    elif isinstance(line, EndLine):
        if line.complete and line.runs:
            index.lose_all_but(line.origin, line.runs)
    elif isinstance(line, ItemLine):
        held = held_item(line, number)
        for relation in held.record.relations:
            index.replace(held.record.origin, relation.item)
        if isinstance(held.record.facts, MailboxFacts):
            _take_folder(index, reader, held)
        elif not index.has(held.record.origin, held.record.id):
            document = _document(reader, texts, held)
            if document is not None:
                index.add(document)


def _take_folder(index: SearchIndex, reader: ManifestReader, held: HeldItem) -> None:
    try:
        head, messages = read_mailbox(reader.read(held, LIST_LIMIT_BYTES))
    except (StandfastError, ValueError):
        return  # what is wrong with it, `verify` says
    index.stand(held.record.origin, head.folder, [message.sha256 for message in messages])


def _document(reader: ManifestReader, texts: TextReader, held: HeldItem) -> Document | None:
    record, facts = held.record, held.record.facts
    if isinstance(facts, MailFacts):
        return _mail(record, facts, _read(reader, texts, held, "mail"))
    if isinstance(facts, WebFacts):
        if not facts.payload_type and facts.status >= 300:
            return None
        wanted = facts.payload_type in READ_PAGES
        return _page(record, facts, _read(reader, texts, held, "web") if wanted else _NOTHING)
    if isinstance(facts, CardFacts):
        return _card(record, facts, _read(reader, texts, held, "text"))
    if isinstance(facts, FileFacts):
        seconds = int(facts.mtime_ns) / 1e9 if facts.mtime_ns.lstrip("-").isdecimal() else None
        return _plain(record, "file", names=_readable(record.name), moment=seconds)
    return None


def _read(reader: ManifestReader, texts: TextReader, held: HeldItem, kind: str) -> ReadText:
    try:
        return texts.read(kind, _beginning(reader, held))
    except (ValueError, OSError) as why:
        return ReadText("", "", str(why))
    except StandfastError as why:
        if why.code.startswith("FND"):
            raise
        return ReadText("", "", f"its bytes can't be had: {why}")


def _beginning(reader: ManifestReader, held: HeldItem) -> bytes:
    """All of an item, or of a large one a little more than is read of it."""
    if held.record.size_bytes <= SENT_LIMIT_BYTES:
        return reader.read(held, SENT_LIMIT_BYTES)
    out = bytearray()
    for piece in reader.pieces(held):
        out += piece
        if len(out) > SENT_LIMIT_BYTES:
            break
    return bytes(out)


def _mail(record: Record, facts: MailFacts, text: ReadText) -> Document:
    moment = received_moment(facts.received) or header_moment(facts.date)
    return Document(
        item=record.id,
        origin=record.origin,
        kind="mail",
        name=record.name,
        sha256=record.sha256,
        moment=moment.timestamp() if moment else None,
        date=_day(moment),
        subject=facts.subject,
        sender=", ".join(facts.sender),
        recipients=", ".join((*facts.to, *facts.cc)),
        names=" ".join(each.name for each in facts.attachments),
        folders=facts.folders,
        attachments=len(facts.attachments),
        body=text.text,
        unread="; ".join(filter(None, (facts.unread, text.unread))),
    )


def _page(record: Record, facts: WebFacts, text: ReadText) -> Document:
    moment = clock.from_text(record.captured_at).timestamp()
    return _plain(record, "web", names=facts.url, moment=moment, subject=text.title, text=text)


def _card(record: Record, facts: CardFacts, text: ReadText) -> Document:
    found = _TITLE.search(text.text)
    kind = "calendar" if record.media_type == "text/calendar" else "contact"
    moment = clock.from_text(record.captured_at).timestamp()
    return _plain(record, kind, names=facts.collection, moment=moment, subject=found[1] if found else "", text=text)


def _plain(
    record: Record, kind: str, *, names: str, moment: float | None, subject: str = "", text: ReadText = _NOTHING
) -> Document:
    return Document(
        item=record.id,
        origin=record.origin,
        kind=kind,
        name=record.name,
        sha256=record.sha256,
        moment=moment,
        date=record.captured_at[:10],
        subject=subject,
        names=names,
        body=text.text,
        unread=text.unread,
    )


def _readable(name: str) -> str:
    try:
        return unescape_name(name).decode("utf-8", "replace")
    except ValueError:
        return name


def _day(moment: datetime | None) -> str:
    return moment.isoformat(" ", "minutes") if moment else ""
