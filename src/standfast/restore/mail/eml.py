"""A tree of EML files: a folder for each folder of mail, a file for each message, named by when it came.

Flags and dates stand in the listing, since an EML file has no place for them.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC

from standfast.holdings.mailbox import received_moment
from standfast.restore.mail.choice import ChosenFolder
from standfast.restore.mail.disk_names import tree_names
from standfast.restore.mail.maildir import MessageFile
from standfast.restore.mail.target import MailTarget, Parts

ROOM = b"mail"
"""Below the target, so that no folder of mail can take the place of the listing or of the contacts."""


def place_of(folder: ChosenFolder) -> Parts:
    """Where a folder lies below the target."""
    return (ROOM, *tree_names(folder.head.folder, folder.head.delimiter))


def plan_eml(target: MailTarget, at: Parts, folder: ChosenFolder) -> list[MessageFile]:
    """Make the folder, and say which files it gets.

    Raises:
        OSError: the folder can't be made.
    """
    target.make_folder(at)
    there = target.names(at)
    files = []
    copies: Counter[str] = Counter()
    for line in folder.lines:
        moment = received_moment(line.received)
        when = f"{moment.astimezone(UTC):%Y%m%d-%H%M%S}" if moment else "undated"
        copy = f"-{copies[line.sha256]}" if copies[line.sha256] else ""
        copies[line.sha256] += 1
        name = f"{when}-{line.sha256[:16]}{copy}.eml".encode()
        mtime_s = int(moment.timestamp()) if moment else None
        files.append(MessageFile(line, (*at, name), None, mtime_s, name in there))
    return files
