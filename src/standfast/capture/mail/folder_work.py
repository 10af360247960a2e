"""One folder of one run: from what the server says and what is remembered to what must be fetched. No I/O.

1. *examined*: what stayed, with its flags of now; what came; what vanished.
2. *headers*, only where the folder was renumbered or seems to be another one's new name: which messages are known ones.
3. *sample*: a few of those are fetched whole; one that differs voids all (docs/decisions/0007).
4. *bodies*: the rest is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import msgspec

from standfast.capture.mail.folders import Folder
from standfast.capture.mail.state import VERSION, FolderMark, FolderMemo, Kept, header_digest
from standfast.capture.mail.tasks import Examine, Examined, Fetch, Row
from standfast.holdings.identifiers import escape_name
from standfast.holdings.mailbox import GREATEST, MailboxHead, MessageLine, flags_kept, write_mailbox
from standfast.imap.names import decode_name

BATCH_MESSAGES = 200
BATCH_BYTES = 8 * 1024 * 1024
HEADERS_BATCH = 400
SAMPLE = 16
BLOCK = 1_024
"""UIDs whose lines are cut off from others', so that a new version of a list shares the chunks that did not change."""

Stage = Literal["examine", "headers", "sample", "bodies", "done"]


@dataclass(slots=True)
class FolderWork:
    """The state of one folder. Used by one thread."""

    folder: Folder
    memo: FolderMemo | None
    candidates: Sequence[Kept] = ()
    """Messages of folders that are gone: this one may be one of them under a new name."""
    max_message_bytes: int = 0
    random: Random = field(default_factory=Random)
    stage: Stage = "examine"
    kept: dict[int, Kept] = field(default_factory=dict)
    wanted: dict[int, Row] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    """(what, why): these are asked for again next time."""
    vanished: bool = False
    """Something that was known is not there any more."""
    outstanding: int = 0
    """Tasks on their way."""
    found: Examined | None = None
    _matched: dict[int, Kept] = field(default_factory=dict)
    _asked_whole: bool = False

    def first_task(self, *, whole: bool = False) -> Examine:
        """The question to begin with."""
        memo = self.memo
        if memo is None:
            return Examine(folder=self.folder)
        changes = memo.complete and not whole
        return Examine(
            folder=self.folder,
            uid_validity=memo.uid_validity,
            highest_modseq=memo.highest_modseq if changes else 0,
            last_uid=memo.messages[-1].uid if memo.messages else 0,
        )

    def examined(self, found: Examined, same: Mapping[str, Kept]) -> list[Examine] | list[Fetch]:
        """Take in what the server says is there; returns what to ask next."""
        self.found = found
        memo = self.memo
        known: dict[int, Kept] = {}
        if memo is not None and memo.uid_validity == found.uid_validity != 0:
            known = {each.uid: each for each in memo.messages}
        elif memo is not None:
            self.candidates, self.vanished = memo.messages, True
        present = self._present(found, known)
        if len(present) != found.exists:
            if found.changes and not self._asked_whole:
                self._asked_whole = True
                return [self.first_task(whole=True)]
            why = f"the server counts {found.exists:,} messages and names {len(present):,}"
            self.failures.append((self.folder.shown, why))
        self.vanished = self.vanished or not known.keys() <= present
        for uid in sorted(present):
            row = found.rows.get(uid, Row())
            old = known.get(uid)
            if old is not None:
                self.kept[uid] = _updated(old, row)
            elif row.same and row.same in same:
                self.kept[uid] = _renamed(same[row.same], uid, row)
            elif row.size_bytes > self.max_message_bytes:
                self.refuse(uid, f"it has {row.size_bytes:,} bytes, more than {self.max_message_bytes:,}", row)
            else:
                self.wanted[uid] = row
        if self.candidates and self.wanted:
            self.stage = "headers"
            return self._batches(sorted(self.wanted), headers_only=True)
        self.stage = "bodies"
        return self._batches(sorted(self.wanted))

    def header(
        self, uid: int, raw: bytes, received: str, by_header: Mapping[tuple[bytes, int, str], Kept | None]
    ) -> None:
        """The header of a message that may be known under another number."""
        row = self.wanted.get(uid)
        match = by_header.get((header_digest(raw), row.size_bytes, received)) if row is not None else None
        if row is not None and match is not None:
            self._matched[uid] = _renamed(match, uid, row)

    def body(self, uid: int, raw: bytes, sha256: bytes, received: str) -> Kept | None:
        """The bytes of a message that was asked for, and their digest; None where it was not, or came already."""
        row = self.wanted.get(uid)
        if row is None:
            return None
        kept = Kept(
            uid=uid,
            size_bytes=len(raw),
            sha256=sha256,
            header=header_digest(raw),
            received=received,
            flags=flags_kept(row.flags or ()),
            labels=_labels(row.labels),
            same=row.same,
        )
        self.kept[uid] = kept
        del self.wanted[uid]
        if self.stage == "sample" and uid in self._matched and self._matched[uid].sha256 != kept.sha256:
            self._matched.clear()
        return kept

    def refuse(self, uid: int, why: str, row: Row | None = None) -> None:
        """A message that is not taken, and why; without a reason it was expunged meanwhile."""
        self.wanted.pop(uid, None)
        self._matched.pop(uid, None)
        if why:
            self.failures.append((f"{self.folder.shown}, message {uid}", why))

    def next_tasks(self) -> list[Fetch]:
        """What to ask when nothing is on its way any more; nothing when the folder is done."""
        if self.stage == "headers":
            self.stage = "sample"
            sample = self.random.sample(sorted(self._matched), min(SAMPLE, len(self._matched)))
            if sample:
                return self._batches(sorted(sample))
        if self.stage == "sample":
            for uid, kept in self._matched.items():
                if uid in self.wanted:
                    self.kept[uid] = kept
                    del self.wanted[uid]
            self.stage = "bodies"
            return self._batches(sorted(self.wanted))
        self.stage = "done"
        return []

    @property
    def complete(self) -> bool:
        """All that is there is held."""
        return self.stage == "done" and not self.failures and not self.wanted

    @property
    def mark(self) -> FolderMark | None:
        """The folder at the moment for which its list holds; None where that can't be told apart from others."""
        found = self.found
        if found is None or not self.complete:
            return None
        return FolderMark(
            *(self.folder.raw, self.folder.attributes, found.uid_validity, found.uid_next, found.exists),
            found.highest_modseq,
        )

    def changed(self) -> bool:
        """Whether a new version of the list says anything that the last one does not."""
        memo, found = self.memo, self.found
        if memo is None or found is None or not memo.complete or not self.complete:
            return True
        same_numbers = (memo.uid_validity, memo.highest_modseq) == (found.uid_validity, found.highest_modseq)
        return not same_numbers or memo.messages != self._messages()

    def content(self) -> tuple[bytes, tuple[int, ...], FolderMemo]:
        """The list's bytes, where they may be cut, and what to remember."""
        found, complete = self.found, self.complete
        messages = self._messages()
        modseq = found.highest_modseq if found and complete else 0
        validity = found.uid_validity if found else 0
        head = MailboxHead(
            attributes=self.folder.attributes,
            delimiter=self.folder.delimiter,
            folder=self.folder.shown,
            highest_modseq=modseq if modseq <= GREATEST else 0,
            uid_validity=validity,
            use=self.folder.use,
        )
        raw = write_mailbox(head, [_line(each) for each in messages])
        return raw, _cuts(raw, messages), FolderMemo(VERSION, validity, modseq, complete, messages)

    def _messages(self) -> list[Kept]:
        return [self.kept[uid] for uid in sorted(self.kept)]

    def _present(self, found: Examined, known: Mapping[int, Kept]) -> set[int]:
        if not found.changes:
            return set(found.rows)
        if found.present is not None:
            return set(found.present)
        gone = _in_ranges(found.vanished, known)
        return (known.keys() - gone) | found.rows.keys()

    def _batches(self, uids: Iterable[int], *, headers_only: bool = False) -> list[Fetch]:
        assert self.found is not None
        out: list[Fetch] = []
        at: list[int] = []
        size = 0
        limit = HEADERS_BATCH if headers_only else BATCH_MESSAGES
        for uid in uids:
            more = 0 if headers_only else max(0, self.wanted[uid].size_bytes)
            if at and (len(at) >= limit or size + more > BATCH_BYTES):
                out.append(self._fetch(at, headers_only))
                at, size = [], 0
            at.append(uid)
            size += more
        if at:
            out.append(self._fetch(at, headers_only))
        return out

    def _fetch(self, uids: list[int], headers_only: bool) -> Fetch:
        assert self.found is not None
        return Fetch(folder=self.folder, uid_validity=self.found.uid_validity, uids=uids, headers_only=headers_only)


