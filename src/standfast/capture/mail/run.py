"""One run of a capture of mail: which folders to work on, what comes of them, and what may be said at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from standfast import clock
from standfast.capture.landing import Failure, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.mail.folder_work import FolderWork, index_headers
from standfast.capture.mail.folders import Folder, Listing
from standfast.capture.mail.message import SignatureCheck, land_message
from standfast.capture.mail.state import (
    AccountMemo,
    FolderMark,
    FolderMemo,
    Kept,
    read_folder_memo,
    write_account_memo,
    write_folder_memo,
)
from standfast.capture.mail.tasks import Dead, Done, Examined, Fetched, NotFetched, Reply, Task
from standfast.capture.mail.workers import Workers
from standfast.clock import Clock
from standfast.holdings.item import MailboxFacts
from standfast.holdings.mailbox import MEDIA_TYPE

ACTIVE_FOLDERS = 6
"""How many are worked on at once: their lists stand in memory."""
PARTIAL_MESSAGES = 5_000
PARTIAL_S = 20.0
"""A folder is written down on the way when so much came, or after so long: a cut costs no more than that."""
MEET_BATCH = 1_000
MEMO_LIMIT = 64 * 1024 * 1024
DIGEST_BYTES = 32
PARTIAL = "a part of the folder: the capture was on its way"

HeaderIndex = dict[tuple[bytes, int, str], Kept | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run keeps to."""

    max_message_bytes: int
    reread: bool = False
    """Nothing that is remembered is believed."""


@dataclass(slots=True)
class _Active:
    """A folder that is worked on."""

    work: FolderWork
    by_header: HeaderIndex | None = None
    since: int = 0
    """Messages that came since its list was last written."""
    written_at: float = 0.0


@dataclass(slots=True)
class _Account:
    """What is known of the account at the end of a run."""

    marks: dict[bytes, FolderMark] = field(default_factory=dict)
    digests: dict[bytes, bytes] = field(default_factory=dict)
    """Of the messages of each folder that was worked on, one after another."""
    vanished: bool = False
    failed: bool = False
    """Something is not held that is there."""
    unsure: bool = False
    """A folder could not be looked into: nothing may be called gone."""


