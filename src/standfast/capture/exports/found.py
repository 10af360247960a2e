"""What the readers of exports hand over: messages with the folders they stand in, cards, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from standfast.capture.exports.shelf import Shelf
from standfast.holdings.mailbox import MONTHS

MESSAGE_LIMIT = 256 * 1024 * 1024
"""Of one message; a larger one is named as a failure. Servers take some 25 to 150 MB."""
CARDS_FILE_LIMIT = 256 * 1024 * 1024
SIDE_FILE_LIMIT = 16 * 1024 * 1024
"""Of a file that says something of others, as Dovecot's list of keywords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of mail."""

    name: str
    """Levels parted by `delimiter`; bytes that are no UTF-8 as surrogates."""
    delimiter: str = "/"
    use: str = ""
    attributes: tuple[str, ...] = ()
    uid_validity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as the export holds it."""

    raw: bytes
    folders: tuple[Folder, ...]
    """Where it stands; more than one where the service has labels."""
    flags: tuple[str, ...] = ()
    received: str = ""
    """As lists of folders write it; empty where the export does not say."""
    labels: tuple[str, ...] = ()
    uid: int = 0
    """0: the next one of its folder."""
    quality: str = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A contact or a calendar entry."""

    raw: bytes
    media_type: str
    collection: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that could not be read, by its name in the export."""

    what: bytes
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A file that holds nothing to keep, in words."""

    what: str


Found = Folder | Message | Card | Trouble | Passed
Reader = Callable[[Shelf], Iterator[Found]]


def received_of(seconds: float) -> str:
    """A moment, in seconds since 1970, as lists of folders write it.

    Example:
        >>> received_of(837596665)
        '17-Jul-1996 09:44:25 +0000'
    """
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    if not 1 <= moment.year <= 9999:
        return ""
    return f"{moment.day:02d}-{MONTHS[moment.month - 1]}-{moment.year:04d} {moment:%H:%M:%S} +0000"
