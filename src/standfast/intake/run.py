"""Brings one run of a capture in, in as many accessions as it needs. Stops at any point without loss."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from standfast import clock
from standfast.capture.landing import Capture, Failure, FileReference, Finished, Landed, Progress, Unchanged
from standfast.errors.base import StandfastError
from standfast.errors.vault import VaultWriteError
from standfast.holdings.identifiers import escape_name, item_id_of, new_item_ids
from standfast.holdings.item import MailFacts, Record, Relation
from standfast.intake.place import IntakePlace
from standfast.intake.screen import CHANGED, check_landed, screened_name, screened_type
from standfast.intake.seen import SeenState
from standfast.seal.derive import derive
from standfast.vault.manifests import STRANGERS_KINDS, EndLine, GoneLine, OriginLine

if TYPE_CHECKING:
    from standfast.intake.accession import Accession, Acknowledged
    from standfast.intake.sealing import Sealed

ACCESSION_BYTES = 1024 * 1024 * 1024
ACCESSION_ITEMS = 10_000
ACCESSION_S = 60.0
WORKERS = 2
BATCH_ITEMS = 48
BATCH_BYTES = 4 * 1024 * 1024
BATCHES_AHEAD = 6
EMPTIED_FROM = 10
"""An origin that held as much as this and shows nothing at all is not believed to be empty."""
SAY_EVERY_S = 0.1
IDS_AT_ONCE = 128
FAILURES_KEPT = 1_000
"""A result lists no more than these; the count goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatFailed:
    """Something that is not held, or not as it should be, and why."""

    what: str
    why: str


