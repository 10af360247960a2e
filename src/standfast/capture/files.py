"""Captures a folder: files, folders, links, as they lie. Files are landed by reference and read by intake.

- What tells a change: size, times of content and inode to the nanosecond, inode number, mode and owner; of a further
  name of a file also the name that stands for it, which may change without the file.
- The first name of a regular file that has several is the one that comes first in the walk; the others are landed as
  hard links to it. A symbolic link with several names is kept once for each.
- Sockets, pipes and devices hold nothing that can be kept: they are passed over and counted, and the run is complete.
- What is mounted below is not gone into (`one_file_system`); the folder that it is mounted on is kept.
- A file that changed within the last clock tick is not read before that tick is over: else a second change could leave
  the same times, and would be missed for ever.
"""

from __future__ import annotations

import grp
import mimetypes
import os
import pwd
import stat
import struct
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from standfast.capture.attributes import read_attributes
from standfast.capture.landing import Failure, FileReference, Finished, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.origin import FilesOrigin
from standfast.capture.tree_walk import Found, TreeWalk
from standfast.clock import Clock, machine_clock
from standfast.errors.capture import FolderUnreachableError, OriginInVaultError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import FileFacts, FileType

MARK = struct.Struct(">qqqQIII")
TICK_NS = 20_000_000
"""Linux stamps files with a clock that moves every 1 to 10 ms. Coarser file systems (FAT: 2 s) need `--reread`."""
UNKNOWN_TYPE = "application/octet-stream"
TYPES = mimetypes.MimeTypes(filenames=())
"""Python's own table, without this system's files: the same name gives the same type everywhere."""


