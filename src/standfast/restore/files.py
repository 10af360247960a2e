"""Gives a folder back as it was: content, names in any bytes, links, modes, owners, times, attributes, holes.

- Nothing is written outside the target; what stands there is replaced only with `force`, and only by content that is
  whole. A symbolic link that stands where a folder must be is refused, always.
- Each file's content is compared with its record while it is written; one that differs is taken away and listed.
- A name that the disk takes for another's, or can't take, is changed, and that is listed: no content is lost for it.
- What can't be given back of owner, mode, times and attributes is listed, and the content stays. `attributes.py`
- When it returns, everything is on the disk: one syncfs at the end, no fsync for each file.
- A disk that is full ends it at once; what was written stays.
"""

from __future__ import annotations

import errno
import fnmatch
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from standfast.clock import Clock, machine_clock
from standfast.errors.base import StandfastError
from standfast.errors.restore import NothingHeldError, TargetUnusableError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import FileFacts
from standfast.restore.attributes import give_back, give_back_to_link
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of
from standfast.restore.tree import TargetTree, prepare_target, safe_parts, write_pieces
from standfast.vault.manifests import HeldItem

_Step = Callable[[TargetTree, HeldItem], int]
_Parts = tuple[bytes, ...]

WORKERS = 2
BATCH_ITEMS = 128
BATCH_BYTES = 32 * 1024 * 1024
TARGET_LIMIT = 64 * 1024
"""Bytes of a symbolic link's target; Linux takes 4,095."""
CAN_NOT_TAKE = "this disk can't take its name"
_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_BAD_NAME = {errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG}
_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}


def restore_files(
    reader: HoldingsReader,
    origin: str,
    to: Path,
    *,
    at: datetime | None = None,
    path_globs: Sequence[str] = (),
    force: bool = False,
    tell: Tell | None = None,
    clock: Clock = machine_clock,
) -> RestoreResult:
    """Restore a files origin into a folder.

    Args:
        reader: over any copy.
        origin: its name.
        to: a new or empty folder, or any with `force`.
        at: as the folder was then.
        path_globs: only what matches one of these, or lies below a folder that does; `*` matches `/` too. The folders
            that it lies in come with it.
        force: replace files and links that are in the way.
        tell: progress.
        clock: for the loss.

    Raises:
        NothingHeldError: nothing fits.
        TargetNotEmptyError: nothing was written.
        TargetUnusableError: the target can't be made, or is full; what was written stays.
    """
    began = time.monotonic()
    every = {item.record.name: item for item in reader.items(origin, at) if isinstance(item.record.facts, FileFacts)}
    chosen = _chosen(every, path_globs)
    if not chosen:
        raise NothingHeldError(origin)
    result = RestoreResult(origin=origin, kind="files", to=str(to), loss_s=loss_of(chosen, clock()))
    prepare_target(to, force=force)
    restoring = _Restoring(reader, to, every, result, tell)
    tree = TargetTree(to, force=force, folder_mode=0o700)
    try:
        restoring.go(tree, chosen)
        tree.force_to_disk()
    except OSError as why:
        raise TargetUnusableError(to, why.strerror or str(why)) from why
    finally:
        tree.close()
    result.recovery_time_s = time.monotonic() - began
    return result


