"""Mail that Standfast itself restored to a folder: by its listing, which says what the files can't.

What the listing names is taken with its flags, dates, labels and UIDs, when the bytes are those that it says. A message
that is another one now is taken as it is, without what was said of the old one; what the listing does not name is
passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from standfast.capture.exports.cards import ENDINGS, read_cards
from standfast.capture.exports.found import MESSAGE_LIMIT, Folder, Found, Message, Passed, Trouble
from standfast.capture.exports.maildir import stem_of
from standfast.capture.exports.mbox import QUOTED_RD
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf, ShelfError
from standfast.holdings.identifiers import unescape_name
from standfast.holdings.mail_listing import (
    LISTING_NAME,
    TABLE_NAME,
    ListedFolder,
    ListedMessage,
    ListingHead,
    read_listing,
)
from standfast.holdings.mailbox import LINE_LIMIT, flags_kept

_OWN = (LISTING_NAME.encode(), TABLE_NAME.encode())


def is_listed(paths: list[bytes]) -> bool:
    """Whether a tree is one that Standfast restored."""
    return _OWN[0] in paths


def read_listed(shelf: Shelf) -> Iterator[Found]:
    """All that the listing names, and the contacts and calendars beside it.

    Raises:
        ShelfError: the listing is none.
    """
    entries = {entry.path: entry for entry in shelf.entries()}
    stems = {_parent(path) + stem_of(entry.name): entry for path, entry in entries.items()}
    form = ""
    folders: dict[str, Folder] = {}
    taken: set[bytes] = set()
    try:
        with shelf.open(entries[_OWN[0]]) as file:
            for line in read_listing(iter(lambda: file.readline(LINE_LIMIT + 1), b"")):
                if isinstance(line, ListingHead):
                    form = line.form
                elif isinstance(line, ListedFolder):
                    folders[line.folder] = _folder(line)
                    yield folders[line.folder]
                else:
                    place = _place(line.place)
                    entry = entries.get(place)
                    if entry is None and form == "maildir":
                        entry = _moved(place, stems)
                    if entry is None:
                        yield Trouble(what=place, why="the listing names it, and it is not there")
                        continue
                    taken.add(entry.path)
                    folder = folders.setdefault(line.folder, Folder(name=_text(line.folder)))
                    yield from _message(shelf, entry, line, form, folder)
    except ValueError as why:
        raise ShelfError(f"{LISTING_NAME} can't be used: {why}") from why
    for path, entry in entries.items():
        ending = b"." + path.rpartition(b".")[2].lower()
        if ending in ENDINGS and path not in taken:
            yield from read_cards(shelf, entry, ENDINGS[ending])
        elif path not in taken and path not in _OWN and not entry.name.startswith((b"dovecot", b"subscr", b"maildirf")):
            yield Passed(what="files that the listing does not name")


def _folder(line: ListedFolder) -> Folder:
    return Folder(
        name=_text(line.folder),
        delimiter=line.delimiter,
        use=line.use,
        attributes=line.attributes,
        uid_validity=line.uid_validity,
    )


def _text(shown: str) -> str:
    return unescape_name(shown).decode("utf-8", "surrogateescape")


def _place(shown: str) -> bytes:
    return unescape_name(shown)


def _parent(path: bytes) -> bytes:
    return path[: path.rfind(b"/") + 1]


def _moved(place: bytes, stems: dict[bytes, Entry]) -> Entry | None:
    """A mail program moves a message from `new` to `cur`, and writes flags into its name."""
    stem = stem_of(place.rpartition(b"/")[2])
    box = _parent(_parent(place)[:-1])
    return stems.get(box + b"cur/" + stem) or stems.get(box + b"new/" + stem)


def _message(shelf: Shelf, entry: Entry, line: ListedMessage, form: str, folder: Folder) -> Iterator[Found]:
    try:
        raw = _read(shelf, entry, line, form)
    except READ_ERRORS as why:
        yield Trouble(what=entry.path, why=str(why))
        return
    if hashlib.sha256(raw).hexdigest() != line.sha256:
        yield Trouble(what=entry.path, why="it is not the message that the listing says; it is taken as it is now")
        yield Message(raw=raw, folders=(folder,))
        return
    yield Message(
        raw=raw,
        folders=(folder,),
        flags=flags_kept(line.flags),
        received=line.received,
        labels=line.labels,
        uid=line.uid,
    )


def _read(shelf: Shelf, entry: Entry, line: ListedMessage, form: str) -> bytes:
    if line.size_bytes > MESSAGE_LIMIT:
        raise OSError(f"it is larger than {MESSAGE_LIMIT:,} bytes")
    with shelf.open(entry) as file:
        if form != "mbox":
            raw = file.read(MESSAGE_LIMIT + 1)
            if len(raw) > MESSAGE_LIMIT:
                raise OSError(f"it is larger than {MESSAGE_LIMIT:,} bytes")
            return raw
        file.seek(line.offset)
        if not file.readline(2_000).startswith(b"From "):
            raise OSError(f"no message begins at byte {line.offset:,}")
        # Each `>` that was added stands in a line of at least six bytes.
        raw = file.read(line.size_bytes + line.size_bytes // 5 + 16)
    return QUOTED_RD.sub(b"", raw)[: line.size_bytes]
