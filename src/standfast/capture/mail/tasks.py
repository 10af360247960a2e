"""What is asked of a connection, and what comes back: values that pass between the capture and its workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standfast.capture.mail.folders import Folder


@dataclass(slots=True, kw_only=True, eq=False)
class Examine:
    """Select a folder, read-only, and tell what is in it, or what changed since."""

    folder: Folder
    uid_validity: int = 0
    """As remembered; 0 where nothing is."""
    highest_modseq: int = 0
    """0: tell all, not changes."""
    last_uid: int = 0
    """The greatest that is remembered."""
    attempts: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Fetch:
    """Fetch messages, or only their headers. At most as many as a batch has."""

    folder: Folder
    uid_validity: int
    uids: list[int]
    headers_only: bool = False
    attempts: int = 0


Task = Examine | Fetch


@dataclass(frozen=True, slots=True)
class Row:
    """What the server said of one message without its bytes."""

    flags: tuple[str, ...] | None = None
    """Untrusted; None where nothing was said."""
    size_bytes: int = -1
    labels: tuple[bytes, ...] = ()
    same: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A folder at the moment at which it was selected."""

    task: Examine
    uid_validity: int
    uid_next: int
    exists: int
    highest_modseq: int
    rows: dict[int, Row]
    """Of every message, or, with `changes`, of those that changed or came."""
    changes: bool = False
    vanished: Sequence[tuple[int, int]] = ()
    """With `changes`: ranges of UIDs that are no longer there."""
    present: frozenset[int] | None = None
    """With `changes`, where the server can't say what vanished: every UID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One message, or its header."""

    task: Fetch
    uid: int
    raw: bytes
    sha256: bytes
    received: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """A message that did not come: gone since, when there is no reason."""

    task: Fetch
    uid: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A task was worked off; what it brought was told before."""

    task: Task
    why: str = ""
    """Why it could not be done at all; empty when it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """No connection is left, and none could be made again."""

    why: Exception


Reply = Examined | Fetched | NotFetched | Done | Dead
