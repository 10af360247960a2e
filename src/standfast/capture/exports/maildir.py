r"""Maildirs: one, Maildir++ with folders `.Name.Sub` in it, or folders of maildirs, as Dovecot and others lay them out.

Flags stand in files' names (`:2,FRS`), Dovecot's keywords too, as letters that `dovecot-keywords` explains; the time of
a file is when the message came; `dovecot-uidlist` gives the order and the UIDs. What lies in `tmp` was never delivered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from standfast.capture.exports.found import (
    MESSAGE_LIMIT,
    SIDE_FILE_LIMIT,
    Folder,
    Found,
    Message,
    Passed,
    Trouble,
    received_of,
)
from standfast.capture.exports.names import folder_text, path_text
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf, read_small
from standfast.holdings.mailbox import GREATEST_UID, flags_kept

DELIVERED = (b"cur", b"new")
LETTERS = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
KEYWORDS_NAME, UIDS_NAME = b"dovecot-keywords", b"dovecot-uidlist"
_FLAGS = re.compile(rb"[:;!]2,([A-Za-z]*)$")
_UIDS_HEAD = re.compile(rb"3 (?:[^\n]{0,200} )?V(\d{1,10}) [^\n]*\n")
_UIDS_LINE = re.compile(rb"^(\d{1,10}) (?:[A-Z][^\n:]{0,200} )?:([^\n]{1,300})$", re.MULTILINE)


def is_maildir(paths: list[bytes]) -> bool:
    """Whether a tree holds a maildir."""
    return any(path.rpartition(b"/")[0].rpartition(b"/")[2] in DELIVERED for path in paths)


def read_maildirs(shelf: Shelf) -> Iterator[Found]:
    """Every maildir of an export."""
    boxes: dict[bytes, list[Entry]] = {}
    side: dict[bytes, Entry] = {}
    for entry in shelf.entries():
        above, _, name = entry.path.rpartition(b"/")
        box, _, last = above.rpartition(b"/")
        if last in DELIVERED:
            boxes.setdefault(box, []).append(entry)
        elif name in (KEYWORDS_NAME, UIDS_NAME):
            side[entry.path] = entry
        elif name == b"maildirfolder" and above:
            boxes.setdefault(above, [])
        elif not name.startswith((b"dovecot", b"subscriptions", b"maildirfolder")):
            yield Passed(what="files beside the maildirs")
    root = _root(boxes)
    for box in sorted(boxes):
        yield from _read_box(shelf, box, root, boxes[box], side)


def _root(boxes: dict[bytes, list[Entry]]) -> bytes:
    """What stands above all of the maildirs and is no part of their names."""
    if b"" in boxes:
        return b""
    tops = {box.partition(b"/")[0] for box in boxes}
    only = tops.pop() if len(tops) == 1 else b""
    return only if only in boxes and any(box.startswith(only + b"/.") for box in boxes) else b""


def _read_box(shelf: Shelf, box: bytes, root: bytes, files: list[Entry], side: dict[bytes, Entry]) -> Iterator[Found]:
    prefix = box + b"/" if box else b""
    keywords = _keywords(_side(shelf, side.get(prefix + KEYWORDS_NAME)))
    uid_validity, uids = _uids(_side(shelf, side.get(prefix + UIDS_NAME)))
    stems = {entry.path: stem_of(entry.name) for entry in files}
    if not all(stems[entry.path] in uids for entry in files):
        uid_validity, uids = 0, {}
    folder = _folder(box, root, uid_validity)
    yield folder
    for entry in sorted(files, key=lambda each: (uids.get(stems[each.path], 0), each.name)):
        try:
            raw = read_small(shelf, entry, MESSAGE_LIMIT)
        except READ_ERRORS as why:
            yield Trouble(what=entry.path, why=str(why))
            continue
        yield Message(
            raw=raw,
            folders=(folder,),
            flags=_flags(entry.name, keywords),
            received=received_of(entry.mtime_s) if entry.mtime_s is not None else "",
            uid=uids.get(stems[entry.path], 0),
        )


def _folder(box: bytes, root: bytes, uid_validity: int) -> Folder:
    below = box[len(root) :].lstrip(b"/")
    if not below:
        return Folder(name="INBOX", delimiter="." if not root or box == root else "/", uid_validity=uid_validity)
    *above, last = below.split(b"/")
    if last.startswith(b".") and not above:
        return Folder(name=folder_text(last[1:]), delimiter=".", uid_validity=uid_validity)
    parts = [part for each in (*above, last) for part in (each[1:].split(b".") if each.startswith(b".") else [each])]
    return Folder(name=path_text(parts) or "INBOX", uid_validity=uid_validity)


def stem_of(name: bytes) -> bytes:
    """What of a file's name stays the same while flags change; Dovecot's sizes stand after a comma."""
    return _FLAGS.sub(b"", name).partition(b",")[0]


def _flags(name: bytes, keywords: dict[str, str]) -> tuple[str, ...]:
    found = _FLAGS.search(name)
    letters = found[1].decode("ascii") if found else ""
    return flags_kept(flag for letter in letters if (flag := LETTERS.get(letter) or keywords.get(letter, "")))


def _side(shelf: Shelf, entry: Entry | None) -> bytes:
    """What a file beside the messages says; nothing where it can't be read, for it is no message."""
    if entry is None:
        return b""
    try:
        return read_small(shelf, entry, SIDE_FILE_LIMIT)
    except READ_ERRORS:
        return b""


def _keywords(raw: bytes) -> dict[str, str]:
    found = {}
    for line in raw.decode("utf-8", "replace").splitlines()[:26]:
        number, _, keyword = line.partition(" ")
        if number.isdecimal() and int(number) < 26:
            found[chr(ord("a") + int(number))] = keyword
    return found


def _uids(raw: bytes) -> tuple[int, dict[bytes, int]]:
    head = _UIDS_HEAD.match(raw)
    if not head or int(head[1]) > GREATEST_UID:
        return 0, {}
    found = {stem_of(line[2]): int(line[1]) for line in _UIDS_LINE.finditer(raw, head.end())}
    sound = len(set(found.values())) == len(found) and all(0 < uid <= GREATEST_UID for uid in found.values())
    return (int(head[1]), found) if sound else (0, {})