class FilesCapture:
    """One run over a folder; not to be run twice."""

    def __init__(
        self,
        origin: FilesOrigin,
        *,
        tool: str,
        skip: Collection[tuple[int, int]] = (),
        reread: bool = False,
        clock: Clock = machine_clock,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is read yet.

        Args:
            origin: the folder and its rules.
            tool: for the records.
            skip: (device, inode) of folders that are left out, as the vault's own.
            reread: distrust size and times: land everything.
            clock: for the records.
            wait: waits for so many seconds.

        Raises:
            BadPatternError: an exclude pattern that is none.
        """
        self.tool, self._clock, self._wait = tool, clock, wait
        self._root, self._reread = os.fsencode(origin.path), reread
        self._skip = frozenset(skip)
        self._walk = TreeWalk(origin.exclude, self._skip, origin.one_file_system)
        self._first_names: dict[tuple[int, int], bytes] = {}

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """Yield everything below the folder, each folder before what it holds.

        Raises:
            FolderUnreachableError: the folder itself can't be listed.
            OriginInVaultError: the folder is one of those that are left out, or lies in one.
        """
        walk = self._walk
        done = size_bytes = 0
        try:
            for batch in self._batches():
                now = self._clock()
                firsts = [self._first_name(found) for found in batch]
                marks = [_mark(found.stat) + first for found, first in zip(batch, firsts, strict=True)]
                # With reread everything is landed; intake tells what is the same by its digest.
                pairs = [(found.name, mark) for found, mark in zip(batch, marks, strict=True)]
                same = [False] * len(pairs) if self._reread else seen.unchanged(pairs)
                kept = [found for found, unchanged in zip(batch, same, strict=True) if unchanged]
                if len(kept) < len(batch):
                    self._await_tick([found for found, unchanged in zip(batch, same, strict=True) if not unchanged])
                for found, mark, first, unchanged in zip(batch, marks, firsts, same, strict=True):
                    if not unchanged:
                        yield self._land(found, mark, first, now)
                if kept:
                    yield Unchanged(
                        keys=[found.name for found in kept], size_bytes=sum(found.stat.st_size for found in kept)
                    )
                done += len(batch)
                size_bytes += sum(found.stat.st_size for found in batch)
                yield Progress(done_count=done, total_count=None, bytes_seen=size_bytes)
                yield from walk.take_failures()
        finally:
            walk.close()
        yield Finished(complete=walk.complete, passed_over=tuple(sorted(walk.passed_over.items())))

    def _batches(self) -> Iterator[list[Found]]:
        try:
            top = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as why:
            raise FolderUnreachableError(escape_name(self._root), why.strerror or str(why)) from why
        batches = self._walk.batches(top)
        try:
            if _lies_in(top, self._skip):
                raise OriginInVaultError(escape_name(self._root))
            first = next(batches)
        except OSError as why:
            raise FolderUnreachableError(escape_name(self._root), why.strerror or str(why)) from why
        yield first
        yield from batches

    def _first_name(self, found: Found) -> bytes:
        """The name under which this file was met before in this run; empty for a first or only name."""
        if found.stat.st_nlink < 2 or not stat.S_ISREG(found.stat.st_mode):
            return b""
        first = self._first_names.setdefault((found.stat.st_dev, found.stat.st_ino), found.name)
        return b"" if first == found.name else first

    def _await_tick(self, changed: Sequence[Found]) -> None:
        newest = max(found.stat.st_ctime_ns for found in changed)
        age_ns = int(self._clock().timestamp() * 1e9) - newest
        if 0 <= age_ns < TICK_NS:
            self._wait((TICK_NS - age_ns) / 1e9)

    def _land(self, thing: Found, mark: bytes, first: bytes, now: datetime) -> LandingEvent:
        name, found = thing.name, thing.stat
        mode = found.st_mode
        kind: FileType = "file"
        content: bytes | FileReference = b""
        link_to = ""
        try:
            if first:
                kind, link_to = "hardlink", escape_name(first)
            elif stat.S_ISDIR(mode):
                kind = "folder"
            elif stat.S_ISLNK(mode):
                kind, content = "symlink", os.readlink(thing.last, dir_fd=thing.folder)
            else:
                content = FileReference(
                    path=os.path.join(self._root, name),
                    size_bytes=found.st_size,
                    mtime_ns=found.st_mtime_ns,
                    inode=found.st_ino,
                    device=found.st_dev,
                )
            attributes, wanting = read_attributes(thing.folder, thing.last)
        except OSError as why:
            return Failure(key=name, what=escape_name(name), why=why.strerror or str(why))
        facts = FileFacts(
            type=kind,
            mode=stat.S_IMODE(mode),
            uid=found.st_uid,
            gid=found.st_gid,
            owner=_owner(found.st_uid),
            group=_group(found.st_gid),
            mtime_ns=str(found.st_mtime_ns),
            xattrs=attributes,
            link_to=link_to,
            sparse=kind == "file" and found.st_blocks * 512 < found.st_size,
        )
        return Landed(
            key=name,
            mark=mark,
            untrusted_name=name,
            media_type=_media_type(name) if kind in ("file", "hardlink") else f"inode/{kind}",
            captured_at=now,
            quality=wanting or "complete",
            facts=facts,
            content=content,
        )


def _mark(found: os.stat_result) -> bytes:
    return MARK.pack(
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
    )


def _lies_in(folder: int, left_out: Collection[tuple[int, int]]) -> bool:
    """Whether an open folder is one of these or lies in one, however many folders below."""
    handle = os.dup(folder)
    try:
        below = None
        while True:
            found = os.fstat(handle)
            here = (found.st_dev, found.st_ino)
            if here in left_out:
                return True
            if here == below:
                return False  # the root of the file system is its own parent
            parent = os.open(b"..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle, below = parent, here
    finally:
        os.close(handle)


def _media_type(name: bytes) -> str:
    dot = name.rfind(b".")
    if dot < name.rfind(b"/"):
        return UNKNOWN_TYPE
    return _type_of_ending(name[dot:].lower())


@lru_cache(maxsize=1024)
def _type_of_ending(ending: bytes) -> str:
    return TYPES.guess_type("x" + os.fsdecode(ending))[0] or UNKNOWN_TYPE


@lru_cache(maxsize=1024)
def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache(maxsize=1024)
def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
