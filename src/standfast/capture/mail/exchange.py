r"""Questions to one connection, and their answers as values: read-only, several commands in flight.

EXAMINE and BODY.PEEK only: no flag is set, and `\Recent` stays with whoever reads the mailbox. Whatever the server says
is untrusted: numbers are bounded, what was not asked for is passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from standfast.capture.mail.folders import as_bytes, as_number
from standfast.capture.mail.tasks import Examine, Examined, Fetch, Fetched, NotFetched, Row
from standfast.errors.mail import CommandRefusedError, StrangeAnswerError
from standfast.holdings.mailbox import GREATEST_UID, received_text
from standfast.imap.commands import Part, astring, number_set
from standfast.imap.connection import Connection
from standfast.imap.responses import Data, Oversize, Status, Value

MESSAGES_LIMIT = 5_000_000
"""Of one folder; more is not believed."""
SETTLE = frozenset(("THROTTLED", "LIMIT", "UNAVAILABLE", "INUSE", "SERVERBUG", "OVERQUOTA"))
"""Response codes that ask to wait and try again."""


Answer = Data | Status


@dataclass(slots=True)
class Session:
    """One connection, and what it has selected."""

    connection: Connection
    selected: tuple[bytes, int] | None = None
    """Raw name and UIDVALIDITY."""

    def can(self, capability: str) -> bool:
        """Whether the server offers it."""
        return capability in self.connection.capabilities

    @property
    def items(self) -> bytes:
        """What to ask of a message besides its bytes."""
        more = b""
        if self.can("X-GM-EXT-1"):
            more = b" X-GM-MSGID X-GM-LABELS"
        elif self.can("OBJECTID"):
            more = b" EMAILID"
        return b"FLAGS RFC822.SIZE" + more

    def together(
        self, commands: Iterable[list[Part]], take: Callable[[Answer], None]
    ) -> list[CommandRefusedError | None]:
        """Send commands at once; hands over all that comes, and returns for each why it was refused, if it was."""
        tags = [self.connection.send(*command) for command in commands]
        ends: list[CommandRefusedError | None] = []
        for tag in tags:
            try:
                for answer in self.connection.results(tag):
                    take(answer)
                ends.append(None)
            except CommandRefusedError as why:
                ends.append(why)
        return ends

    def examine(self, task: Examine) -> Examined:
        """Select the folder and learn what is in it, in one round trip.

        Raises:
            CommandRefusedError: the server does not open it.
            MailError: the line broke, or the answer can't be.
        """
        commands, changes = self._questions(task)
        self.selected = None
        seen = _Seen(changes)
        opened, *others = self.together(commands, seen.take)
        if opened is not None:
            raise opened
        self.selected = (task.folder.raw, seen.uid_validity)
        refused = next(filter(None, others), None)
        if changes and (refused or seen.uid_validity != task.uid_validity):
            return self.examine(whole(task))
        if refused is not None and seen.exists:  # of an empty folder some refuse to name any
            raise refused
        return seen.examined(task)

    def select(self, fetch: Fetch) -> bool:
        """Select the folder of a batch unless it is; False when it was renumbered meanwhile."""
        if self.selected is None or self.selected[0] != fetch.folder.raw:
            self.selected = None
            seen = _Seen(False)
            (refused,) = self.together([[b"EXAMINE ", astring(fetch.folder.raw)]], seen.take)
            if refused is not None:
                raise refused
            self.selected = (fetch.folder.raw, seen.uid_validity)
        return self.selected[1] == fetch.uid_validity

    def ask_bytes(self, fetch: Fetch, uids: Iterable[int]) -> str:
        """Ask for messages of a batch; returns the command's tag."""
        what = b"INTERNALDATE BODY.PEEK[HEADER]" if fetch.headers_only else b"INTERNALDATE BODY.PEEK[]"
        return self.connection.send(b"UID FETCH ", number_set(uids), b" (UID ", what, b")")

    def still_there(self, uids: Iterable[int]) -> set[int]:
        """Which of these messages the server still names."""
        found: set[int] = set()

        def take(answer: Answer) -> None:
            if isinstance(answer, Data) and answer.kind == "FETCH":
                found.add(_uid(_pairs(answer)))

        self.together([[b"NOOP"], [b"UID FETCH ", number_set(uids), b" (UID)"]], take)
        return found

    def _questions(self, task: Examine) -> tuple[list[list[Part]], bool]:
        """EXAMINE and what goes with it; whether the answers tell changes only."""
        name = astring(task.folder.raw)
        changes = bool(task.highest_modseq)
        since = b"%d:* (UID " % (task.last_uid + 1) + self.items + b")"
        new: list[list[Part]] = [[b"UID FETCH ", since]] if task.last_uid < GREATEST_UID else []
        if changes and "QRESYNC" in self.connection.enabled:
            known = b" (QRESYNC (%d %d))" % (task.uid_validity, task.highest_modseq)
            return [[b"EXAMINE ", name, known], *new], True
        counts = b" (CONDSTORE)" if self.can("CONDSTORE") or self.can("QRESYNC") else b""
        if changes and counts and self.can("ESEARCH"):
            questions: list[list[Part]] = [[b"EXAMINE ", name, counts]]
            if task.last_uid:
                what = self.items.replace(b" RFC822.SIZE", b"")
                changed = b"1:%d (UID %s) (CHANGEDSINCE %d)" % (task.last_uid, what, task.highest_modseq)
                questions.append([b"UID FETCH ", changed])
            return [*questions, *new, [b"UID SEARCH RETURN (ALL) ALL"]], True
        return [[b"EXAMINE ", name, counts], [b"UID FETCH 1:* (UID ", self.items, b")"]], False


