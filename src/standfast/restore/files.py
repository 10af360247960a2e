"""Gives a folder back as it was: content, names in any bytes, links, modes, owners, times, attributes, holes.

Nothing is written outside the target, nothing that stands there is replaced without `force`. Each file's content is
compared with its record while it is written; one that differs is taken away again and listed. Owners are given back
when run as root, by name where this machine knows it. What is written is not forced to the disk: run `sync` before a
disk is unplugged.
"""

from __future__ import annotations

import base64
import fnmatch
import grp
import os
import pwd
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from standfast.clock import Clock, machine_clock
from standfast.errors.base import StandfastError
from standfast.errors.restore import NothingHeldError
from standfast.holdings.identifiers import unescape_name
from standfast.holdings.item import FileFacts
from standfast.restore.plan import HoldingsReader, RestoreResult, Tell, loss_of
from standfast.restore.tree import TargetTree, prepare_target, safe_parts, write_pieces
from standfast.vault.manifests import HeldItem

_Step = Callable[[TargetTree, HeldItem], int]

WORKERS = 2
BATCH_ITEMS = 128
BATCH_BYTES = 32 * 1024 * 1024


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
        path_globs: only what matches one of these, or lies below a folder that does; `*` matches `/` too.
        force: replace files and links that are in the way.
        tell: progress.
        clock: for the loss.

    Raises:
        NothingHeldError: nothing fits.
        TargetNotEmptyError, TargetUnusableError: the target. Nothing was written.
    """
    began = time.monotonic()
    every = {item.record.name: item for item in reader.items(origin, at) if isinstance(item.record.facts, FileFacts)}
    chosen = [item for name, item in every.items() if _chosen(name, path_globs)]
    if not chosen:
        raise NothingHeldError(origin)
    result = RestoreResult(origin=origin, kind="files", to=str(to), loss_s=loss_of(chosen, clock()))
    prepare_target(to, force=force)
    _Restoring(reader, to, every, result, force=force, tell=tell).go(chosen)
    result.recovery_time_s = time.monotonic() - began
    return result


def _chosen(name: str, globs: Sequence[str]) -> bool:
    return not globs or any(
        fnmatch.fnmatchcase(name, glob) or fnmatch.fnmatchcase(name, glob.rstrip("/") + "/*") for glob in globs
    )


def _facts(item: HeldItem) -> FileFacts:
    facts = item.record.facts
    assert isinstance(facts, FileFacts)
    return facts


class _Restoring:
    """One restore: folders, then files and symbolic links by several threads, then hard links, then folders' times."""

    def __init__(
        self,
        reader: HoldingsReader,
        to: Path,
        every: dict[str, HeldItem],
        result: RestoreResult,
        *,
        force: bool,
        tell: Tell | None,
    ) -> None:
        self._reader, self._to, self._every, self._result = reader, to, every, result
        self._force, self._tell = force, tell
        self._lock = threading.Lock()
        self._done = self._total = 0

    def go(self, chosen: list[HeldItem]) -> None:
        self._total = len(chosen)
        by_type: dict[str, list[HeldItem]] = {"folder": [], "file": [], "symlink": [], "hardlink": []}
        for item in chosen:
            by_type[_facts(item).type].append(item)
        folders = sorted(by_type["folder"], key=lambda item: unescape_name(item.record.name))
        content = sorted([*by_type["file"], *by_type["symlink"]], key=lambda item: item.record.name)
        self._batch(folders, self._make_folder)
        with ThreadPoolExecutor(WORKERS, "restore") as workers:
            for done in workers.map(lambda batch: self._batch(batch, self._write), _batches(content)):
                self._say(done)
        self._batch(by_type["hardlink"], self._link)
        self._say(self._batch(list(reversed(folders)), self._finish_folder, count=False))

    def _batch(self, batch: list[HeldItem], do: _Step, *, count: bool = True) -> int:
        tree = TargetTree(self._to, force=self._force)
        done_bytes = done = 0
        try:
            for item in batch:
                try:
                    done_bytes += do(tree, item)
                    done += count
                except (StandfastError, OSError, ValueError) as why:
                    reason = (why.strerror or str(why)) if isinstance(why, OSError) else str(why)
                    with self._lock:
                        self._result.fail(item.record.name, reason)
        finally:
            tree.close()
        with self._lock:
            self._result.items += done
            self._result.bytes += done_bytes
        return len(batch) if count else 0

    def _say(self, done: int) -> None:
        self._done += done
        if self._tell:
            self._tell(self._done, self._total)

    def _make_folder(self, tree: TargetTree, item: HeldItem) -> int:
        tree.folder(safe_parts(item.record.id, item.record.name))
        return 0

    def _write(self, tree: TargetTree, item: HeldItem) -> int:
        facts = _facts(item)
        parts = safe_parts(item.record.id, item.record.name)
        if facts.type == "symlink":
            target = self._reader.read(item, 64 * 1024)
            folder = tree.symlink(parts, target)
            _own(parts[-1], facts, folder)
            os.utime(parts[-1], ns=(int(facts.mtime_ns),) * 2, dir_fd=folder, follow_symlinks=False)
            return len(target)
        return self._write_file(tree, parts, item, facts)

    def _write_file(self, tree: TargetTree, parts: tuple[bytes, ...], item: HeldItem, facts: FileFacts) -> int:
        try:
            handle = tree.create(parts)
        except FileExistsError:
            if self._force:
                raise
            # The target was empty: what stands there is of this restore, under a name that this disk takes for the
            # same.
            parts = (*parts[:-1], parts[-1][:200] + b".standfast-" + item.record.id.encode())
            handle = tree.create(parts)
            why = f"this disk takes its name for another's; it was written as {os.fsdecode(parts[-1])}"
            with self._lock:
                self._result.fail(item.record.name, why)
        try:
            size = write_pieces(handle, self._reader.pieces(item), sparse=facts.sparse)
            _apply(handle, facts)
        except BaseException:
            tree.remove(parts)
            raise
        finally:
            os.close(handle)
        return size

    def _link(self, tree: TargetTree, item: HeldItem) -> int:
        facts = _facts(item)
        parts = safe_parts(item.record.id, item.record.name)
        first = self._every.get(facts.link_to)
        if first is None or _facts(first).type != "file":
            raise ValueError(f"the file that it is another name of ({facts.link_to}) is not held")
        try:
            tree.link(parts, safe_parts(first.record.id, first.record.name))
        except FileNotFoundError:
            # The first name was not chosen: this one gets the content.
            return self._write_file(tree, parts, first, _facts(first))
        return 0

    def _finish_folder(self, tree: TargetTree, item: HeldItem) -> int:
        _apply(tree.folder(safe_parts(item.record.id, item.record.name)), _facts(item))
        return 0


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


def _apply(handle: int, facts: FileFacts) -> None:
    """Owner first, since changing it may clear mode bits; times last."""
    if os.geteuid() == 0:
        os.fchown(handle, _uid(facts.owner, facts.uid), _gid(facts.group, facts.gid))
    os.fchmod(handle, facts.mode)
    for name, value in facts.xattrs.items():
        os.setxattr(handle, unescape_name(name), base64.b64decode(value))
    os.utime(handle, ns=(int(facts.mtime_ns),) * 2)


def _own(name: bytes, facts: FileFacts, folder: int) -> None:
    if os.geteuid() == 0:
        uid, gid = _uid(facts.owner, facts.uid), _gid(facts.group, facts.gid)
        os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)


@lru_cache(maxsize=1024)
def _uid(name: str, number: int) -> int:
    try:
        return pwd.getpwnam(name).pw_uid if name else number
    except KeyError:
        return number


@lru_cache(maxsize=1024)
def _gid(name: str, number: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid if name else number
    except KeyError:
        return number
