r"""Captures a mailbox from a server that speaks IMAP, and leaves no trace there: EXAMINE and BODY.PEEK only.

What a run costs:

- nothing new: one question (LIST-STATUS with HIGHESTMODSEQ, RFC 5819 and 7162), and nothing of the memory is read;
- little new: the folders that changed are asked what changed (QRESYNC, else CONDSTORE, else all flags), and what came
  is fetched, 200 messages or 8 MB a command, several commands in flight, on two connections;
- a folder that was renumbered or renamed: its headers (docs/decisions/0007).

Each message is landed once, in whatever folders it stands. Each folder is landed as a list, after its messages, and on
the way too: so that a capture which is cut off, or whose account is closed in the middle, has lost nothing that was
acknowledged, and asks for none of that again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from standfast import clock as clocks
from standfast.capture.landing import Finished, LandingEvent, Seen, Unchanged
from standfast.capture.mail.folders import STATUS_ITEMS, Listing, list_command, other_namespaces, read_listing
from standfast.capture.mail.state import AccountMemo, read_account_memo
from standfast.capture.origin import MailOrigin
from standfast.clock import Clock
from standfast.errors.mail import CommandRefusedError
from standfast.imap.access import ImapAccess
from standfast.imap.commands import astring
from standfast.imap.connection import Connection
from standfast.imap.responses import Bounds, Data, Status

if TYPE_CHECKING:
    from standfast.capture.mail.message import SignatureCheck

SLOW_LINE_S = 0.02
"""A round trip as long as this is a line on which DEFLATE pays: what is nearer comes faster than it is compressed."""
LARGEST_BYTES = 1024 * 1024 * 1024
STATUS_IN_FLIGHT = 200


class MailCapture:
    """The capture of one account."""

    def __init__(
        self,
        origin: MailOrigin,
        access: ImapAccess,
        *,
        tool: str,
        clock: Clock,
        check: SignatureCheck | None = None,
        first_pause_s: float = 0.5,
        reread: bool = False,
    ) -> None:
        """Nothing is asked yet.

        Args:
            origin: what of the account is captured.
            access: how to log in.
            tool: for the record.
            clock: for `captured_at`.
            check: verifies DKIM and ARC; without it signatures are noted as not checked.
            first_pause_s: before a broken line is made again; each further one in a row is twice as long.
            reread: distrust what is remembered, and fetch every message again; what is held already is not held twice.
        """
        self.tool = tool
        self._origin, self._access, self._clock = origin, access, clock
        self._check = check
        self._first_pause_s, self._reread = first_pause_s, reread
        self._compress: bool | None = None

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """See the port `Capture`."""
        first = self._open()
        try:
            listing = self._list(first)
        except BaseException:
            first.close()
            raise
        before = None if self._reread else read_account_memo(seen.recall(b""))
        if before is not None and not listing.failures and _nothing_new(before, listing):
            first.leave()
            first.close()
            yield Unchanged(keys=(), size_bytes=before.size_bytes, count=before.items)
            yield _finished(listing, complete=True, all_still_there=True)
            return
        # Not before here: nothing new is what most runs find, and they should be short.
        from standfast.capture.mail.run import Limits, MailRun
        from standfast.capture.mail.workers import Workers

        workers = Workers(self._open, first, self._origin.connections, first_pause_s=self._first_pause_s)
        try:
            run = MailRun(
                seen=seen,
                workers=workers,
                listing=listing,
                before=before,
                limits=Limits(
                    max_message_bytes=min(self._origin.max_message_bytes, LARGEST_BYTES), reread=self._reread
                ),
                now=self._clock,
                check=self._check,
            )
            yield from run.go()
            still_there, complete, all_of_it, memo = run.end()
            yield from still_there
            yield _finished(listing, complete=complete, all_still_there=all_of_it, memo=memo)
        finally:
            workers.close()

    def _open(self) -> Connection:
        bounds = Bounds(literal_bytes=min(self._origin.max_message_bytes, LARGEST_BYTES))
        connection = Connection.open(self._access, bounds=bounds)
        try:
            began = clocks.monotonic_s()
            if connection.enable("QRESYNC") or self._compress is None:
                if not connection.enabled:
                    connection.wait(connection.send(b"NOOP"))
                round_trip_s = max(connection.line.connect_s, clocks.monotonic_s() - began)
                self._compress = round_trip_s >= SLOW_LINE_S
            if self._compress:
                connection.compress()
        except BaseException:
            connection.close()
            raise
        return connection

    def _list(self, connection: Connection) -> Listing:
        """All folders with what STATUS says of them: one round trip, one more where the server can't do it in one."""
        offered = connection.capabilities
        status = list(STATUS_ITEMS)
        if offered & {"CONDSTORE", "QRESYNC"}:
            status.append("HIGHESTMODSEQ")
        together = "LIST-STATUS" in offered
        special = "SPECIAL-USE" in offered and "LIST-EXTENDED" in offered
        answers: list[Data] = []
        tags = [connection.send(*list_command(special_use=special, status=status if together else ()))]
        if "NAMESPACE" in offered:
            tags.append(connection.send(b"NAMESPACE"))
        for tag in tags:
            answers += _data(connection, tag)
        listed = read_listing(answers, exclude=())
        for prefix in other_namespaces(answers):
            if not any(folder.raw.startswith(prefix) for folder in listed.folders):
                command = list_command(special_use=special, status=status if together else (), pattern=prefix + b"*")
                answers += _data(connection, connection.send(*command))
        utf8 = "UTF8=ACCEPT" in connection.enabled
        listing = read_listing(answers, exclude=self._origin.exclude, utf8=utf8)
        if not together:
            names = [folder.raw for folder in listing.folders]
            what = b" (" + " ".join(status).encode() + b")"
            for at in range(0, len(names), STATUS_IN_FLIGHT):
                tags = [connection.send(b"STATUS ", astring(name), what) for name in names[at : at + STATUS_IN_FLIGHT]]
                for tag in tags:
                    answers += _data(connection, tag, may_fail=True)
            listing = read_listing(answers, exclude=self._origin.exclude, utf8=utf8)
        return listing


def _data(connection: Connection, tag: str, *, may_fail: bool = False) -> list[Data]:
    out: list[Data] = []
    try:
        for answer in connection.results(tag):
            if not isinstance(answer, Status):
                out.append(answer)
    except CommandRefusedError:
        if not may_fail and not out:
            raise
    return out


def _nothing_new(before: AccountMemo, listing: Listing) -> bool:
    now = [folder.mark() for folder in listing.folders]
    return all(mark.mark() for mark in now) and now == before.folders


def _finished(listing: Listing, *, complete: bool, all_still_there: bool, memo: bytes = b"") -> Finished:
    """The last event."""
    passed_over = tuple(sorted(listing.passed_over.items()))
    return Finished(complete=complete, passed_over=passed_over, all_still_there=all_still_there, memo=memo)
