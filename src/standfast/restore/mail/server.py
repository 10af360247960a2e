"""Restores mail to another server: folders, messages byte for byte, flags, keywords, dates, in their order.

- What is there already stays as it is, unopened and unflagged; a second run adds nothing.
- A line that breaks is taken up again where it was; so is a run that was cut off, by the next one.
- What the server refuses, or changes, is listed with its own words, and the rest goes on.
- Bytes are compared with their record before they leave.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from standfast.clock import Clock, machine_clock, monotonic_s
from standfast.errors.base import StandfastError
from standfast.errors.mail import CommandRefusedError, MailError, MailServerLostError
from standfast.holdings.mailbox import MailboxHead, MessageLine
from standfast.imap.access import ImapAccess
from standfast.imap.connection import Connection
from standfast.restore.mail.choice import NOT_SELECTABLE, ChosenFolder, ChosenMail, MailChoice, choose_mail
from standfast.restore.mail.server_append import LATER, Appender, Outgoing, Report
from standfast.restore.mail.server_folders import ServerFolders
from standfast.restore.mail.server_index import FolderState, Presence, examine
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of

READERS = 2
READ_AHEAD_BYTES = 16 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 512 * 1024 * 1024
TRIES = 6
"""How often a line is taken up again without anything having come of it in between."""
PAUSES_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
BREAKS = 2
"""A message on which the line broke that often, alone, is given up."""
WORTH_A_SECOND_LINE = 200
"""Messages. A server waits for its disk at each command: over two lines it waits for two at once."""
NOT_HELD = "the message is not held: it could not be captured, or was withdrawn"


def restore_to_server(
    reader: HoldingsReader,
    origin: str,
    access: ImapAccess,
    *,
    choice: MailChoice | None = None,
    at: datetime | None = None,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
    timeout_s: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> RestoreResult:
    """Restore a mail origin, or the mail of an export, to an account.

    Args:
        reader: over any copy.
        origin: its name.
        access: the account; it may hold mail.
        choice: a part of it.
        at: as the mailbox was then.
        tell: progress, in messages.
        clock: for the loss.
        timeout_s: for each wait on the server.
        sleep: waits before a line is taken up again.

    Raises:
        NothingHeldError: nothing fits.
        MailServerLostError: the server can't be reached, or not any more; what was brought there stays.
        MailServerUntrustedError, LogInRefusedError, SecretMissingError: nothing was sent.
    """
    began = monotonic_s()
    chosen = choose_mail(reader, origin, choice, at=at)
    target = f"{'imaps' if access.security == 'tls' else 'imap'}://{access.user}@{access.shown}"
    result = RestoreResult(origin=origin, kind="mail", to=target, loss_s=loss_of(chosen.items(), clock()))
    for name, why in chosen.unreadable:
        result.fail(name, why)
    _Restoring(reader, access, chosen, result, tell, timeout_s, sleep).go()
    if chosen.cards:
        result.notes.append(f"{len(chosen.cards):,} contacts and calendar entries are for another kind of server")
    result.recovery_time_s = monotonic_s() - began
    return result


class _Restoring:
    """One restore. Keeps what is settled, so that a new line goes on where the old one broke."""

    def __init__(
        self,
        reader: HoldingsReader,
        access: ImapAccess,
        chosen: ChosenMail,
        result: RestoreResult,
        tell: Tell | None,
        timeout_s: float,
        sleep: Callable[[float], None],
    ) -> None:
        self._reader, self._access, self._chosen, self._result = reader, access, chosen, result
        self._tell, self._timeout_s, self._sleep = tell, timeout_s, sleep
        self._done, self._total = 0, chosen.message_count
        self._known: dict[tuple[bytes, int], dict[int, str]] = {}
        self._singly: set[str] = set()
        """Folders in which a line broke: their messages are sent one by one."""
        self._breaks: Counter[tuple[str, int]] = Counter()
        self._placed: dict[str, str] = {}
        self._lock = threading.Lock()
        self._todo = deque(
            folder
            for folder in chosen.folders
            if folder.lines or not NOT_SELECTABLE & {each.lower() for each in folder.head.attributes}
        )
        self._reports = {id(folder): Report() for folder in self._todo}
        self._second: Connection | None = None
        self._ended = False

    def go(self) -> None:
        """Bring every folder back, over as many lines as it takes.

        Raises:
            MailError: nothing comes of it any more.
        """
        with ThreadPoolExecutor(READERS, "read") as readers, ThreadPoolExecutor(1, "second line") as helper:
            try:
                if self._total >= WORTH_A_SECOND_LINE and len(self._todo) > 1:
                    helping = helper.submit(self._help, readers)
                    self._persist(readers)
                    helping.result()
                # What the second line left undone when it broke.
                self._persist(readers)
            finally:
                self._ended = True
                if (second := self._second) is not None:
                    second.close()

    def _persist(self, readers: ThreadPoolExecutor) -> None:
        """Work until nothing is left to do, over one line after another."""
        tries = before = 0
        while self._todo:
            try:
                with Connection.open(self._access, timeout_s=self._timeout_s) as connection:
                    self._work(connection, readers)
            except (MailServerLostError, CommandRefusedError) as why:
                if isinstance(why, CommandRefusedError) and why.response_code not in LATER:
                    raise
                settled = sum(len(report.settled) for report in self._reports.values())
                tries, before = (tries + 1 if settled == before else 0), settled
                if tries >= TRIES:
                    raise
                self._sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])

    def _help(self, readers: ThreadPoolExecutor) -> None:
        """Work along over a second line, which the server need not grant: what breaks here the first one does."""
        with suppress(MailError), Connection.open(self._access, timeout_s=self._timeout_s) as connection:
            self._second = connection
            self._work(connection, readers)

    def _work(self, connection: Connection, readers: ThreadPoolExecutor) -> None:
        folders = ServerFolders.learn(connection)
        folders.placed = self._placed
        while not self._ended:
            with self._lock:
                if not self._todo:
                    return
                folder = self._todo.popleft()
            try:
                self._folder(connection, folders, folder, self._reports[id(folder)], readers)
            except BaseException:
                with self._lock:
                    self._todo.appendleft(folder)
                raise
            with self._lock:
                self._conclude(folder, self._reports[id(folder)])

    def _folder(
        self,
        connection: Connection,
        folders: ServerFolders,
        folder: ChosenFolder,
        report: Report,
        readers: ThreadPoolExecutor,
    ) -> None:
        lines = [line for line in folder.lines if line.uid not in report.settled]
        try:
            with self._lock:
                raw, name = folders.place(connection, folder.head)
            state = examine(connection, raw)
        except CommandRefusedError as why:
            if why.response_code in LATER:
                raise
            self._refuse(folder.head, lines, report, why)
            return
        self._say_where(folders, folder.head, name)
        state.known = self._known.setdefault((raw, state.uid_validity), {})
        missing = self._missing(connection, state, lines, report)
        appender = Appender(connection, raw, report, state.known)
        messages = _ahead(readers, missing, lambda line: self._read(line, report))
        try:
            appender.append(self._counted(messages, report), singly=folder.head.folder in self._singly)
            appender.check(state.uid_next or 1)
        except MailServerLostError:
            self._suspect(folder.head, appender.sending, report)
            raise
        finally:
            messages.close()

    def _missing(
        self, connection: Connection, state: FolderState, lines: Sequence[MessageLine], report: Report
    ) -> list[MessageLine]:
        presence = Presence(connection, state, lines)
        missing = []
        for line in lines:
            if presence.takes(line):
                report.settled.add(line.uid)
                report.there += 1
                self._step()
            elif presence.takes_but_for_line_ends(lambda line=line: self._bytes(line)):  # type: ignore[misc]
                report.settled.add(line.uid)
                report.failures.append((line, "the server keeps it with other line ends"))
                self._step()
            else:
                missing.append(line)
        return missing

    def _bytes(self, line: MessageLine) -> bytes:
        held = self._chosen.messages.get(line.sha256)
        with suppress(StandfastError, ValueError, OSError):
            return self._reader.read(held, MESSAGE_LIMIT_BYTES) if held else b""
        return b""

    def _read(self, line: MessageLine, report: Report) -> Outgoing | None:
        """Called by readers: what can't be read is listed, and not sent."""
        held = self._chosen.messages.get(line.sha256)
        try:
            if held is not None:
                return Outgoing(line, self._reader.read(held, MESSAGE_LIMIT_BYTES))
            why = NOT_HELD
        except (StandfastError, ValueError, OSError) as wrong:
            why = str(wrong)
        report.settled.add(line.uid)
        report.failures.append((line, why))
        return None

    def _counted(self, messages: Iterator[Outgoing | None], report: Report) -> Iterator[Outgoing]:
        for message in messages:
            self._step()
            if message is not None:
                yield message

    def _step(self) -> None:
        with self._lock:
            self._done = min(self._done + 1, self._total)
            if self._tell and self._done % 16 == 0:
                self._tell(self._done, self._total)

    def _suspect(self, head: MailboxHead, sending: list[Outgoing], report: Report) -> None:
        """The line broke. If it was a message's doing, it must not break every line to come."""
        self._singly.add(head.folder)
        if len(sending) == 1:
            line = sending[0].line
            self._breaks[head.folder, line.uid] += 1
            if self._breaks[head.folder, line.uid] >= BREAKS:
                report.settled.add(line.uid)
                report.failures.append((line, "the server hangs up when it is sent"))

    def _refuse(
        self, head: MailboxHead, lines: Sequence[MessageLine], report: Report, why: CommandRefusedError
    ) -> None:
        with self._lock:
            self._result.fail(head.folder, f"the server has no place for this folder: {why.said}")
        for line in lines:
            report.settled.add(line.uid)
            report.failures.append((line, "its folder was refused"))

    def _say_where(self, folders: ServerFolders, head: MailboxHead, name: str) -> None:
        note = f"the folder {head.folder} is {name} there"
        with self._lock:
            if name != folders.wanted_name(head) and note not in self._result.notes:
                self._result.notes.append(note)

    def _conclude(self, folder: ChosenFolder, report: Report) -> None:
        """A folder is done: count it, and list what is not as it was."""
        self._result.items += report.added + report.there
        self._result.bytes += report.added_bytes
        for line, why in report.failures:
            self._result.fail(f"{folder.head.folder}: message {line.uid} ({line.sha256[:16]})", why)
        for flag, count in sorted(report.lost_flags.items()):
            self._result.fail(folder.head.folder, f"the server does not keep {flag} of {count:,} message(s)")
        if report.changed_dates:
            self._result.fail(folder.head.folder, f"the server gives {report.changed_dates:,} message(s) another date")
        if self._tell:
            self._tell(self._done, self._total)


def _ahead(
    readers: ThreadPoolExecutor, lines: Sequence[MessageLine], read: Callable[[MessageLine], Outgoing | None]
) -> Generator[Outgoing | None, None, None]:
    """Messages in their order, some of them read while others are on their way."""
    waiting: deque[tuple[Future[Outgoing | None], int]] = deque()
    stopped = threading.Event()

    def unless_stopped(line: MessageLine) -> Outgoing | None:
        return None if stopped.is_set() else read(line)

    size, rest = 0, iter(lines)
    try:
        while True:
            while size < READ_AHEAD_BYTES and (line := next(rest, None)) is not None:
                waiting.append((readers.submit(unless_stopped, line), line.size_bytes))
                size += line.size_bytes
            if not waiting:
                return
            future, taken = waiting.popleft()
            size -= taken
            yield future.result()
    finally:
        stopped.set()
