"""Brings messages into one folder of the target: many to a command, several commands on the way, each looked at after.

A command that is refused is taken apart: each message alone, then without what the server may not like of it (its
keywords, its date), and what is refused still is listed with the server's words. What went in is asked for again, and
what the server made of flags, dates and sizes is listed where it differs.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from standfast.errors.mail import CommandRefusedError
from standfast.holdings.mailbox import MessageLine, received_moment
from standfast.imap.commands import Literal, Part, astring, date_time, flag_list, is_flag
from standfast.imap.connection import Connection
from standfast.imap.responses import Value
from standfast.restore.mail.server_index import Found, list_messages, number

BATCH_MESSAGES, BATCH_BYTES = 100, 4 * 1024 * 1024
IN_FLIGHT = 2
"""Commands on the way where literals need no leave: while the server writes one batch, the next one goes out."""
LATER = ("UNAVAILABLE", "INUSE", "THROTTLED", "SERVERBUG")
"""Response codes that ask to come again."""
FULL = ("OVERQUOTA", "LIMIT")
TOO_FULL = "over quota: {}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way."""

    line: MessageLine
    raw: bytes


@dataclass(slots=True)
class Report:
    """What became of a folder's messages."""

    added: int = 0
    there: int = 0
    """What was there before."""
    added_bytes: int = 0
    failures: list[tuple[MessageLine, str]] = field(default_factory=list)
    lost_flags: Counter[str] = field(default_factory=Counter)
    """Flags and keywords that the server did not keep, and of how many messages."""
    changed_dates: int = 0
    unchecked: dict[int, MessageLine] = field(default_factory=dict)
    """By the target's UIDs: what went in and was not asked for again yet."""
    nameless: list[MessageLine] = field(default_factory=list)
    """What went in to a server that does not say where; in order."""
    settled: set[int] = field(default_factory=set)
    """UIDs, in our list, of all that was added or given up: after a break nothing of it is sent again."""


