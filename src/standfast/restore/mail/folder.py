"""Restores mail to a folder on this machine: as a Maildir, as mbox files, or as a tree of EML files.

- Every message is compared with its record while it is written; one that differs is taken away and listed.
- A second run adds nothing, and a run that was cut off is finished by the next one.
- What lies in the target is never changed: neither mail nor what a mail program made of it since.
- Contacts and calendar entries come too, a file each.
"""

from __future__ import annotations

import errno
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from standfast.clock import Clock, machine_clock, monotonic_s
from standfast.errors.base import StandfastError
from standfast.errors.restore import TargetUnusableError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.mail_listing import Form, Line, ListedFolder, listed_message
from standfast.restore.mail import eml, maildir, mbox
from standfast.restore.mail.cards import write_cards
from standfast.restore.mail.choice import ChosenFolder, ChosenMail, MailChoice, choose_mail
from standfast.restore.mail.disk_names import other_name
from standfast.restore.mail.listing import Listing
from standfast.restore.mail.maildir import MessageFile
from standfast.restore.mail.target import MailTarget, Parts, prepare_mail_target
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of
from standfast.vault.manifests import HeldItem

WORKERS = 2
BATCH_MESSAGES = 64
BATCH_BYTES = 16 * 1024 * 1024
IN_MEMORY_BYTES = 16 * 1024 * 1024
NOT_HELD = "the message is not held: it could not be captured, or was withdrawn"
_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_PLACES: dict[Form, Callable[[ChosenFolder], Parts]] = {
    "maildir": maildir.place_of,
    "mbox": mbox.place_of,
    "eml": eml.place_of,
}


def restore_mail(
    reader: HoldingsReader,
    origin: str,
    to: Path,
    *,
    form: Form = "maildir",
    choice: MailChoice | None = None,
    at: datetime | None = None,
    force: bool = False,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
) -> RestoreResult:
    """Restore a mail origin into a folder.

    Args:
        reader: over any copy.
        origin: its name.
        to: a new or empty folder, or one that the same origin was restored to before; any with `force`.
        form: what it becomes.
        choice: a part of it.
        at: as the mailbox was then.
        force: add to what lies there. Nothing is replaced.
        tell: progress, in messages.
        clock: for the loss.

    Raises:
        NothingHeldError: nothing fits.
        TargetNotEmptyError, TargetHoldsOtherMailError: nothing was written.
        TargetUnusableError: the target can't be made, or is full; what was written stays.
    """
    began = monotonic_s()
    chosen = choose_mail(reader, origin, choice, at=at)
    result = RestoreResult(origin=origin, kind="mail", to=str(to), loss_s=loss_of(chosen.items(), clock()))
    prepare_mail_target(to, force=force)
    target = MailTarget(to)
    try:
        listing = Listing(target, to, origin, form)
        _Restoring(reader, target, chosen, form, listing, result, tell).go()
        target.force_to_disk()
    except OSError as why:
        raise TargetUnusableError(to, why.strerror or str(why)) from why
    finally:
        target.close()
    result.recovery_time_s = monotonic_s() - began
    return result


