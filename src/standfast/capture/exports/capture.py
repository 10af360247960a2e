"""Captures an export: each message, contact and appointment an item, each folder of mail a list of its messages.

The same items and identifiers as from a server, for the same bytes. An export that did not change since it was taken in
whole is not read again; of one that did, what is known already is only digested.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from standfast.capture.exports.archives import open_shelf
from standfast.capture.exports.detect import READERS, detect, read_export
from standfast.capture.exports.found import Card, Folder, Found, Message, Passed, Trouble
from standfast.capture.exports.shelf import Shelf, ShelfError
from standfast.capture.landing import Failure, Finished, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.mail.message import SignatureCheck, land_message
from standfast.capture.origin import ExportOrigin
from standfast.errors.exports import UnknownExportError, UnreadableExportError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import CardFacts, MailboxFacts
from standfast.holdings.mailbox import MEDIA_TYPE, MailboxHead, MessageLine, write_mailbox

PROGRESS_EVERY = 200


@dataclass(slots=True)
class _List:
    """A folder's list as it grows."""

    folder: Folder
    lines: list[MessageLine] = field(default_factory=list)
    next_uid: int = 1
    ascending: bool = True


class ExportCapture:
    """One export, to be brought in."""

    def __init__(
        self,
        origin: ExportOrigin,
        *,
        tool: str,
        clock: Callable[[], datetime],
        check: SignatureCheck | None = None,
        reread: bool = False,
    ) -> None:
        """Nothing is read yet.

        `check`: verifies DKIM and ARC. `reread`: read even what has not changed.
        """
        self.tool = tool
        self._origin, self._clock, self._check, self._reread = origin, clock, check, reread

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """Yield what the export holds.

        Raises:
            UnreadableExportError: it can't be opened.
            UnknownExportError: nothing in it is known.
        """
        with _opened(self._origin) as (shelf, kind):
            yield from self._read(seen, shelf, kind)

    def _read(self, seen: Seen, shelf: Shelf, kind: str) -> Iterator[LandingEvent]:
        stamp = hashlib.sha256(kind.encode() + shelf.stamp()).digest()
        remembered = seen.recall(b"")
        if remembered and remembered[:32] == stamp and not self._reread:
            count, size = (int.from_bytes(remembered[at : at + 8], "big") for at in (32, 40))
            yield Unchanged(keys=(), size_bytes=size, count=count)
            yield Finished(complete=True, all_still_there=True, memo=remembered)
            return
        yield from _Run(self, seen, shelf, kind, stamp).go()

    def land(self, message: Message) -> Landed:
        """A message that is not held yet."""
        return land_message(
            message.raw,
            captured_at=self._clock(),
            received=message.received,
            folders=[_shown(folder.name) for folder in message.folders],
            check=self._check,
            quality=message.quality,
        )

    def now(self) -> datetime:
        """The moment of a landing."""
        return self._clock()

    @property
    def path(self) -> str:
        """Where the export lies."""
        return self._origin.path


def recognised(origin: ExportOrigin) -> str:
    """The kind of an export: as its settings say, or as it shows.

    Raises:
        UnreadableExportError: it can't be opened.
        UnknownExportError: nothing in it is known.
    """
    with _opened(origin) as (_, kind):
        return kind


@contextlib.contextmanager
def _opened(origin: ExportOrigin) -> Iterator[tuple[Shelf, str]]:
    try:
        shelf = open_shelf(origin.path)
    except ShelfError as why:
        raise UnreadableExportError(origin.path, str(why)) from why
    with contextlib.closing(shelf):
        try:
            kind = origin.form or detect(shelf)
        except (ShelfError, OSError) as why:
            raise UnreadableExportError(origin.path, str(why)) from why
        if kind not in READERS:
            raise UnknownExportError(origin.path, f"{len(shelf.entries()):,} files were looked at")
        yield shelf, kind