def whole(task: Examine) -> Examine:
    """The same folder, to be told whole."""
    return replace(task, uid_validity=0, highest_modseq=0, last_uid=0)


def read_fetched(data: Data, fetch_of: dict[int, Fetch]) -> Fetched | NotFetched | None:
    """A message that one of these batches asked for; None for what nobody did."""
    pairs = _pairs(data)
    uid = _uid(pairs)
    fetch = fetch_of.get(uid)
    if fetch is None:
        return None
    name = "BODY[HEADER]" if fetch.headers_only else "BODY[]"
    if name not in pairs:
        return None
    raw = pairs[name]
    if isinstance(raw, Oversize):
        return NotFetched(task=fetch, uid=uid, why=f"it has {raw.size_bytes:,} bytes, more than can be taken")
    if not isinstance(raw, bytes):
        return NotFetched(task=fetch, uid=uid, why="the server gives no bytes for it")
    date = as_bytes(pairs.get("INTERNALDATE")) or b""
    received = received_text(date[:40].decode("ascii", "replace"))
    return Fetched(task=fetch, uid=uid, raw=raw, sha256=hashlib.sha256(raw).digest(), received=received)


class _Seen:
    """What the answers to EXAMINE and its companions add up to."""

    def __init__(self, changes: bool) -> None:
        self._changes = changes
        self.uid_validity = self._uid_next = self.exists = self._modseq = 0
        self._rows: dict[int, Row] = {}
        self._vanished: list[tuple[int, int]] = []
        self._present: frozenset[int] | None = None
        self._answers = 0

    def take(self, answer: Answer) -> None:
        """Add one answer."""
        if isinstance(answer, Data):
            self._data(answer)
        else:
            self._status(answer)

    def _status(self, status: Status) -> None:
        if status.code == "UIDVALIDITY":
            self.uid_validity = as_number(_first(status.code_values), GREATEST_UID)
        elif status.code == "UIDNEXT":
            self._uid_next = as_number(_first(status.code_values), GREATEST_UID)
        elif status.code == "HIGHESTMODSEQ":
            self._modseq = as_number(_first(status.code_values))

    def _data(self, data: Data) -> None:
        self._answers += 1
        if self._answers > 2 * MESSAGES_LIMIT:
            raise StrangeAnswerError(f"more than {2 * MESSAGES_LIMIT:,} answers to one question")
        if data.kind == "FETCH":
            self._row(data)
        elif data.kind == "EXISTS" and data.number is not None:
            self.exists = data.number
            if self.exists > MESSAGES_LIMIT:
                raise StrangeAnswerError(f"a folder of {self.exists:,} messages")
        elif data.kind == "EXPUNGE":
            self.exists -= 1
        elif data.kind == "VANISHED":
            earlier = isinstance(data.values[0], list) if data.values else False
            ranges = read_ranges(data.values[-1] if data.values else None)
            self._vanished += ranges
            if not earlier:
                self.exists -= sum(last - first + 1 for first, last in ranges)
        elif data.kind == "ESEARCH":
            self._present = _esearch(data)

    def examined(self, task: Examine) -> Examined:
        rows = self._rows
        if self._present is not None:
            rows = {uid: row for uid, row in rows.items() if uid in self._present}
        return Examined(
            task=task,
            uid_validity=self.uid_validity,
            uid_next=self._uid_next,
            exists=self.exists,
            highest_modseq=self._modseq,
            rows=rows,
            changes=self._changes,
            vanished=self._vanished,
            present=self._present,
        )

    def _row(self, data: Data) -> None:
        pairs = _pairs(data)
        uid = _uid(pairs)
        if not uid or (len(self._rows) >= MESSAGES_LIMIT and uid not in self._rows):
            return
        before = self._rows.get(uid, Row())
        flags, labels = pairs.get("FLAGS"), pairs.get("X-GM-LABELS")
        same = pairs.get("X-GM-MSGID")
        emailid = pairs.get("EMAILID")
        if isinstance(emailid, list) and emailid:
            same = emailid[0]
        self._rows[uid] = Row(
            tuple(each for each in flags[:1_000] if isinstance(each, str)) if isinstance(flags, list) else before.flags,
            as_number(pairs["RFC822.SIZE"], 2**53) if "RFC822.SIZE" in pairs else before.size_bytes,
            tuple(filter(None, map(as_bytes, labels[:1_000]))) if isinstance(labels, list) else before.labels,
            same[:255] if isinstance(same, str) else before.same,
        )