def _chosen(every: dict[str, HeldItem], globs: Sequence[str]) -> list[HeldItem]:
    if not globs:
        return list(every.values())
    patterns = [*globs, *(glob.rstrip("/") + "/*" for glob in globs)]
    names = {name for name in every if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    for name in list(names):
        above = name.rpartition("/")[0]
        while above and above not in names:
            names.add(above)
            above = above.rpartition("/")[0]
    return [item for name, item in every.items() if name in names]


def _facts(item: HeldItem) -> FileFacts:
    facts = item.record.facts
    assert isinstance(facts, FileFacts)
    return facts


class _Restoring:
    """One restore: folders, then files and symbolic links by several threads, then hard links, then folders' facts."""

    def __init__(
        self, reader: HoldingsReader, to: Path, every: dict[str, HeldItem], result: RestoreResult, tell: Tell | None
    ) -> None:
        self._reader, self._to, self._every, self._result, self._tell = reader, to, every, result, tell
        self._lock = threading.Lock()
        self._done = self._total = 0
        self._folders: dict[tuple[int, int], str] = {}
        """Device and inode of each folder, and the item that it is."""
        self._linked_to: frozenset[str] = frozenset()
        self._placed: dict[str, _Parts] = {}
        """Where the files lie that others are further names of."""
        self._moved: dict[_Parts, _Parts] = {}
        """Folders whose names the disk can't take, and where they are."""

    def go(self, tree: TargetTree, chosen: list[HeldItem]) -> None:
        """Bring these back.

        Raises:
            TargetUnusableError: the disk is full.
        """
        self._total = len(chosen)
        by_type: dict[str, list[HeldItem]] = {"folder": [], "file": [], "symlink": [], "hardlink": []}
        for item in chosen:
            by_type[_facts(item).type].append(item)
        self._linked_to = frozenset(_facts(item).link_to for item in by_type["hardlink"])
        folders = sorted(by_type["folder"], key=lambda item: item.record.name.split("/"))
        content = sorted([*by_type["file"], *by_type["symlink"]], key=lambda item: item.record.name)
        self._say(self._batch(tree, folders, self._make_folder))
        with ThreadPoolExecutor(WORKERS, "restore") as workers:
            try:
                for done in workers.map(lambda batch: self._batch_apart(tree, batch), _batches(content)):
                    self._say(done)
            except BaseException:
                workers.shutdown(cancel_futures=True)
                raise
        self._say(self._batch(tree, by_type["hardlink"], self._link))
        # The deepest first, so that none is closed or touched after it got its mode and times.
        made = set(self._folders.values())
        finished = [item for item in reversed(folders) if item.record.id in made]
        self._batch(tree, finished, self._finish_folder, count=False)

    def _batch_apart(self, tree: TargetTree, batch: list[HeldItem]) -> int:
        own = tree.sibling()
        try:
            return self._batch(own, batch, self._write)
        finally:
            own.close()

    def _batch(self, tree: TargetTree, batch: list[HeldItem], do: _Step, *, count: bool = True) -> int:
        done_bytes = done = 0
        for item in batch:
            try:
                done_bytes += do(tree, item)
                done += 1
            except (StandfastError, OSError, ValueError, OverflowError) as why:
                if isinstance(why, OSError) and why.errno in _DISK_IS_FULL:
                    raise TargetUnusableError(self._to, why.strerror or str(why)) from why
                self._note(item, (why.strerror or str(why)) if isinstance(why, OSError) else str(why))
        with self._lock:
            self._result.items += done if count else 0
            self._result.bytes += done_bytes
        return len(batch)

    def _note(self, item: HeldItem, *whys: str) -> None:
        with self._lock:
            for why in whys:
                self._result.fail(item.record.name, why)

    def _say(self, done: int) -> None:
        self._done += done
        if self._tell:
            self._tell(self._done, self._total)

    def _parts(self, item: HeldItem) -> _Parts:
        """Where the item goes: by its own name, within folders by the names that they could be given."""
        parts = safe_parts(item.record.id, item.record.name)
        if self._moved:
            for n in range(len(parts), 0, -1):
                if parts[:n] in self._moved:
                    return self._moved[parts[:n]] + parts[n:]
        return parts

    def _make_folder(self, tree: TargetTree, item: HeldItem) -> int:
        parts = self._parts(item)
        try:
            folder = tree.folder(parts)
        except OSError as why:
            if why.errno not in _BAD_NAME:
                raise
            other = (*parts[:-1], _other_name(parts[-1], item.record.id, "ascii"))
            folder = tree.folder(other)
            self._moved[safe_parts(item.record.id, item.record.name)] = other
            self._note(item, f"{CAN_NOT_TAKE}; it was written as {escape_name(other[-1])}")
        identity = tree.claim(folder)
        first = self._folders.setdefault(identity, item.record.id)
        if first != item.record.id:
            raise ValueError("this disk takes its name for another folder's; what it holds was written there")
        return 0

    def _finish_folder(self, tree: TargetTree, item: HeldItem) -> int:
        self._note(item, *give_back(tree.folder(self._parts(item)), _facts(item)))
        return 0

    def _write(self, tree: TargetTree, item: HeldItem) -> int:
        if _facts(item).type == "symlink":
            return self._somehow(item, lambda parts: self._write_symlink(tree, parts, item))
        return self._somehow(item, lambda parts: self._write_file(tree, parts, item, item))

    def _write_symlink(self, tree: TargetTree, parts: _Parts, item: HeldItem) -> int:
        target = self._reader.read(item, TARGET_LIMIT)
        with tree.symlink(parts, target) as placed:
            self._note(item, *give_back_to_link(placed.folder, placed.name, _facts(item)))
        return len(target)

    def _write_file(self, tree: TargetTree, parts: _Parts, item: HeldItem, bytes_of: HeldItem) -> int:
        facts = _facts(bytes_of)
        with tree.file(parts) as placed:
            size = write_pieces(placed.handle, self._reader.pieces(bytes_of), sparse=facts.sparse)
            wanting = give_back(placed.handle, facts)
        if wanting:
            self._note(item, *wanting)
        if bytes_of.record.name in self._linked_to:
            self._placed[bytes_of.record.name] = parts
        return size

    def _link(self, tree: TargetTree, item: HeldItem) -> int:
        first = self._every.get(_facts(item).link_to)
        if first is None or _facts(first).type != "file":
            raise ValueError(f"the file that it is another name of ({_facts(item).link_to}) is not held")
        placed = self._placed.get(first.record.name)
        if placed is None:
            # The first name was not chosen, or could not be written: this one gets the content.
            return self._somehow(item, lambda parts: self._write_file(tree, parts, item, first))
        try:
            self._somehow(item, lambda parts: tree.link(parts, placed))
        except OSError as why:
            if why.errno not in _NO_LINKS:
                raise
            self._note(item, f"it is a copy, as it could not be linked to {first.record.name}: {why.strerror}")
            return self._somehow(item, lambda parts: self._write_file(tree, parts, item, first))
        return 0

    def _somehow(self, item: HeldItem, write: Callable[[_Parts], int]) -> int:
        """Write under the item's own name, or under another where that one is taken or can't be."""
        parts = self._parts(item)
        try:
            return write(parts)
        except FileExistsError:
            # The target was empty, or what was in it is replaced: what stands there is of this restore.
            why, other = "this disk takes its name for another's", _other_name(parts[-1], item.record.id, "utf-8")
        except OSError as bad:
            if bad.errno not in _BAD_NAME:
                raise
            why, other = CAN_NOT_TAKE, _other_name(parts[-1], item.record.id, "ascii")
        size = write((*parts[:-1], other))
        self._note(item, f"{why}; it was written as {escape_name(other)}")
        return size


def _other_name(last: bytes, item: str, alphabet: str) -> bytes:
    """A name that differs from every other one and keeps what it can of this one."""
    kept = last[:100].decode(alphabet, "ignore").encode()
    return kept + b".standfast-" + item.encode()


def _batches(items: list[HeldItem]) -> list[list[HeldItem]]:
    batches: list[list[HeldItem]] = [[]]
    size = 0
    for item in items:
        if len(batches[-1]) >= BATCH_ITEMS or size >= BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += item.record.size_bytes
    return batches