class Appender:
    """Appends to one folder over one connection. What it did stands in `report`, also after it raised."""

    def __init__(self, connection: Connection, raw_name: bytes, report: Report, known: dict[int, str]) -> None:
        """`known`: digests by the target's UIDs, where they get known."""
        self._connection, self._report, self._known = connection, report, known
        self._head: Part = astring(raw_name)
        offered = connection.capabilities
        self._many = "MULTIAPPEND" in offered
        self._free = "LITERAL+" in offered
        self._binary = "BINARY" in offered
        self._on_the_way: deque[tuple[str, list[Outgoing]]] = deque()
        self._refused_bytes: int | None = None
        """The smallest message that was refused for want of room."""
        self.sending: list[Outgoing] = []
        """What was sent and has not been answered: a break may be the doing of one of these."""

    def append(self, messages: Iterable[Outgoing], *, singly: bool = False) -> None:
        """Append all of them in order, as far as the server takes them.

        Raises:
            MailError: the line broke; what is not settled may or may not have arrived.
        """
        for batch in _batches(messages, 1 if singly or not self._many else BATCH_MESSAGES):
            fitting = [each for each in batch if self._has_room(each)]
            if not fitting:
                continue
            self._on_the_way.append((self._send(fitting), fitting))
            while len(self._on_the_way) >= (IN_FLIGHT if self._free and not singly else 1):
                self._settle_next()
        while self._on_the_way:
            self._settle_next()

    def check(self, first_uid: int) -> None:
        """Ask for what went in, and note what the server made of it.

        Raises:
            MailError: the line broke.
        """
        report = self._report
        if not report.unchecked and not report.nameless:
            return
        self._connection.wait(self._connection.send(b"NOOP"))
        first_uid = min(report.unchecked, default=first_uid)
        listed = list_messages(self._connection, b"%d:*" % first_uid, flags=True)
        there = {found.uid: found for found in listed if found.uid >= first_uid}
        if report.nameless and not report.unchecked and len(there) == len(report.nameless):
            report.unchecked = dict(zip(there, report.nameless, strict=True))
        for uid, line in report.unchecked.items():
            if uid in there:
                self._compare(line, there[uid])
        report.unchecked, report.nameless = {}, []

    def _has_room(self, message: Outgoing) -> bool:
        if self._refused_bytes is None or len(message.raw) < self._refused_bytes:
            return True
        self._give_up(message, TOO_FULL.format("a smaller message was refused for want of room"))
        return False

    def _settle_next(self) -> None:
        tag, batch = self._on_the_way.popleft()
        try:
            self._take(tag, batch)
            return
        except CommandRefusedError as why:
            refused = why
        # What is on the way already goes first; then each message of this batch alone.
        behind, self._on_the_way = self._on_the_way, deque()
        again = [(batch, refused)]
        for later, others in behind:
            try:
                self._take(later, others)
            except CommandRefusedError as why:
                again.append((others, why))
        for messages, said in again:
            for message in messages:
                if len(messages) > 1:
                    self._send_alone(message)
                else:
                    self._send_lesser(message, said)

    def _send_alone(self, message: Outgoing) -> None:
        if not self._has_room(message):
            return
        try:
            self._take(self._send([message]), [message])
        except CommandRefusedError as why:
            self._send_lesser(message, why)

    def _send_lesser(self, message: Outgoing, refused: CommandRefusedError) -> None:
        """A message was refused alone: try it with less.

        Raises:
            CommandRefusedError: the server asks to come again later.
        """
        if refused.response_code in LATER:
            raise refused
        if refused.response_code in FULL or "quota" in refused.said.lower():
            smallest = self._refused_bytes
            self._refused_bytes = len(message.raw) if smallest is None else min(smallest, len(message.raw))
            self._give_up(message, TOO_FULL.format(refused.said))
            return
        keywords = any(not flag.startswith("\\") for flag in message.line.flags)
        dated = bool(message.line.received)
        lesser = [(False, True)] * keywords + [(True, False)] * dated + [(False, False)] * (keywords and dated)
        for with_keywords, with_date in lesser:
            try:
                self._take(self._send([message], keywords=with_keywords, date=with_date), [message])
                return
            except CommandRefusedError as again:
                refused = again
        self._give_up(message, f"the server refuses it: {refused.said}")

    def _give_up(self, message: Outgoing, why: str) -> None:
        self._report.failures.append((message.line, why))
        self._report.settled.add(message.line.uid)

    def _send(self, batch: Sequence[Outgoing], *, keywords: bool = True, date: bool = True) -> str:
        parts: list[Part] = [b"APPEND ", self._head]
        for message in batch:
            flags = [each for each in message.line.flags if is_flag(each) and (keywords or each.startswith("\\"))]
            parts.append(b" " + flag_list(flags) if flags else b"")
            parts.append(b" " + date_time(message.line.received) if date and message.line.received else b"")
            parts.append(b" ")
            parts.append(Literal(message.raw, binary=self._binary and b"\0" in message.raw))
        self.sending.extend(batch)
        return self._connection.send(*parts)

    def _take(self, tag: str, batch: list[Outgoing]) -> None:
        """Take the end of a command, and where the messages are now.

        Raises:
            CommandRefusedError: none of them went in.
        """
        try:
            done = self._connection.wait(tag)
        except CommandRefusedError:
            self._is_known(batch)
            raise
        self._is_known(batch)
        self._report.added += len(batch)
        self._report.added_bytes += sum(len(each.raw) for each in batch)
        self._report.settled.update(each.line.uid for each in batch)
        said = done.status_code("APPENDUID")
        uids = _set(said.code_values[1], len(batch)) if said and len(said.code_values) > 1 else []
        if len(uids) == len(batch):
            for uid, each in zip(uids, batch, strict=True):
                self._known[uid] = each.line.sha256
                self._report.unchecked[uid] = each.line
        else:
            self._report.nameless.extend(each.line for each in batch)

    def _is_known(self, batch: list[Outgoing]) -> None:
        gone = {each.line.uid for each in batch}
        self.sending = [each for each in self.sending if each.line.uid not in gone]

    def _compare(self, line: MessageLine, there: Found) -> None:
        has = {flag.lower() for flag in there.flags}
        for flag in line.flags:
            if flag.lower() not in has:
                self._report.lost_flags[flag] += 1
        moment = received_moment(line.received)
        if moment is not None and there.moment != moment:
            self._report.changed_dates += 1
        if there.size_bytes != line.size_bytes:
            self._report.failures.append(
                (line, f"the server keeps it with other bytes: {line.size_bytes:,} became {there.size_bytes:,}")
            )


def _batches(messages: Iterable[Outgoing], most: int) -> Iterator[list[Outgoing]]:
    batch: list[Outgoing] = []
    size = 0
    for message in messages:
        if batch and (len(batch) >= most or size + len(message.raw) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message.raw)
    if batch:
        yield batch


def _set(value: Value, most: int) -> list[int]:
    """UIDs of a set such as `7:9,12`, in its order; none when there are more than can be."""
    if not isinstance(value, str):
        return []
    out: list[int] = []
    for run in value.split(",")[: most + 1]:
        first, _, last = run.partition(":")
        start, end = number(first), number(last or first)
        if not start or end < start or end - start >= most:
            return []
        out.extend(range(start, end + 1))
    return out