class MailRun:
    """See the module. Used once, by one thread."""

    def __init__(
        self,
        *,
        seen: Seen,
        workers: Workers,
        listing: Listing,
        before: AccountMemo | None,
        limits: Limits,
        now: Clock,
        check: SignatureCheck | None,
    ) -> None:
        """`before`: what the last complete run left, if nothing was landed since."""
        self._seen, self._workers, self._listing, self._before = seen, workers, listing, before
        self._limits, self._now, self._check = limits, now, check
        self._active: dict[bytes, _Active] = {}
        self._todo: deque[Folder] = deque()
        self._still: list[Folder] = []
        self._same: dict[str, Kept] = {}
        self._landed: set[bytes] = set()
        self._account = _Account()
        self._candidates: list[Kept] = []
        self._known = self._wanted = self._came = self._bytes = 0
        self._mixed = False
        """Labels: a message may stand in many folders, and all of them in one that comes first."""

    def go(self) -> Iterator[LandingEvent]:
        """All events but the last."""
        for key, what, why in self._listing.failures:
            self._account.failed = True
            yield Failure(key=key, what=what, why=why)
        yield from self._sort_out()
        while self._todo or self._active:
            self._begin_more()
            reply = self._workers.get()
            if isinstance(reply, Dead):
                for active in list(self._active.values()):
                    if active.since:
                        yield self._list(active)
                raise reply.why
            yield from self._take(reply)

    def end(self) -> tuple[list[Unchanged], bool, bool, bytes]:
        """(what is still there, complete, all of it, what to remember): for `Finished`."""
        account, before = self._account, self._before
        complete = not account.unsure
        gone = before is None or account.vanished or any(mark.name not in self._marks() for mark in before.folders)
        if complete and gone:
            told, items, size = self._meet_all()
            complete = told is not None
            events = [Unchanged(keys=keys, size_bytes=0) for keys in told or ()]
        else:
            new = len(self._landed)
            items = (before.items if before else 0) + new
            size = (before.size_bytes if before else 0) + self._bytes
            rest = max(0, items - new - self._known)
            events = [Unchanged(keys=(), size_bytes=0, count=rest)] if complete else []
        memo = b""
        if complete and not account.failed:
            marks = self._marks()
            memo = write_account_memo([marks[each.raw] for each in self._listing.folders], items=items, size_bytes=size)
        return events, complete, not gone, memo

    def _marks(self) -> dict[bytes, FolderMark]:
        return self._account.marks

    def _sort_out(self) -> Iterator[LandingEvent]:
        """Which folders changed, and which seem to be others' new names."""
        folders = self._listing.folders
        marks = [folder.mark() for folder in folders]
        for at in range(0, len(folders), MEET_BATCH):
            several = slice(at, at + MEET_BATCH)
            pairs = [(f.key, m.mark()) for f, m in zip(folders[several], marks[several], strict=True)]
            for folder, mark, (_, told), same in zip(
                folders[several], marks[several], pairs, self._seen.unchanged(pairs), strict=True
            ):
                if same and told and not self._limits.reread:
                    self._still.append(folder)
                    self._account.marks[folder.raw] = mark
                else:
                    self._todo.append(folder)
        self._known += len(self._still)
        if self._still:
            yield Unchanged(keys=[folder.key for folder in self._still], size_bytes=0)
        everything = next((folder for folder in self._todo if folder.use.lower() == "\\all"), None)
        if everything is not None:  # messages of all labels stand there too: fetched once, from there
            self._todo.remove(everything)
            self._todo.appendleft(everything)
            self._mixed = True
        elif any(folder.use.lower() == "\\all" for folder in self._still):
            folder = next(folder for folder in self._still if folder.use.lower() == "\\all")
            self._learn_same(self._recall(folder))
        names = {folder.raw for folder in folders}
        for mark in self._before.folders if self._before else ():
            if mark.name not in names:
                memo = read_folder_memo(self._seen.recall(b"folder " + mark.name))
                self._candidates += memo.messages if memo else ()

    def _begin_more(self) -> None:
        while self._todo and len(self._active) < ACTIVE_FOLDERS:
            if self._mixed and self._active:
                return
            folder = self._todo.popleft()
            self._mixed = self._mixed and folder.use.lower() == "\\all" and bool(self._todo)
            memo = self._recall(folder)
            self._learn_same(memo)
            work = FolderWork(
                folder,
                memo,
                candidates=self._candidates if memo is None else (),
                max_message_bytes=self._limits.max_message_bytes,
            )
            self._active[folder.raw] = _Active(work, written_at=clock.monotonic_s())
            self._known += memo is not None
            work.outstanding = 1
            self._workers.put([work.first_task()])

    def _take(self, reply: Reply) -> Iterator[LandingEvent]:
        if isinstance(reply, Dead):
            return
        active = self._active[reply.task.folder.raw]
        work = active.work
        if isinstance(reply, Examined):
            tasks = work.examined(reply, self._same)
            self._put(work, tasks)
            self._workers.answered(work.folder.raw)
            self._wanted += len(work.wanted)
            yield Progress(done_count=self._came, total_count=self._came_of(), bytes_seen=self._bytes)
        elif isinstance(reply, Fetched):
            if reply.task.headers_only:
                if active.by_header is None:
                    active.by_header = index_headers(work.candidates)
                work.header(reply.uid, reply.raw, reply.received, active.by_header)
            else:
                yield from self._message(active, reply)
        elif isinstance(reply, NotFetched):
            if not (reply.task.headers_only and reply.why):  # what shows no header is asked for whole
                work.refuse(reply.uid, reply.why)
        else:
            yield from self._done(active, reply)

    def _came_of(self) -> int:
        return self._came + sum(len(each.work.wanted) for each in self._active.values())

    def _put(self, work: FolderWork, tasks: Iterable[Task]) -> None:
        told = list(tasks)
        work.outstanding += len(told)
        self._workers.put(told)

    def _message(self, active: _Active, reply: Fetched) -> Iterator[LandingEvent]:
        work = active.work
        kept = work.body(reply.uid, reply.raw, reply.sha256, reply.received)
        if kept is None:
            return
        active.since += 1
        self._came += 1
        if kept.same:
            self._same[kept.same] = kept
        if kept.sha256 not in self._landed:
            key = b"message " + kept.sha256
            if self._seen.unchanged([(key, kept.sha256)])[0]:
                self._known += 1
                yield Unchanged(keys=(key,), size_bytes=kept.size_bytes)
            else:
                self._landed.add(kept.sha256)
                self._bytes += kept.size_bytes
                yield land_message(
                    reply.raw,
                    sha256=reply.sha256,
                    captured_at=self._now(),
                    received=kept.received,
                    folders=(work.folder.shown,),
                    check=self._check,
                )
        now = clock.monotonic_s()
        enough = active.since >= max(PARTIAL_MESSAGES, len(work.kept) // 4)
        if work.wanted and (enough or now - active.written_at >= PARTIAL_S):
            active.since, active.written_at = 0, now
            yield self._list(active)

    def _done(self, active: _Active, reply: Done) -> Iterator[LandingEvent]:
        work = active.work
        work.outstanding -= 1
        if reply.why:
            work.failures.append((work.folder.shown, reply.why))
        if work.outstanding:
            return
        if work.found is not None:
            tasks = work.next_tasks()
            if tasks:
                self._put(work, tasks)
                return
        yield from self._finish(active)

    def _finish(self, active: _Active) -> Iterator[LandingEvent]:
        work, account = active.work, self._account
        del self._active[work.folder.raw]
        for what, why in work.failures:
            account.failed = True
            yield Failure(key=work.folder.key, what=what, why=why)
        if work.found is None or (work.failures and not work.complete and not work.kept and work.memo):
            account.unsure = True  # it could not be looked into; what is held of it stays
            return
        if work.changed():
            yield self._list(active)
        else:
            yield Unchanged(keys=(work.folder.key,), size_bytes=0)
        account.vanished = account.vanished or work.vanished
        mark = work.mark
        account.marks[work.folder.raw] = mark if mark is not None else work.folder.mark()
        account.digests[work.folder.raw] = b"".join(each.sha256 for each in work.kept.values())

    def _list(self, active: _Active) -> Landed:
        """The folder as an item: all of it, or what is held so far."""
        work = active.work
        raw, cuts, memo = work.content()
        mark = work.mark
        quality = "complete"
        if work.stage != "done":
            quality = PARTIAL
        elif work.failures:
            quality = f"not all of the folder: {len(work.failures)} failure(s)"
        remembered = write_folder_memo(memo)
        return Landed(
            key=work.folder.key,
            mark=mark.mark() if mark is not None else b"",
            memo=remembered if len(remembered) <= MEMO_LIMIT else b"",
            untrusted_name=work.folder.name,
            media_type=MEDIA_TYPE,
            captured_at=self._now(),
            quality=quality,
            facts=MailboxFacts(folder=work.folder.shown, messages=len(memo.messages), use=work.folder.use),
            content=raw,
            cuts=cuts,
        )

    def _recall(self, folder: Folder) -> FolderMemo | None:
        return None if self._limits.reread else read_folder_memo(self._seen.recall(folder.key))

    def _learn_same(self, memo: FolderMemo | None) -> None:
        for each in memo.messages if memo else ():
            if each.same:
                self._same[each.same] = each

    def _meet_all(self) -> tuple[list[list[bytes]] | None, int, int]:
        """Keys of every message that stands in any folder, in batches; None where that can't be told."""
        digests: dict[bytes, int] = {}
        for folder in self._still:
            memo = self._recall(folder)
            if memo is None:
                return None, 0, 0
            digests.update((each.sha256, each.size_bytes) for each in memo.messages)
        for joined in self._account.digests.values():
            for at in range(0, len(joined), DIGEST_BYTES):
                digests.setdefault(joined[at : at + DIGEST_BYTES], 0)
        keys = [b"message " + each for each in digests if each not in self._landed]
        batches = [keys[at : at + MEET_BATCH] for at in range(0, len(keys), MEET_BATCH)]
        return batches, len(digests) + len(self._listing.folders), sum(digests.values())