@dataclass(slots=True, kw_only=True)
class RunResult:
    """What one run of a capture brought. `ok` only when all there was is held."""

    name: str
    kind: str
    ok: bool = True
    items_seen: int = 0
    items_new: int = 0
    items_gone: int = 0
    bytes_seen: int = 0
    bytes_stored: int = 0
    duration_s: float = 0.0
    failures: list[WhatFailed] = field(default_factory=list)
    failure_count: int = 0
    passed_over: dict[str, int] = field(default_factory=dict)
    """Things that hold nothing to keep, by what they are."""
    accessions: list[int] = field(default_factory=list)

    def fail(self, what: str, why: str) -> None:
        """Note something that went wrong."""
        self.ok = False
        self.failure_count += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(WhatFailed(what=what, why=why))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run has come."""

    items_seen: int
    items_new: int
    bytes_seen: int
    total_count: int | None


Tell = Callable[[RunProgress], None]
Held = Callable[[Landed, Record], None]
"""Told of each thing that goes into an accession, under its record. Held for sure once the run has ended."""


def bring_in(
    place: IntakePlace,
    capture: Capture,
    *,
    origin: str,
    kind: str,
    location: str,
    tell: Tell | None = None,
    held: Held | None = None,
) -> RunResult:
    """Run a capture to its end and hold all it lands. Each accession on the way is acknowledged by itself.

    A capture that breaks off keeps what it brought until then: the run is partial, and the next one goes on.

    Raises:
        VaultWriteError: what was acknowledged before stays; nothing else is left.
    """
    seen = SeenState(place.folder.state / f"seen-{origin}.sqlite", place.dedup_key, origin, place.inventory_digest)
    try:
        with ThreadPoolExecutor(WORKERS, "seal") as workers:
            run = _Run(place, workers, seen, RunResult(name=origin, kind=kind), capture.tool, location, tell, held)
            return run.go(capture)
    finally:
        seen.close()


class _Run:
    """The loop between a capture and its accessions. One thread; sealing goes on in the workers beside it."""

    def __init__(
        self,
        place: IntakePlace,
        workers: ThreadPoolExecutor,
        seen: SeenState,
        result: RunResult,
        tool: str,
        location: str,
        tell: Tell | None,
        held: Held | None,
    ) -> None:
        self._held = held
        self._place, self._workers, self._seen, self._result = place, workers, seen, result
        self._tool, self._location, self._tell = tool, location, tell
        self._run = secrets.token_hex(8)
        self._runs = seen.begin_run(self._run) if seen.unfounded else ()
        self._started_at = clock.to_text(place.clock())
        self._began = time.monotonic()
        self._accession: Accession | None = None
        self._opened = 0.0
        self._submitted_items = self._submitted_bytes = 0
        self._batch: list[Landed] = []
        self._batch_bytes = 0
        self._sealing: deque[Future[list[Sealed]]] = deque()
        self._total: int | None = None
        self._say_next = 0.0
        self._ids: list[str] = []
        self._finished = Finished(complete=False)
        self._strangers = result.kind in STRANGERS_KINDS
        self._message_key = derive(place.dedup_strangers, "standfast/message-id/v1")

    def go(self, capture: Capture) -> RunResult:
        result = self._result
        complete = False
        events = capture.run(self._seen)
        try:
            try:
                for event in events:
                    complete = self._take(event) or complete
            except StandfastError as why:
                result.fail(self._location, f"{why}; {why.step()}")
                complete = False
            finally:
                close = getattr(events, "close", None)
                if close:
                    close()
            self._end(complete)
        except OSError as why:
            self._give_up()
            raise VaultWriteError(self._place.folder.root, why.strerror or str(why)) from why
        except BaseException:
            self._give_up()
            raise
        result.duration_s = time.monotonic() - self._began
        return result

    def _take(self, event: object) -> bool:
        """One event of the landing; True for the end of a complete run."""
        result = self._result
        if isinstance(event, Landed):
            why = check_landed(event)
            if why:
                result.fail(escape_name(event.untrusted_name[:200]), why)
                self._seen.meet([event.key])
                return False
            result.items_seen += 1
            self._land(event)
        elif isinstance(event, Unchanged):
            self._seen.meet(event.keys)
            result.items_seen += len(event.keys) + event.count
            result.bytes_seen += event.size_bytes
        elif isinstance(event, Failure):
            result.fail(event.what, event.why)
            if event.key:
                self._seen.meet([event.key])
        elif isinstance(event, Progress):
            self._total = event.total_count
        elif isinstance(event, Finished):
            result.passed_over = dict(event.passed_over)
            self._finished = event
            return event.complete
        self._say()
        return False

    def _land(self, landed: Landed) -> None:
        size = landed.content.size_bytes if isinstance(landed.content, FileReference) else len(landed.content)
        self._batch.append(landed)
        self._batch_bytes += size
        self._submitted_items += 1
        self._submitted_bytes += size
        if len(self._batch) >= BATCH_ITEMS or self._batch_bytes >= BATCH_BYTES:
            self._submit()
        full = self._submitted_items >= ACCESSION_ITEMS or self._submitted_bytes >= ACCESSION_BYTES
        if full or (self._accession and time.monotonic() - self._opened >= ACCESSION_S):
            self._close_accession()

    def _submit(self) -> None:
        if not self._batch:
            return
        accession = self._open_accession()
        self._sealing.append(self._workers.submit(accession.sealer.seal, self._batch))
        self._batch, self._batch_bytes = [], 0
        while len(self._sealing) > BATCHES_AHEAD or (self._sealing and self._sealing[0].done()):
            self._add(self._sealing.popleft().result())

    def _add(self, batch: list[Sealed]) -> None:
        accession, result, seen = self._open_accession(), self._result, self._seen
        for sealed in batch:
            landed = sealed.landed
            name = screened_name(landed)
            if sealed.failure:
                result.fail(name, sealed.failure)
                seen.meet([landed.key])
                continue
            result.bytes_seen += sealed.size_bytes
            settled = sealed.quality != CHANGED
            if not settled:
                result.fail(name, "it changed while it was read; it is held as it was read, and will be read again")
            before = seen.find(landed.key)
            content = bytes.fromhex(sealed.sha256)
            if before and before.mark == seen.hashed(landed.mark) and before.content == seen.hashed(content):
                seen.meet([landed.key])
                continue
            record = self._record(sealed, name, before.item if before else "")
            accession.add_item(record, sealed.chunks)
            seen.stage(
                landed.key,
                mark=landed.mark if settled else b"",
                content=content,
                memo=landed.memo,
                item=record.id,
            )
            result.items_new += 1
            if self._held:
                self._held(landed, record)
        self._say()

    def _record(self, sealed: Sealed, name: str, replaces: str) -> Record:
        landed = sealed.landed
        return Record(
            id=self._id(sealed),
            origin=self._result.name,
            name=name,
            sha256=sealed.sha256,
            blake3=sealed.blake3,
            size_bytes=sealed.size_bytes,
            media_type=screened_type(landed),
            captured_at=clock.to_text(landed.captured_at),
            tool=self._tool,
            quality=sealed.quality,
            facts=landed.facts,
            relations=(Relation(relation="replaces", item=replaces),) if replaces else (),
        )

    def _id(self, sealed: Sealed) -> str:
        """Random; but a message's is made from its bytes, so that it is the same from whatever origin it comes."""
        if isinstance(sealed.landed.facts, MailFacts):
            return item_id_of(blake2b(bytes.fromhex(sealed.sha256), key=self._message_key, digest_size=10).digest())
        if not self._ids:
            self._ids = new_item_ids(IDS_AT_ONCE)
        return self._ids.pop()

    def _open_accession(self) -> Accession:
        if self._accession is None:
            # Not before something is new: what seals takes a tenth of a second to load on a small machine.
            from standfast.intake.accession import Accession

            self._accession = Accession(self._place, self._workers, strangers=self._strangers)
            self._opened = time.monotonic()
            self._accession.add_line(
                OriginLine(
                    kind=self._result.kind,
                    location=self._location,
                    origin=self._result.name,
                    run=self._run,
                    started_at=self._started_at,
                )
            )
        return self._accession

    def _drain(self) -> None:
        self._submit()
        while self._sealing:
            self._add(self._sealing.popleft().result())

    def _close_accession(self) -> None:
        self._drain()
        if self._accession:
            self._keep(self._accession.close(self._seen.prepare))

    def _keep(self, done: Acknowledged) -> None:
        self._seen.keep(done.number, done.inventory)
        self._result.accessions.append(done.number)
        self._result.bytes_stored += done.stored_bytes
        self._accession = None
        self._submitted_items = self._submitted_bytes = 0

    def _end(self, complete: bool) -> None:
        """The last accession: what is gone, and the end of the run. A run that brought nothing makes none."""
        self._drain()
        self._say(at_once=True)
        known = self._finished.all_still_there and not self._seen.unfounded
        gone = list(self._seen.not_met()) if complete and not known else []
        if len(gone) >= EMPTIED_FROM and not self._result.items_seen:
            # More likely a disk that is not mounted, or a site that shows nothing, than a wish to have nothing.
            why = f"nothing is there, where {len(gone):,} things were held; they were not taken for gone"
            self._result.fail(self._location, why)
            gone, complete = [], False
        founding = complete and self._seen.unfounded
        if self._accession is None and not gone and not self._result.accessions and not founding:
            if complete and self._finished.memo:
                self._seen.end_run(self._finished.memo)
            return
        accession = self._open_accession()
        now = clock.to_text(self._place.clock())
        for _, item in gone:
            accession.add_line(GoneLine(at=now, item=item, origin=self._result.name))
        accession.add_line(
            EndLine(
                complete=complete,
                ended_at=now,
                origin=self._result.name,
                run=self._run,
                unchanged_count=self._result.items_seen - self._result.items_new,
                runs=self._runs if founding else (),
            )
        )
        self._result.items_gone = len(gone)
        self._keep(accession.close(self._seen.prepare))
        self._seen.drop([row for row, _ in gone])
        if complete:
            self._seen.end_run(self._finished.memo)

    def _give_up(self) -> None:
        """Wait for the workers, then leave nothing of the accession under way."""
        for future in self._sealing:
            future.cancel()
        for future in self._sealing:
            if not future.cancelled():
                future.exception()
        self._sealing.clear()
        if self._accession:
            self._accession.discard()
        self._seen.forget()

    def _say(self, *, at_once: bool = False) -> None:
        """Tell how far it has come, a few times a second: telling it of each item would cost as much as the item."""
        if self._tell and (at_once or time.monotonic() >= self._say_next):
            self._say_next = time.monotonic() + SAY_EVERY_S
            self._tell(
                RunProgress(
                    items_seen=self._result.items_seen,
                    items_new=self._result.items_new,
                    bytes_seen=self._result.bytes_seen,
                    total_count=self._total,
                )
            )
