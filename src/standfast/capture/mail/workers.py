"""Threads that speak with the server, one a connection, and the tasks that wait for them.

A connection that breaks is made again after a pause, and what it had in flight is asked for again: messages that had
come already are not. A second connection that the server does not allow is done without. What a server can't give out,
a message at which the line breaks each time, is found by asking for it alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from standfast.capture.mail.exchange import SETTLE, Session, read_fetched
from standfast.capture.mail.tasks import Dead, Done, Examine, Fetch, Fetched, NotFetched, Reply, Task
from standfast.errors.base import StandfastError
from standfast.errors.mail import CommandRefusedError, MailError, MailServerUntrustedError, StrangeAnswerError
from standfast.imap.connection import Connection
from standfast.imap.responses import Data

IN_FLIGHT = 4
AHEAD_BYTES = 32 * 1024 * 1024
"""Messages that have come and wait to be sealed."""
TOGETHER, TOGETHER_BYTES = 32, 1024 * 1024
"""So many are handed over at once: two threads that wake each other at each message get little else done."""
TRIES_IN_VAIN = 8
"""In a row, without one message having come; with pauses that double, about a minute."""
TRIES_OF_ONE = 3
ALONE_FROM = 2
"""A batch at which the line broke as often as this is fetched message by message."""
LONGEST_PAUSE_S = 60.0
UNASKED_LIMIT = 100_000
"""Answers in a row that belong to no batch: others' changes to flags come so, a few at a time."""
ANSWER_S = 5.0
"""How long a worker that examined a folder waits for its first batch, so as not to select it twice."""

Opener = Callable[[], Connection]


@dataclass(slots=True)
class _State:
    """What the threads share, under one lock."""

    examine: deque[Examine] = field(default_factory=deque)
    fetch: dict[bytes, deque[Fetch]] = field(default_factory=dict)
    replies: deque[Reply] = field(default_factory=deque)
    waiting_bytes: int = 0
    expected: set[bytes] = field(default_factory=set)
    """Folders that were examined, and whose batches are being made."""
    in_vain: int = 0
    stopped: bool = False
    alive: int = 0