class _Run:
    """One run: what was met, and the folders' lists."""

    def __init__(self, capture: ExportCapture, seen: Seen, shelf: Shelf, kind: str, stamp: bytes) -> None:
        self._capture, self._seen, self._shelf, self._kind, self._stamp = capture, seen, shelf, kind, stamp
        self._lists: dict[str, _List] = {}
        self._landed: set[bytes] = set()
        self._cards: dict[bytes, int] = {}
        self._passed: dict[str, int] = {}
        self._failed = False
        self._count = self._bytes = 0

    def go(self) -> Iterator[LandingEvent]:
        try:
            for found in read_export(self._shelf, self._kind):
                yield from self._take(found)
        except ShelfError as why:
            raise UnreadableExportError(self._capture.path, str(why)) from why
        if not self._count and not self._failed:
            raise UnknownExportError(self._capture.path, f"nothing of the kind {self._kind} is there")
        for each in self._lists.values():
            yield from self._list(each)
        for what, count in self._shelf.left_out.items():
            self._passed[what] = self._passed.get(what, 0) + count
        totals = (self._count + len(self._lists)).to_bytes(8, "big") + self._bytes.to_bytes(8, "big")
        yield Finished(
            complete=not self._failed,
            passed_over=tuple(sorted(self._passed.items())),
            memo=b"" if self._failed else self._stamp + totals,
        )

    def _take(self, found: Found) -> Iterator[LandingEvent]:
        if isinstance(found, Message):
            yield from self._message(found)
        elif isinstance(found, Folder):
            self._lists.setdefault(found.name, _List(found))
        elif isinstance(found, Card):
            yield from self._card(found)
        elif isinstance(found, Trouble):
            self._failed = True
            yield Failure(key=b"", what=escape_name(found.what), why=found.why)
        elif isinstance(found, Passed):
            self._passed[found.what] = self._passed.get(found.what, 0) + 1

    def _message(self, message: Message) -> Iterator[LandingEvent]:
        digest = hashlib.sha256(message.raw).digest()
        self._note(message, digest)
        self._counted(len(message.raw))
        if digest in self._landed:
            return
        self._landed.add(digest)
        key = b"message " + digest
        if self._seen.unchanged([(key, digest)])[0]:
            yield Unchanged(keys=(key,), size_bytes=len(message.raw))
        else:
            yield self._capture.land(message)
        if self._count % PROGRESS_EVERY == 0:
            yield Progress(done_count=self._count, total_count=None, bytes_seen=self._bytes)

    def _note(self, message: Message, digest: bytes) -> None:
        for folder in message.folders:
            each = self._lists.setdefault(folder.name, _List(folder))
            uid = message.uid or each.next_uid
            each.ascending = each.ascending and uid >= each.next_uid
            each.next_uid = max(each.next_uid, uid + 1)
            shown = tuple(sorted({_shown(label) for label in message.labels}))
            each.lines.append(
                MessageLine(
                    flags=message.flags,
                    labels=shown or msgspec.UNSET,
                    received=message.received,
                    sha256=digest.hex(),
                    size_bytes=len(message.raw),
                    uid=uid,
                )
            )

    def _card(self, card: Card) -> Iterator[LandingEvent]:
        digest = hashlib.sha256(card.raw).digest()
        ending = ".vcf" if card.media_type == "text/vcard" else ".ics"
        name = f"{card.collection}/{card.uid}".encode("utf-8", "surrogateescape")
        again = self._cards.get(name, 0)
        self._cards[name] = again + 1
        name += (f" {again + 1}" if again else "").encode() + ending.encode()
        self._counted(len(card.raw))
        key = b"card " + name
        if self._seen.unchanged([(key, digest)])[0]:
            yield Unchanged(keys=(key,), size_bytes=len(card.raw))
            return
        yield Landed(
            key=key,
            mark=digest,
            untrusted_name=name,
            media_type=card.media_type,
            captured_at=self._capture.now(),
            facts=CardFacts(collection=_shown(card.collection), uid=card.uid),
            content=card.raw,
        )

    def _list(self, each: _List) -> Iterator[LandingEvent]:
        folder, lines = each.folder, each.lines
        if not each.ascending:
            lines = [msgspec.structs.replace(line, uid=n) for n, line in enumerate(lines, 1)]
        head = MailboxHead(
            attributes=tuple(sorted(set(folder.attributes))),
            delimiter=folder.delimiter,
            folder=_shown(folder.name),
            uid_validity=folder.uid_validity if each.ascending else 0,
            use=folder.use,
        )
        content = write_mailbox(head, lines)
        key = b"folder " + folder.name.encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(content).digest()
        if self._seen.unchanged([(key, digest)])[0]:
            yield Unchanged(keys=(key,), size_bytes=len(content))
            return
        yield Landed(
            key=key,
            mark=digest,
            untrusted_name=folder.name.encode("utf-8", "surrogateescape"),
            media_type=MEDIA_TYPE,
            captured_at=self._capture.now(),
            facts=MailboxFacts(folder=_shown(folder.name), messages=len(lines), use=folder.use),
            content=content,
        )

    def _counted(self, size: int) -> None:
        self._count += 1
        self._bytes += size


def _shown(name: str) -> str:
    return escape_name(name.encode("utf-8", "surrogateescape"))
