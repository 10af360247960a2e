r"""Gmail's labels, as Google Takeout writes them into each message of one large mbox, turned into folders.

A label is a folder, and a message stands in each of its own; it is held once. Labels that say how a message is are
flags. All labels stand in the lists of the folders too, as Gmail's server gives them.
"""

from __future__ import annotations

from standfast.capture.exports.found import Folder
from standfast.capture.mail.fields import decode_text

ARCHIVED = Folder(name="Archived", use="\\Archive")
"""A message without a label that is a folder: Gmail shows it under All Mail alone."""
FOLDERS = {
    "Inbox": Folder(name="INBOX"),
    "Sent": Folder(name="Sent", use="\\Sent"),
    "Drafts": Folder(name="Drafts", use="\\Drafts"),
    "Spam": Folder(name="Spam", use="\\Junk"),
    "Trash": Folder(name="Trash", use="\\Trash"),
    "Archived": ARCHIVED,
}
FLAGS = {"Opened": "\\Seen", "Starred": "\\Flagged", "Drafts": "\\Draft"}
STATES = frozenset(("Opened", "Unread", "Starred", "Important"))
LABELS_LIMIT, LABEL_LIMIT = 100, 250


def read_labels(value: bytes) -> tuple[str, ...]:
    """Labels of an `X-Gmail-Labels` field: parted by commas, quoted where they hold one.

    Example:
        >>> read_labels(b'Inbox,"A, b",=?UTF-8?Q?=D9=83,Opened?=')
        ('A, b', 'Inbox', 'Opened', 'ك')
    """
    text = decode_text(value, limit=LABELS_LIMIT * LABEL_LIMIT)
    labels: set[str] = set()
    for n, piece in enumerate(text.split('"')):
        labels.update([piece] if n % 2 else piece.split(","))
    return tuple(sorted({label.strip()[:LABEL_LIMIT] for label in labels if label.strip()})[:LABELS_LIMIT])


def folders_of(labels: tuple[str, ...]) -> tuple[Folder, ...]:
    """The folders that labels stand for."""
    named = [each for each in labels if each not in STATES and not each.startswith("Category ")]
    return tuple(FOLDERS.get(each) or Folder(name=each) for each in named) or (ARCHIVED,)


def flags_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The flags that labels stand for."""
    return tuple(FLAGS[each] for each in labels if each in FLAGS)