def read_ranges(value: Value) -> list[tuple[int, int]]:
    """A set of UIDs as ranges, such as `41,43:116`; what is none is left out.

    Example:
        >>> read_ranges("41,116:43,0,x")
        [(41, 41), (43, 116)]
    """
    if not isinstance(value, str):
        return []
    out = []
    for each in value.split(","):
        first, _, last = each.partition(":")
        ends = sorted((as_number(first, GREATEST_UID), as_number(last or first, GREATEST_UID)))
        if ends[0]:
            out.append((ends[0], ends[1]))
    return out


def _esearch(data: Data) -> frozenset[int] | None:
    values = data.values
    for name, value in pairwise(values):
        if isinstance(name, str) and name.upper() == "ALL":
            ranges = read_ranges(value)
            if sum(last - first + 1 for first, last in ranges) > MESSAGES_LIMIT:
                raise StrangeAnswerError(f"a folder of more than {MESSAGES_LIMIT:,} messages")
            return frozenset(uid for first, last in ranges for uid in range(first, last + 1))
    return frozenset()  # nothing matches: ALL is left out


def _pairs(data: Data) -> dict[str, Value]:
    if not data.values or not isinstance(data.values[0], list):
        return {}
    flat = data.values[0]
    return {name.upper(): value for name, value in zip(flat[::2], flat[1::2], strict=False) if isinstance(name, str)}


def _uid(pairs: dict[str, Value]) -> int:
    return as_number(pairs.get("UID"), GREATEST_UID)


def _first(values: list[Value]) -> Value:
    return values[0] if values else None