def index_headers(candidates: Iterable[Kept]) -> dict[tuple[bytes, int, str], Kept | None]:
    """Known messages by what a header, a size and a date tell; None where they tell two contents."""
    out: dict[tuple[bytes, int, str], Kept | None] = {}
    for each in candidates:
        key = (each.header, each.size_bytes, each.received)
        before = out.setdefault(key, each)
        if before is not None and before.sha256 != each.sha256:
            out[key] = None
    return out


def _in_ranges(ranges: Sequence[tuple[int, int]], known: Mapping[int, Kept]) -> set[int]:
    gone: set[int] = set()
    for first, last in ranges:
        if last - first < len(known):
            gone.update(uid for uid in range(first, last + 1) if uid in known)
        else:
            gone.update(uid for uid in known if first <= uid <= last)
    return gone


def _updated(old: Kept, row: Row) -> Kept:
    if row.flags is None:
        return old
    flags, labels = flags_kept(row.flags), _labels(row.labels)
    if (flags, labels) == (old.flags, old.labels):
        return old
    return msgspec.structs.replace(old, flags=flags, labels=labels)


def _renamed(known: Kept, uid: int, row: Row) -> Kept:
    return msgspec.structs.replace(
        known, uid=uid, flags=flags_kept(row.flags or ()), labels=_labels(row.labels), same=row.same or known.same
    )


def _labels(raw: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted({escape_name(decode_name(each).encode("utf-8", "surrogateescape")) for each in raw if each}))


def _line(each: Kept) -> MessageLine:
    return MessageLine(
        flags=each.flags,
        labels=each.labels or msgspec.UNSET,
        received=each.received,
        sha256=each.sha256.hex(),
        size_bytes=each.size_bytes,
        uid=each.uid,
    )


def _cuts(raw: bytes, messages: Sequence[Kept]) -> tuple[int, ...]:
    """Where blocks of UIDs begin, so that most of a list's chunks are those of the version before."""
    cuts = []
    at = raw.find(b"\n") + 1
    block = messages[0].uid // BLOCK if messages else 0
    find: Callable[[bytes, int], int] = raw.find
    for each in messages:
        if each.uid // BLOCK != block:
            block = each.uid // BLOCK
            cuts.append(at)
        at = find(b"\n", at) + 1
    return tuple(cuts)
