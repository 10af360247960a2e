"""What lies in a folder of the target already, so that nothing comes twice and nothing that is there is touched.

A message is there when one of its bytes is: what could be it by its size, or by its moment, is fetched, and its digest
compared. Nothing is fetched from an empty folder. Some servers turn every line's end into CR LF: a message that differs
in that alone is there, too.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from standfast.errors.mail import StrangeAnswerError
from standfast.holdings.mailbox import MessageLine, received_moment, received_text
from standfast.imap.commands import astring, number_set
from standfast.imap.connection import Connection
from standfast.imap.responses import Data, Status, Value

MESSAGES_LIMIT = 5_000_000
BATCH_MESSAGES, BATCH_BYTES = 200, 8 * 1024 * 1024
_LINE_END = re.compile(rb"\r*\n")


@dataclass(frozen=True, slots=True)
class Found:
    """One message of the target."""

    uid: int
    size_bytes: int
    moment: datetime | None
    flags: frozenset[str] = frozenset()


@dataclass(slots=True)
class FolderState:
    """A folder of the target as EXAMINE shows it."""

    exists: int = 0
    uid_validity: int = 0
    uid_next: int = 0
    known: dict[int, str] = field(default_factory=dict)
    """Digests of messages there, by UID: what was fetched, and what this run brought."""


def examine(connection: Connection, raw: bytes) -> FolderState:
    """Open a folder without changing anything in it.

    Raises:
        CommandRefusedError: the server does not open it.
        MailError: the line broke.
    """
    done, state = connection.wait(connection.send(b"EXAMINE ", astring(raw))), FolderState()
    for answer in done.answers:
        if isinstance(answer, Data) and answer.kind == "EXISTS":
            state.exists = answer.number or 0
        elif isinstance(answer, Status) and answer.code in ("UIDVALIDITY", "UIDNEXT") and answer.code_values:
            value = number(answer.code_values[0])
            if answer.code == "UIDVALIDITY":
                state.uid_validity = value
            else:
                state.uid_next = value
    return state


def list_messages(connection: Connection, uids: bytes, *, flags: bool = False) -> list[Found]:
    """What the folder at hand holds, in the order of UIDs.

    Raises:
        StrangeAnswerError: more than any folder can hold.
    """
    found: dict[int, Found] = {}
    asked = b" (UID RFC822.SIZE INTERNALDATE%s)" % (b" FLAGS" if flags else b"")
    for answer in connection.results(connection.send(b"UID FETCH ", uids, asked)):
        fields = fetched(answer)
        uid = number(fields.get("UID"))
        if uid and "RFC822.SIZE" in fields:
            date, said = fields.get("INTERNALDATE"), fields.get("FLAGS")
            found[uid] = Found(
                uid,
                number(fields["RFC822.SIZE"]),
                received_moment(received_text(date.decode("latin-1"))) if isinstance(date, bytes) else None,
                frozenset(each for each in said if isinstance(each, str)) if isinstance(said, list) else frozenset(),
            )
            if len(found) > MESSAGES_LIMIT:
                raise StrangeAnswerError(f"a folder of more than {MESSAGES_LIMIT:,} messages")
    return [found[uid] for uid in sorted(found)]


class Presence:
    """Which of our messages are there. Each one that is there stands for one of ours, not for two."""

    def __init__(self, connection: Connection, state: FolderState, lines: Sequence[MessageLine]) -> None:
        """Fetch what could be ours, and count digests."""
        self._digests: Counter[str] = Counter()
        self._canonical: Counter[str] = Counter()
        self._canonical_of: dict[str, str] = {}
        if not state.exists or not lines:
            return
        there = list_messages(connection, b"1:*")
        for found in there:
            if found.uid in state.known:
                self._digests[state.known[found.uid]] += 1
        for uid, raw in _bodies(connection, _could_be(there, lines, state.known)):
            digest = hashlib.sha256(raw).hexdigest()
            state.known[uid] = digest
            self._digests[digest] += 1
            self._canonical_of[digest] = canonical_digest(raw)
            self._canonical[self._canonical_of[digest]] += 1

    def takes(self, line: MessageLine) -> bool:
        """Whether one with these very bytes is there that stands for none yet."""
        if self._digests[line.sha256] > 0:
            self._digests[line.sha256] -= 1
            if line.sha256 in self._canonical_of:
                self._canonical[self._canonical_of[line.sha256]] -= 1
            return True
        return False

    def takes_but_for_line_ends(self, read: Callable[[], bytes]) -> bool:
        """As `takes`, for one whose lines end otherwise there; `read` gives our bytes, and is called where it could."""
        if not +self._canonical:
            return False
        digest = canonical_digest(read())
        if self._canonical[digest] > 0:
            self._canonical[digest] -= 1
            return True
        return False


def canonical_digest(raw: bytes) -> str:
    """Of the bytes with every line's end as CR LF."""
    return hashlib.sha256(_LINE_END.sub(b"\r\n", raw)).hexdigest()


def fetched(answer: Data | Status) -> dict[str, Value]:
    """The fields of a FETCH answer by their names in upper case; empty for any other."""
    if not isinstance(answer, Data) or answer.kind != "FETCH" or not answer.values:
        return {}
    pairs = answer.values[0]
    if not isinstance(pairs, list):
        return {}
    return {name.upper(): value for name, value in zip(pairs[::2], pairs[1::2], strict=False) if isinstance(name, str)}


def number(value: Value) -> int:
    """A number that the server said; 0 for what is none."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else 0


def _could_be(there: list[Found], lines: Sequence[MessageLine], known: dict[int, str]) -> list[Found]:
    by_size: dict[int, list[Found]] = defaultdict(list)
    by_moment: dict[datetime, list[Found]] = defaultdict(list)
    for found in there:
        if found.uid not in known:
            by_size[found.size_bytes].append(found)
            if found.moment is not None:
                by_moment[found.moment].append(found)
    chosen: dict[int, Found] = {}
    for line in lines:
        moment = received_moment(line.received)
        for found in (*by_size.pop(line.size_bytes, ()), *(by_moment.pop(moment, ()) if moment else ())):
            chosen[found.uid] = found
    return [chosen[uid] for uid in sorted(chosen)]


def _bodies(connection: Connection, wanted: Sequence[Found]) -> Iterator[tuple[int, bytes]]:
    """The messages' bytes, some commands in flight; those beyond the bounds are left out."""
    tags: list[str] = []
    for batch in _batches(wanted):
        tags.append(connection.send(b"UID FETCH ", number_set(batch), b" (UID BODY.PEEK[])"))
        if len(tags) >= 4:
            yield from _bodies_of(connection, tags.pop(0))
    for tag in tags:
        yield from _bodies_of(connection, tag)


def _bodies_of(connection: Connection, tag: str) -> Iterator[tuple[int, bytes]]:
    for answer in connection.results(tag):
        fields = fetched(answer)
        raw, uid = fields.get("BODY[]"), number(fields.get("UID"))
        if uid and isinstance(raw, bytes):
            yield uid, raw


def _batches(wanted: Sequence[Found]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for found in wanted:
        if batch and (len(batch) >= BATCH_MESSAGES or size + found.size_bytes > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(found.uid)
        size += found.size_bytes
    if batch:
        yield batch