class _Restoring:
    """One restore, folder by folder."""

    def __init__(
        self,
        reader: HoldingsReader,
        target: MailTarget,
        chosen: ChosenMail,
        form: Form,
        listing: Listing,
        result: RestoreResult,
        tell: Tell | None,
    ) -> None:
        self._reader, self._target, self._chosen, self._form = reader, target, chosen, form
        self._listing, self._result, self._tell = listing, result, tell
        self._lock = threading.Lock()
        self._done, self._total = 0, chosen.message_count + len(chosen.cards)
        self._taken: dict[bytes, str] = {}
        self._places: list[Parts] = []

    def go(self) -> None:
        """Bring everything back.

        Raises:
            OSError: the disk is full, or can't be written to.
        """
        for name, why in self._chosen.unreadable:
            self._result.fail(name, why)
        with ThreadPoolExecutor(WORKERS, "restore") as workers:
            try:
                for folder in self._chosen.folders:
                    self._folder(folder, workers)
            except BaseException:
                workers.shutdown(cancel_futures=True)
                raise
        if self._form == "maildir":
            maildir.subscribe(self._target, self._places)
        write_cards(self._target, self._reader, self._chosen.cards, self._result)
        self._say(len(self._chosen.cards))
        self._listing.write()

    def _folder(self, folder: ChosenFolder, workers: ThreadPoolExecutor) -> None:
        at = self._place(folder)
        self._listing.add(_listed_folder(folder, at))
        try:
            if self._form == "mbox":
                self._write_mbox(at, folder)
                return
            files = self._plan(at, folder)
        except OSError as why:
            _raise_if_full(why)
            self._fail(folder.head.folder, f"its place can't be written to: {why.strerror or why}", len(folder.lines))
            return
        wanted = [file for file in files if not file.there]
        self._listed(folder, [file for file in files if file.there])
        self._say(len(files) - len(wanted))
        batches = list(_batches(wanted))
        for batch, written in zip(batches, workers.map(self._write_batch, batches), strict=True):
            self._listed(folder, written)
            self._say(len(batch))

    def _place(self, folder: ChosenFolder) -> Parts:
        """Its own place; another, where a disk that knows no difference of case would take two for one."""
        at = _PLACES[self._form](folder)
        folded = b"/".join(at).decode("utf-8", "replace").casefold().encode()
        if at and self._taken.setdefault(folded, folder.head.folder) != folder.head.folder:
            ending = b".mbox" if self._form == "mbox" else b""
            at = (*at[:-1], other_name(at[-1].removesuffix(ending), folder.head.folder) + ending)
        self._places.append(at)
        return at

    def _plan(self, at: Parts, folder: ChosenFolder) -> list[MessageFile]:
        if self._form == "maildir":
            return maildir.plan_maildir(self._target, at, folder, self._fail)
        return eml.plan_eml(self._target, at, folder)

    def _write_batch(self, batch: Sequence[MessageFile]) -> list[MessageFile]:
        """In a worker: write what can be written; returns that."""
        target, written = self._target.sibling(), []
        try:
            for file in batch:
                held = self._chosen.messages.get(file.line.sha256)
                try:
                    if held is None:
                        raise ValueError(NOT_HELD)
                    size = target.place(file.parts, self._reader.pieces(held), aside=file.aside, mtime_s=file.mtime_s)
                except (StandfastError, OSError, ValueError, OverflowError) as why:
                    _raise_if_full(why)
                    self._fail(_what(file.line.sha256, held), _why(why))
                    continue
                written.append(file)
                with self._lock:
                    self._result.bytes += size
        finally:
            target.close()
        return written

    def _listed(self, folder: ChosenFolder, files: Iterable[MessageFile]) -> None:
        for file in files:
            self._result.items += 1
            self._listing.add(listed_message(folder.head.folder, _text(file.parts), file.line))

    def _write_mbox(self, at: Parts, folder: ChosenFolder) -> None:
        offsets: dict[int, int] = {}
        why, written = mbox.write_mbox(self._target, at, folder, self._opened, offsets.__setitem__)
        if why:
            self._fail(folder.head.folder, why)
            offsets.clear()
        failed = {line.sha256 for n, line in enumerate(folder.lines) if n not in offsets} if not why else set()
        for digest in failed:
            held = self._chosen.messages.get(digest)
            self._fail(_what(digest, held), NOT_HELD if held is None else self._unreadable.get(digest, ""))
        for n, offset in offsets.items():
            line = folder.lines[n]
            self._result.items += 1
            self._result.bytes += line.size_bytes if written else 0
            self._listing.add(listed_message(folder.head.folder, _text(at), line, offset))
        self._say(len(folder.lines))

    @functools.cached_property
    def _unreadable(self) -> dict[str, str]:
        return {}

    def _opened(self, digest: str) -> tuple[HeldItem, Iterable[bytes | memoryview]] | None:
        """A message whose bytes are known to be right before the first of them is written."""
        held = self._chosen.messages.get(digest)
        if held is None:
            return None
        try:
            if held.record.size_bytes <= IN_MEMORY_BYTES:
                return held, (self._reader.read(held),)
            for _ in self._reader.pieces(held):
                pass
        except (StandfastError, OSError, ValueError) as why:
            self._unreadable[digest] = _why(why)
            return None
        return held, self._reader.pieces(held)

    def _fail(self, what: str, why: str, messages: int = 0) -> None:
        with self._lock:
            self._result.fail(what, why)
        self._say(messages)

    def _say(self, done: int) -> None:
        self._done += done
        if self._tell and done:
            self._tell(self._done, self._total)


def _listed_folder(folder: ChosenFolder, at: Parts) -> Line:
    head = folder.head
    return ListedFolder(
        attributes=head.attributes,
        delimiter=head.delimiter,
        folder=head.folder,
        place=_text(at) or ".",
        uid_validity=head.uid_validity,
        use=head.use,
    )


def _batches(files: Sequence[MessageFile]) -> Iterator[list[MessageFile]]:
    batch: list[MessageFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.line.size_bytes
        if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _raise_if_full(why: BaseException) -> None:
    if isinstance(why, OSError) and why.errno in _DISK_IS_FULL:
        raise why


def _what(digest: str, held: HeldItem | None) -> str:
    return held.record.name if held else f"the message with SHA-256 {digest}"


def _why(why: BaseException) -> str:
    return (why.strerror or str(why)) if isinstance(why, OSError) else str(why)


def _text(parts: Parts) -> str:
    return escape_name(b"/".join(parts))