class Workers:
    """See above. Used by one thread; close it."""

    def __init__(self, opener: Opener, first: Connection, count: int, *, first_pause_s: float = 0.5) -> None:
        """`first`: a connection that is open; it is closed here. `count`: how many there may be."""
        self._open = opener
        self._first_pause_s = first_pause_s
        self._state = _State()
        self._changed = threading.Condition(threading.RLock())
        self._connections: set[Connection] = set()
        self._threads: list[threading.Thread] = []
        self._unstarted = max(0, count - 1)
        self._start(first)

    def put(self, tasks: Iterable[Task]) -> None:
        """More to do."""
        with self._changed:
            for task in tasks:
                self._put(task)
            waiting = len(self._state.examine) + sum(map(len, self._state.fetch.values()))
            more = waiting > IN_FLIGHT and self._unstarted > 0
            self._unstarted -= more
            self._changed.notify_all()
        if more:
            self._start(None)

    def get(self) -> Reply:
        """What came next; waits for it. With tasks on their way something always comes."""
        with self._changed:
            while not self._state.replies:
                self._changed.wait()
            reply = self._state.replies.popleft()
            if isinstance(reply, Fetched):
                full = self._state.waiting_bytes > AHEAD_BYTES
                self._state.waiting_bytes -= len(reply.raw)
                if full:
                    self._changed.notify_all()
            return reply

    def answered(self, raw: bytes) -> None:
        """The batches of an examined folder are there, or there are none."""
        with self._changed:
            self._state.expected.discard(raw)
            self._changed.notify_all()

    def close(self) -> None:
        """End the threads and their connections, at once."""
        with self._changed:
            self._state.stopped = True
            for connection in self._connections:
                connection.close()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _start(self, first: Connection | None) -> None:
        thread = threading.Thread(target=self._work, args=(first,), name="mail", daemon=True)
        self._threads.append(thread)
        with self._changed:
            self._state.alive += 1
        thread.start()

    def _put(self, task: Task, *, front: bool = False) -> None:
        where: deque[Examine] | deque[Fetch]
        if isinstance(task, Examine):
            where = self._state.examine
        else:
            where = self._state.fetch.setdefault(task.folder.raw, deque())
        if front:
            where.appendleft(task)  # type: ignore[arg-type]
        else:
            where.append(task)  # type: ignore[arg-type]

    def _reply(self, *replies: Reply) -> None:
        if not replies:
            return
        with self._changed:
            state = self._state
            size = sum(len(each.raw) for each in replies if isinstance(each, Fetched))
            while size and state.waiting_bytes > AHEAD_BYTES and not state.stopped:
                self._changed.wait()
            state.waiting_bytes += size
            if not isinstance(replies[0], Dead):
                state.in_vain = 0
            state.replies.extend(replies)
            self._changed.notify_all()

    def _next(self, selected: bytes | None) -> Task | None:
        """A task for a connection that has this folder selected; None when there is none, or at the end."""
        with self._changed:
            state = self._state
            while not state.stopped:
                mine = state.fetch.get(selected) if selected is not None else None
                if mine:
                    return mine.popleft()
                if selected in state.expected:
                    if not self._changed.wait(ANSWER_S):
                        state.expected.discard(selected or b"")
                    continue
                if state.examine:
                    return state.examine.popleft()
                most = max(state.fetch.values(), key=len, default=None)
                if most:
                    return most.popleft()
                self._changed.wait()
            return None

    def _work(self, first: Connection | None) -> None:
        session: Session | None = None
        try:
            if first is not None:
                session = self._session(first)
            elif (session := self._second()) is None and self._leaves(for_good=True):
                return
            while (task := self._next(_selected(session))) is not None:
                under_way: list[Task] = [task]
                try:
                    if session is None:
                        session = self._session(self._open())
                    if isinstance(task, Examine):
                        self._examine(session, task)
                    else:
                        self._fetch(session, task, under_way)
                except StandfastError as why:
                    connected = session is not None
                    self._leave(session)
                    session = None
                    if not self._again(under_way, why, connected):
                        return
        except BaseException as why:  # a defect of ours must not leave the capture waiting for ever
            self._reply(Dead(why=why if isinstance(why, Exception) else RuntimeError(repr(why))))
            if not isinstance(why, Exception):
                raise
        finally:
            self._leave(session)

    def _leaves(self, *, for_good: bool) -> bool:
        """This thread may go, since another one stays; the last one never does. Whoever goes is counted at once.

        `for_good`: the server does not allow as many, and is not asked again in this run.
        """
        with self._changed:
            if self._state.alive <= 1:
                return False
            self._state.alive -= 1
            self._unstarted += not for_good
            self._changed.notify_all()
            return True

    def _second(self) -> Session | None:
        """One connection more, if the server allows it."""
        try:
            return self._session(self._open())
        except MailError:
            return None

    def _session(self, connection: Connection) -> Session:
        with self._changed:
            self._connections.add(connection)
            if self._state.stopped:
                connection.close()
        return Session(connection)

    def _leave(self, session: Session | None) -> None:
        if session is not None:
            with self._changed:
                self._connections.discard(session.connection)
            session.connection.close()

    def _examine(self, session: Session, task: Examine) -> None:
        try:
            found = session.examine(task)
        except CommandRefusedError as why:
            if why.response_code in SETTLE:
                raise
            self._reply(Done(task=task, why=str(why)))
            return
        with self._changed:
            self._state.expected.add(task.folder.raw)
        self._reply(found)
        self._reply(Done(task=task))

    def _fetch(self, session: Session, first: Fetch, under_way: list[Task]) -> None:
        """Work off batches of one folder, several in flight, until it has no more."""
        try:
            if not session.select(first):
                self._reply(Done(task=first, why="the server renumbered it while it was read"))
                return
        except CommandRefusedError as why:
            if why.response_code in SETTLE:
                raise
            self._reply(Done(task=first, why=str(why)))
            return
        if first.attempts >= ALONE_FROM:
            self._one_by_one(session, first)
            return
        in_flight = deque([(session.ask_bytes(first, first.uids), first)])
        fetch_of = dict.fromkeys(first.uids, first)
        while in_flight:
            while len(in_flight) < IN_FLIGHT and (more := self._next_batch(first.folder.raw)) is not None:
                under_way.append(more)
                in_flight.append((session.ask_bytes(more, more.uids), more))
                fetch_of.update(dict.fromkeys(more.uids, more))
            tag, fetch = in_flight.popleft()
            refused = self._take(session, tag, fetch_of)
            if refused is not None and refused.response_code in SETTLE:
                raise refused
            under_way.remove(fetch)
            if fetch.uids:  # refused, or not all came: each is asked for by itself, which tells which
                for uid in fetch.uids:
                    del fetch_of[uid]
                fetch.attempts = ALONE_FROM
                with self._changed:
                    self._put(fetch)
            else:
                self._reply(Done(task=fetch))

    def _next_batch(self, selected: bytes) -> Fetch | None:
        """One more batch that may be in flight with others."""
        with self._changed:
            waiting = self._state.fetch.get(selected)
            if not waiting or self._state.stopped or waiting[0].attempts >= ALONE_FROM:
                return None
            return waiting.popleft()

    def _one_by_one(self, session: Session, fetch: Fetch) -> None:
        """A batch that did not come as a whole."""
        while fetch.uids:
            uid = fetch.uids[0]
            refused = self._take(session, session.ask_bytes(fetch, [uid]), {uid: fetch})
            if fetch.uids and fetch.uids[0] == uid:
                if refused is not None and refused.response_code in SETTLE:
                    raise refused
                why = str(refused) if refused else "the server names it and does not give it out"
                self._not_fetched(fetch, uid, why if uid in session.still_there([uid]) else "")
        self._reply(Done(task=fetch))

    def _not_fetched(self, fetch: Fetch, uid: int, why: str) -> None:
        fetch.uids.remove(uid)
        fetch.attempts = ALONE_FROM
        self._reply(NotFetched(task=fetch, uid=uid, why=why))

    def _take(self, session: Session, tag: str, fetch_of: dict[int, Fetch]) -> CommandRefusedError | None:
        """Hand over what comes until a batch ends."""
        unasked = size = 0
        came: list[Reply] = []
        try:
            for answer in session.connection.results(tag):
                reply = None
                if isinstance(answer, Data) and answer.kind == "FETCH":
                    reply = read_fetched(answer, fetch_of)
                    if reply is not None:
                        del fetch_of[reply.uid]
                        reply.task.uids.remove(reply.uid)
                        came.append(reply)
                        size += len(reply.raw) if isinstance(reply, Fetched) else 0
                        if len(came) >= TOGETHER or size >= TOGETHER_BYTES:
                            self._reply(*came)
                            came, size = [], 0
                unasked = 0 if reply is not None else unasked + 1
                if unasked > UNASKED_LIMIT:
                    raise StrangeAnswerError("the server tells without end what nobody asked for")
        except CommandRefusedError as why:
            return why
        finally:
            self._reply(*came)
        return None

    def _again(self, under_way: list[Task], why: StandfastError, connected: bool) -> bool:
        """Put back what was under way, and pause; False when this thread is of no more use."""
        with self._changed:
            state = self._state
            if state.stopped:
                return False
            state.in_vain += 1
            for task in reversed(under_way):
                self._put(task, front=True)
            self._changed.notify_all()
            if connected:
                self._blame(under_way[0], why)
            if not connected and self._leaves(for_good=False):
                return False
            if state.in_vain > TRIES_IN_VAIN or isinstance(why, MailServerUntrustedError):
                state.replies.append(Dead(why=why))
                self._changed.notify_all()
                return False
            pause_s = min(LONGEST_PAUSE_S, self._first_pause_s * 2 ** (state.in_vain - 1))
            self._changed.wait_for(lambda: state.stopped, pause_s)
            return not state.stopped

    def _blame(self, task: Task, why: StandfastError) -> None:
        """The task that was being answered when the line broke: one that breaks it each time is given up."""
        task.attempts += 1
        if isinstance(task, Examine):
            if task.attempts > TRIES_OF_ONE:
                self._state.examine.remove(task)
                self._state.replies.append(Done(task=task, why=str(why)))
        elif task.attempts >= ALONE_FROM + TRIES_OF_ONE and task.uids:
            uid = task.uids.pop(0)
            task.attempts = ALONE_FROM
            self._state.replies.append(NotFetched(task=task, uid=uid, why=str(why)))
        self._changed.notify_all()


def _selected(session: Session | None) -> bytes | None:
    return session.selected[0] if session is not None and session.selected else None
