"""Writes the listing of restored mail: lines for programs, a table for people. Merges what an earlier run listed."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from standfast.errors.restore import TargetHoldsOtherMailError
from standfast.holdings.mail_listing import (
    LISTING_NAME,
    TABLE_NAME,
    Form,
    Line,
    ListedFolder,
    ListedMessage,
    ListingHead,
    read_listing,
    write_listing,
)
from standfast.restore.mail.target import MailTarget

LISTING_LIMIT_BYTES = 8 << 30
COLUMNS = ("folder", "file", "offset", "received", "flags", "labels", "size_bytes", "sha256", "uid")
_ACTING = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets."""


class Listing:
    """What lies in the target, as far as restores put it there."""

    def __init__(self, target: MailTarget, root: Path, origin: str, form: Form) -> None:
        """Read what is there, and mark the target as one of ours before the first message is written.

        Raises:
            TargetHoldsOtherMailError: of another origin, or in another form, or listed by something else.
            OSError: the listing can't be written.
        """
        self._target = target
        self._head = ListingHead(form=form, origin=origin)
        self._folders: dict[str, ListedFolder] = {}
        self._messages: dict[tuple[str, str, int], ListedMessage] = {}
        name = os.fsencode(LISTING_NAME)
        if not target.exists((name,)):
            target.place((name,), write_listing([self._head]))
            return
        try:
            with target.opened((name,)) as file:
                for line in read_listing(file):
                    if isinstance(line, ListingHead) and line != self._head:
                        raise TargetHoldsOtherMailError(root, line.origin, line.form)
                    self.add(line)
        except ValueError as why:
            raise TargetHoldsOtherMailError(root, "something else", str(why)) from why

    def add(self, line: Line) -> None:
        """One more line; it takes the place of an earlier one on the same."""
        if isinstance(line, ListedFolder):
            self._folders[line.folder] = line
        elif isinstance(line, ListedMessage):
            self._messages[(line.folder, line.place.partition(":2,")[0], line.offset)] = line

    def write(self) -> None:
        """Put both files in place of the older ones.

        Raises:
            OSError: the older ones are still there.
        """
        self._target.place((os.fsencode(LISTING_NAME),), write_listing(self._lines()))
        self._target.place((os.fsencode(TABLE_NAME),), self._table())

    def _lines(self) -> Iterator[Line]:
        yield self._head
        yield from self._folders.values()
        yield from self._messages.values()

    def _table(self) -> Iterator[bytes]:
        # The mark tells spreadsheets that this is UTF-8; Arabic names are unreadable there without it.
        yield "\ufeff".encode()
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for line in self._messages.values():
            cells = (line.folder, line.place, line.offset, line.received, " ".join(line.flags), " ".join(line.labels))
            writer.writerow(map(_cell, (*cells, line.size_bytes, line.sha256, line.uid)))
            yield out.getvalue().encode("utf-8", "backslashreplace")
            out.seek(0)
            out.truncate()
        yield out.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTING) else value
