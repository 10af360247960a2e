"""A Thunderbird profile, or its `Mail` folder: mbox files beside their `.msf` indexes, folders in folders in `.sbd`.

Maildir accounts are read as maildirs. The index files hold nothing that the messages don't; address books and calendars
in Thunderbird's own databases are passed over and named, for they can be exported as vCard and iCalendar.
"""

from __future__ import annotations

from collections.abc import Iterator

from standfast.capture.exports.found import Folder, Found, Passed, Trouble
from standfast.capture.exports.maildir import DELIVERED
from standfast.capture.exports.mbox import is_mbox
from standfast.capture.exports.names import folder_text
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf
from standfast.capture.exports.tree import HEAD_BYTES, read_mbox_file

ROOMS = (b"Mail", b"ImapMail")
USES = {
    "Sent": "\\Sent",
    "Drafts": "\\Drafts",
    "Trash": "\\Trash",
    "Junk": "\\Junk",
    "Archives": "\\Archive",
}
_BOOKS = (b"abook", b"history.sqlite", b"history.mab", b"impab")
_CALENDARS = (b"local.sqlite", b"cache.sqlite", b"storage.sdb")


def is_thunderbird(paths: list[bytes]) -> bool:
    """Whether a tree is a profile or its mail: an index with its mbox beside it."""
    known = set(paths)
    return any(path.endswith(b".msf") and path[:-4] in known for path in paths)


def read_thunderbird(shelf: Shelf) -> Iterator[Found]:
    """Every folder of every account."""
    entries = shelf.entries()
    indexed = {entry.path[:-4] for entry in entries if entry.path.endswith(b".msf")}
    root = _root(entries)
    for entry in entries:
        below = entry.path[len(root) :].split(b"/")
        if entry.path in indexed or any(part.endswith(b".sbd") for part in below[:-1]):
            if not entry.path.endswith((b".msf", b".dat", b".html")):
                yield from _read(shelf, entry, below)
        elif entry.name.startswith(_BOOKS):
            yield Passed(what="address books of Thunderbird's own (export them there as vCard)")
        elif entry.name in _CALENDARS:
            yield Passed(what="calendars of Thunderbird's own (export them there as iCalendar)")
        elif len(below) > 1 and below[-2] in DELIVERED:
            yield Trouble(what=entry.path, why="it lies in a maildir; add that folder by itself with --kind maildir")
        elif not entry.path.endswith((b".msf", b".dat", b".json", b".js", b".html")):
            yield Passed(what="other files of the profile")


def _read(shelf: Shelf, entry: Entry, below: list[bytes]) -> Iterator[Found]:
    folder = _folder(below)
    try:
        with shelf.open(entry) as file:
            head = file.read(HEAD_BYTES)
    except READ_ERRORS as why:
        yield Trouble(what=entry.path, why=str(why))
        return
    if is_mbox(head):
        yield from read_mbox_file(shelf, entry, folder)
    elif head:
        yield Trouble(what=entry.path, why="it is no mbox, though it has an index")
    else:
        yield folder


def _root(entries: list[Entry]) -> bytes:
    """What stands above the accounts: the profile and `Mail`, where the tree has them."""
    for entry in entries:
        parts = entry.path.split(b"/")
        for n, part in enumerate(parts[:-1]):
            if part in ROOMS:
                return b"".join(each + b"/" for each in parts[:n])
    return b""


def _folder(below: list[bytes]) -> Folder:
    parts = below[1:] if below[0] in ROOMS and len(below) > 1 else below
    names = [folder_text(part[:-4] if part.endswith(b".sbd") else part) for part in parts]
    return Folder(name="/".join(names), use=USES.get(names[-1], "") if len(names) <= 2 else "")
