"""Splits files of contacts (vCard) and calendars (iCalendar) into one item each. Lines stay as they were.

A vCard is the bytes from its BEGIN to its END. A calendar's entries with one UID, which belong together as a series and
its exceptions do, become one calendar object: the calendar's own lines and time zones, and theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from standfast.capture.exports.found import CARDS_FILE_LIMIT, Card, Found, Trouble
from standfast.capture.exports.names import path_text
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf, read_small
from standfast.capture.mail.fields import decode_bytes, tidy

CARDS_LIMIT = 1_000_000
DEPTH_LIMIT = 20
ENDINGS = {b".vcf": "text/vcard", b".vcard": "text/vcard", b".ics": "text/calendar", b".ical": "text/calendar"}
_EDGE = re.compile(
    rb"^(?:\xef\xbb\xbf)?(BEGIN|END)[ \t]*:[ \t]*([A-Za-z0-9-]{1,40})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE
)
_UID = re.compile(rb"^UID(?:;[^:\r\n]{0,200})?:((?:[^\r\n]|\r?\n[ \t]){1,1000})", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]")


def card_type(name: bytes, head: bytes) -> str:
    """The media type of a file of contacts or calendars, by its beginning; empty where it is none."""
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:40].upper()
    if begin.startswith(b"BEGIN:VCARD"):
        return "text/vcard"
    return "text/calendar" if begin.startswith(b"BEGIN:VCALENDAR") else ""


def read_cards(
    shelf: Shelf,
    entry: Entry,
    media_type: str,
    prepare: Callable[[bytes], bytes] = bytes,
    collection: str = "",
) -> Iterator[Found]:
    """What a file of contacts or calendars holds. `prepare`: done to it first. `collection`: else by its path."""
    try:
        raw = prepare(read_small(shelf, entry, CARDS_FILE_LIMIT))
    except READ_ERRORS as why:
        yield Trouble(what=entry.path, why=str(why))
        return
    name, dot, _ = entry.path.rpartition(b".")
    collection = collection or path_text((name if dot else entry.path).split(b"/"))
    count = 0
    for piece in vcards(raw) if media_type == "text/vcard" else calendar_objects(raw):
        count += 1
        if count > CARDS_LIMIT:
            yield Trouble(what=entry.path, why=f"it has more than {CARDS_LIMIT:,} entries")
            return
        yield Card(raw=piece, media_type=media_type, collection=collection, uid=uid_of(piece))
    if not count:
        yield Trouble(what=entry.path, why="it holds no contact and no calendar entry that ends")


def uid_of(raw: bytes) -> str:
    """A card's UID; where it has none, one made from its bytes."""
    found = _UID.search(raw)
    said = tidy(decode_bytes(_FOLD.sub(b"", found[1])), 500) if found else ""
    return said or hashlib.sha256(raw).hexdigest()[:32]


def vcards(raw: bytes) -> Iterator[bytes]:
    """Each vCard's bytes, with the end of its last line."""
    depth = start = 0
    for edge in _EDGE.finditer(raw):
        if edge[2].upper() != b"VCARD":
            continue
        if edge[1].upper() == b"BEGIN":
            start = start if depth else edge.start(1)
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield raw[start : _line_end(raw, edge.end())]


def calendar_objects(raw: bytes) -> Iterator[bytes]:
    """Each calendar object: all that has one UID, within its calendar's own lines and time zones."""
    start, depth, at = 0, 0, 0
    frame: list[bytes] = []
    groups: dict[bytes, list[bytes]] = {}
    for edge in _EDGE.finditer(raw):
        kind, begins = edge[2].upper(), edge[1].upper() == b"BEGIN"
        if kind == b"VCALENDAR" and begins and depth == 0:
            at = _line_end(raw, edge.end())
            depth, frame, groups = 1, [raw[edge.start(1) : at]], {}
        elif begins and depth:
            if depth == 1:
                frame.append(raw[at : edge.start(1)])
                start = edge.start(1)
            depth += 1
            if depth > DEPTH_LIMIT:
                return
        elif depth == 1 and kind == b"VCALENDAR":
            frame.append(raw[at : edge.start(1)])
            end = raw[edge.start(1) : _line_end(raw, edge.end())]
            yield from (b"".join((*frame, *pieces, end)) for pieces in groups.values())
            depth = 0
        elif depth > 1:
            depth -= 1
            if depth == 1:
                at = _line_end(raw, edge.end())
                piece = raw[start:at]
                if kind == b"VTIMEZONE":
                    frame.append(piece)
                else:
                    found = _UID.search(piece)
                    groups.setdefault(found[1] if found else piece, []).append(piece)


def _line_end(raw: bytes, at: int) -> int:
    return raw.find(b"\n", at) + 1 or len(raw)
