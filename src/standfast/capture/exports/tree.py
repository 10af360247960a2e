"""Files of mail, contacts and calendars, wherever they lie in a tree, told by what they hold.

A folder of mail is an mbox by its path, or the folder that EML files lie in. Messages with Gmail's labels stand in
folders of those names. Everything else is passed over, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.utils import parsedate_tz

from standfast.capture.exports.cards import card_type, read_cards
from standfast.capture.exports.found import MESSAGE_LIMIT, Folder, Found, Message, Passed, Trouble, received_of
from standfast.capture.exports.mbox import Way, is_mbox, read_mbox, separator_date, state_of
from standfast.capture.exports.names import path_text
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf, read_small
from standfast.capture.exports.takeout import flags_of, folders_of, read_labels
from standfast.capture.mail.fields import read_fields
from standfast.holdings.mailbox import MONTHS, flags_kept, received_text

HEAD_BYTES = 4_096
Form = str
"""`mbox`, `eml`, `vcf`, `ics`, or empty: nothing to keep."""
_FIELD = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
_MAIL_FIELD = re.compile(
    rb"(?im)^(from|to|date|subject|received|return-path|message-id|delivered-to|mime-version|x-mozilla-status)[ \t]*:"
)
_NO_NAMES = (b".msf", b".pst", b".dat", b".sqlite", b".json", b".html", b".pdf", b".csv")
_BLANK = b"\xef\xbb\xbf \t\r\n"


def form_of(name: bytes, head: bytes) -> Form:
    """What a file holds, by its beginning and, where that may be anything, by its name."""
    lower = name.lower()
    kind = card_type(name, head)
    if kind:
        return "vcf" if kind == "text/vcard" else "ics"
    if is_mbox(head):
        return "mbox"
    if lower.endswith((b".eml", b".rfc822")):
        return "eml"
    if lower.endswith(_NO_NAMES) or not _FIELD.match(head.lstrip(_BLANK)):
        return ""
    return "eml" if len(set(_MAIL_FIELD.findall(head.partition(b"\n\n")[0]))) >= 2 else ""


def read_tree(
    shelf: Shelf, form: Form = "", way: Way = "", name: Callable[[Entry], Folder] | None = None
) -> Iterator[Found]:
    """All of a tree. `form`: take every file for this. `name`: how folders are called by their mbox."""
    for entry in shelf.entries():
        try:
            with shelf.open(entry) as file:
                told = form or form_of(entry.name, file.read(HEAD_BYTES))
        except READ_ERRORS as why:
            yield Trouble(what=entry.path, why=str(why))
            continue
        if told == "mbox":
            yield from read_mbox_file(shelf, entry, (name or mbox_folder)(entry), way)
        elif told == "eml":
            yield from _read_eml(shelf, entry)
        elif told in ("vcf", "ics"):
            yield from read_cards(shelf, entry, "text/vcard" if told == "vcf" else "text/calendar")
        else:
            yield Passed(what="files of other kinds")


def mbox_folder(entry: Entry) -> Folder:
    """An mbox is called by its path, without what archives and programs put around it."""
    path = entry.path[:-5] if entry.path.lower().endswith(b".mbox") else entry.path
    parts = path.split(b"/")
    if parts[0] == b"Takeout":
        parts = parts[2:] or parts[1:]
    if parts[-1] == b"mbox" and len(parts) > 1:
        # Apple Mail: a folder `Name.mbox` that holds a file `mbox`.
        parts = [*parts[:-2], parts[-2][:-5] if parts[-2].lower().endswith(b".mbox") else parts[-2]]
    return Folder(name=path_text(parts) or "mbox")


def read_mbox_file(shelf: Shelf, entry: Entry, folder: Folder, way: Way = "") -> Iterator[Found]:
    """The messages of one mbox."""
    labelled = False
    begun = False
    try:
        with shelf.open(entry) as file:
            for found in read_mbox(file, way):
                if found.too_large:
                    why = f"the message at byte {found.offset:,} is larger than {MESSAGE_LIMIT:,} bytes"
                    yield Trouble(what=entry.path, why=why)
                    continue
                if found.raw.startswith(b"From: Mail System Internal Data") or _internal(found.raw):
                    continue
                flags, said = state_of(found.raw)
                labels = read_labels(said) if said else ()
                labelled = labelled or bool(labels)
                if labels:
                    flags = flags_kept((*flags, *flags_of(labels)))
                elif not begun and not labelled:
                    begun = True
                    yield folder
                yield Message(
                    raw=found.raw,
                    folders=folders_of(labels) if labels else (folder,),
                    flags=flags,
                    received=separator_date(found.separator),
                    labels=labels,
                )
    except READ_ERRORS as why:
        yield Trouble(what=entry.path, why=str(why))
    if not begun and not labelled:
        yield folder


def _internal(raw: bytes) -> bool:
    """The message that some servers put first into an mbox, to keep their own numbers in."""
    return b"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA" in raw[:2_000] and b"MAILER-DAEMON" in raw[:2_000]


def _read_eml(shelf: Shelf, entry: Entry) -> Iterator[Found]:
    try:
        raw = read_small(shelf, entry, MESSAGE_LIMIT)
    except READ_ERRORS as why:
        yield Trouble(what=entry.path, why=str(why))
        return
    parts = entry.path.split(b"/")[:-1]
    # The time of such a file is mostly when it was exported: a message's own word is better.
    received = claimed_moment(raw) or (received_of(entry.mtime_s) if entry.mtime_s is not None else "")
    yield Message(raw=raw, folders=(Folder(name=path_text(parts) or "EML"),), received=received)


def claimed_moment(raw: bytes) -> str:
    """When the last server says that it took the message, else when its writer says that it was sent."""
    head = raw[:HEAD_BYTES].partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    fields = read_fields(head, (b"received", b"date"))
    for said in (fields.get(b"received", b"").rpartition(b";")[2], fields.get(b"date", b"")):
        found = parsedate_tz(said.decode("ascii", "replace").strip()) if said else None
        if found is None:
            continue
        year, month, day, hour, minute, second = found[:6]
        offset = (found[9] or 0) // 60
        zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}{abs(offset) % 60:02d}"
        if 1 <= month <= 12:
            text = f"{day:02d}-{MONTHS[month - 1]}-{year:04d} {hour:02d}:{minute:02d}:{second:02d} {zone}"
            if received_text(text):
                return text
    return ""
