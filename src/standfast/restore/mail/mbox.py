"""An mbox for each folder, in the mboxrd way: a line that begins with `From `, or so quoted, gets one more `>`.

Exact: taking one `>` away from each such line gives the bytes back. What mbox can't say (flags, the zone of a date,
whether the last line had an end) stands in the listing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from standfast.holdings.item import MailFacts
from standfast.holdings.mailbox import MONTHS, received_moment
from standfast.restore.mail.choice import ChosenFolder
from standfast.restore.mail.disk_names import tree_names
from standfast.restore.mail.eml import ROOM
from standfast.restore.mail.target import MailTarget, Parts
from standfast.vault.manifests import HeldItem

_QUOTED = re.compile(rb"^(?=>*From )", re.MULTILINE)
_UNDECIDED = re.compile(rb">*(?:F|Fr|Fro|From)?")
_ADDRESS = re.compile(r"<([!-;=?-~]{1,200}@[!-;=?-~]{1,200})>")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Open = Callable[[str], tuple[HeldItem, Iterable[bytes | memoryview]] | None]
"""The item with a digest, and its bytes, already checked; None where it can't be had."""
Note = Callable[[int, int], None]
"""Told the place of a message among the folder's lines, and the offset of its `From ` line."""


def place_of(folder: ChosenFolder) -> Parts:
    """Where a folder's file lies below the target."""
    *above, last = tree_names(folder.head.folder, folder.head.delimiter)
    # A folder that is called `a.mbox` must not lie where the file of a folder called `a` does.
    above = [name[:-5] + b"%2E" + name[-4:] if name.lower().endswith(b".mbox") else name for name in above]
    return (ROOM, *above, last + b".mbox")


def write_mbox(target: MailTarget, at: Parts, folder: ChosenFolder, opened: Open, note: Note) -> tuple[str, bool]:
    """Write a folder's file, or see that it is there.

    One that holds the beginning of what it should, as after a restore with less in it, is replaced by the whole.

    Returns:
        Why it could not be done: another file stands there, which is left as it is; empty when it was. And whether
        anything was written.

    Raises:
        OSError: it can't be written.
    """
    target.make_folder(at[:-1])
    if target.exists(at):
        try:
            verdict = _compare(target, at, _pieces(folder, opened, note))
        except OSError as why:
            verdict = why.strerror or str(why)
        if verdict != _SHORTER:
            return verdict, False
    target.place(at, _pieces(folder, opened, note))
    return "", True


_SHORTER = "shorter"


def _compare(target: MailTarget, at: Parts, pieces: Iterator[bytes]) -> str:
    with target.opened(at) as file:
        for piece in pieces:
            there = file.read(len(piece))
            if there != piece:
                shorter = piece.startswith(there) and not file.read(1)
                return _SHORTER if shorter else "another file stands there; it is left as it is"
        return "a file with more in it stands there; it is left as it is" if file.read(1) else ""


def _pieces(folder: ChosenFolder, opened: Open, note: Note) -> Iterator[bytes]:
    offset = 0
    for n, line in enumerate(folder.lines):
        found = opened(line.sha256)
        if found is None:
            continue
        held, content = found
        note(n, offset)
        moment = received_moment(line.received)
        for piece in message_pieces(held, moment.timestamp() if moment else None, content):
            offset += len(piece)
            yield piece


def message_pieces(held: HeldItem, moment_s: float | None, content: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """One message as an mbox has it: its `From ` line, its bytes quoted, and an empty line."""
    last = b""
    moment = _EPOCH + timedelta(seconds=moment_s or 0.0)
    for piece in itertools.chain((_head_line(held, moment),), quoted(content)):
        last = piece[-1:]
        yield piece
    yield b"\n" if last == b"\n" else b"\n\n"


def _head_line(held: HeldItem, moment: datetime) -> bytes:
    facts = held.record.facts
    found = _ADDRESS.search(facts.sender[0]) if isinstance(facts, MailFacts) and facts.sender else None
    return f"From {found[1] if found else 'MAILER-DAEMON'} {_asctime(moment)}\n".encode("ascii")


def _asctime(moment: datetime) -> str:
    """As C's asctime writes it, in any locale."""
    day = _DAYS[moment.weekday()]
    month = MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:2d} {moment:%H:%M:%S} {moment.year:04d}"


def quoted(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    r"""A message's bytes with one more `>` before each `From ` at a line's start, however the bytes are cut.

    Example:
        >>> b"".join(quoted([b"a\n>Fr", b"om b\nFrom", b" c\nFrom"]))
        b'a\n>>From b\n>From c\nFrom'
    """
    rest, starts = b"", True
    for piece in pieces:
        data = rest + bytes(piece)
        line = data.rfind(b"\n") + 1
        undecided = (line or starts) and _UNDECIDED.fullmatch(data, line)
        rest = data[line:] if undecided else b""
        data = data[: len(data) - len(rest)]
        if data:
            yield _quote(data, starts)
            starts = data.endswith(b"\n")
    if rest:
        yield rest


def _quote(data: bytes, starts: bool) -> bytes:
    if starts:
        return _QUOTED.sub(b">", data)
    end = data.find(b"\n") + 1
    return data if not end else data[:end] + _QUOTED.sub(b">", data[end:])
