"""Captures an account's contacts and calendars beside its mail: each card an item, only what changed fetched again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Generator, Iterator, Sequence
from urllib.parse import unquote, urlsplit

from standfast.capture.landing import Capture, Failure, Finished, Landed, LandingEvent, Seen, Unchanged
from standfast.capture.mail.fields import decode_bytes, tidy
from standfast.clock import Clock
from standfast.dav.client import MEDIA_TYPES, Collection, DavAccess, DavAccount, Listed
from standfast.dav.multistatus import Kind
from standfast.errors.base import StandfastError
from standfast.holdings.item import CardFacts

ASKED_AT_ONCE = 1_000
_UID = re.compile(rb"^UID(?:;[^:\r\n]{0,200})?:((?:[^\r\n]|\r?\n[ \t]){1,1000})", re.MULTILINE | re.IGNORECASE)


class AccountCapture:
    """A mailbox with what belongs to it. One origin: what is gone of either part is noted after a complete run of both.

    Where the mailbox knows that nothing of it is gone without naming each message, a card that is gone is noted with
    the next run that names them.
    """

    def __init__(self, mail: Capture, books: Sequence[tuple[Kind, DavAccess]], *, clock: Clock) -> None:
        """`books`: where the contacts and the calendars are."""
        self.tool = mail.tool
        self._mail, self._books, self._clock = mail, books, clock

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """See the port `Capture`."""
        last = Finished(complete=False)
        for event in self._mail.run(seen):
            if isinstance(event, Finished):
                last = event
            else:
                yield event
        complete = last.complete
        for kind, access in self._books:
            complete = (yield from self._book(seen, kind, access)) and complete
        yield dataclasses.replace(last, complete=complete)

    def _book(self, seen: Seen, kind: Kind, access: DavAccess) -> Generator[LandingEvent, None, bool]:
        """All collections of one kind; whether all of them were read to their end."""
        account = DavAccount(access, kind)
        try:
            collections = account.collections()
        except StandfastError as why:
            yield Failure(key=b"", what=access.url, why=f"{why}; {why.step()}")
            return False
        complete = True
        for collection in collections:
            try:
                complete = (yield from self._collection(seen, kind, account, collection)) and complete
            except StandfastError as why:
                yield Failure(key=b"", what=collection.name, why=f"{why}; {why.step()}")
                complete = False
        return complete

    def _collection(
        self, seen: Seen, kind: Kind, account: DavAccount, collection: Collection
    ) -> Generator[LandingEvent, None, bool]:
        listed = account.listed(collection)
        changed: list[Listed] = []
        for at in range(0, len(listed), ASKED_AT_ONCE):
            part = listed[at : at + ASKED_AT_ONCE]
            known = seen.unchanged([(_key(each), each.etag.encode()) for each in part])
            there = [_key(each) for each, same in zip(part, known, strict=True) if same]
            changed += [each for each, same in zip(part, known, strict=True) if not same]
            if there:
                yield Unchanged(keys=there, size_bytes=0)
        complete = True
        for each, raw in account.cards(collection, changed):
            if raw is None:
                yield Failure(
                    key=_key(each), what=_name(each, collection), why="the server lists it, and does not give it"
                )
                complete = False
                continue
            yield Landed(
                key=_key(each),
                mark=each.etag.encode(),
                untrusted_name=_name(each, collection).encode("utf-8", "surrogateescape"),
                media_type=MEDIA_TYPES[kind],
                captured_at=self._clock(),
                facts=CardFacts(collection=tidy(collection.name, 300), uid=card_uid(raw)),
                content=raw,
            )
        return complete


def card_uid(raw: bytes) -> str:
    """The UID that a card gives itself; empty where it gives none."""
    found = _UID.search(raw)
    return tidy(re.sub(r"\r?\n[ \t]", "", decode_bytes(found[1])), 500) if found else ""


def _key(each: Listed) -> bytes:
    return b"card " + urlsplit(each.url).path.encode("utf-8", "surrogateescape")


def _name(each: Listed, collection: Collection) -> str:
    return f"{collection.name}/{unquote(urlsplit(each.url).path.rpartition('/')[2])}"
