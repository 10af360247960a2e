"""Tells what kind of export something is, from what lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from standfast.capture.exports.found import Found, Reader
from standfast.capture.exports.listing import is_listed, read_listed
from standfast.capture.exports.maildir import is_maildir, read_maildirs
from standfast.capture.exports.pst import is_pst, read_psts
from standfast.capture.exports.shelf import READ_ERRORS, Entry, Shelf
from standfast.capture.exports.thunderbird import is_thunderbird, read_thunderbird
from standfast.capture.exports.tree import HEAD_BYTES, form_of, read_tree

LOOKED_INTO = 200
"""Files of a tree that are opened to tell what it is; those with names that say it come first."""
_ENDINGS = (b".mbox", b".eml", b".vcf", b".ics", b".pst", b".ost", b"mbox")

READERS: dict[str, Reader] = {
    "standfast": read_listed,
    "thunderbird": read_thunderbird,
    "maildir": read_maildirs,
    "pst": read_psts,
    "mbox": partial(read_tree, form="mbox"),
    "mboxrd": partial(read_tree, form="mbox", way="mboxrd"),
    "mboxo": partial(read_tree, form="mbox", way="mboxo"),
    "mboxcl": partial(read_tree, form="mbox", way="mboxcl"),
    "mboxcl2": partial(read_tree, form="mbox", way="mboxcl2"),
    "eml": partial(read_tree, form="eml"),
    "vcf": partial(read_tree, form="vcf"),
    "ics": partial(read_tree, form="ics"),
    "takeout": read_tree,
    "files": read_tree,
}
"""By the name that `--kind` takes. `files`: mbox, EML, vCard and iCalendar in one tree, each told by what it holds."""


def detect(shelf: Shelf) -> str:
    """The kind of an export; empty where nothing in it is known.

    Raises:
        ShelfError: it can't be listed.
    """
    entries = shelf.entries()
    paths = [entry.path for entry in entries]
    if is_listed(paths):
        return "standfast"
    if is_thunderbird(paths):
        return "thunderbird"
    if is_maildir(paths):
        return "maildir"
    for head, entry in _heads(shelf, entries):
        if is_pst(head):
            return "pst"
        if form_of(entry.name, head):
            return "takeout" if entry.path.startswith(b"Takeout/") else "files"
    return ""


def read_export(shelf: Shelf, kind: str) -> Iterator[Found]:
    """What an export holds, by its kind."""
    return READERS[kind](shelf)


def _heads(shelf: Shelf, entries: list[Entry]) -> Iterator[tuple[bytes, Entry]]:
    named = [entry for entry in entries if entry.name.lower().endswith(_ENDINGS)][:LOOKED_INTO]
    for entry in named or entries[:LOOKED_INTO]:
        try:
            with shelf.open(entry) as file:
                yield file.read(HEAD_BYTES), entry
        except READ_ERRORS:
            continue
