"""Captures a folder: files, folders, links, as they lie. Files are landed by reference and read by intake.

Sockets, pipes and devices hold nothing that can be kept and are passed over. What tells a change: size, times of
content and inode to the nanosecond, inode number, mode and owner.
"""

from __future__ import annotations

import base64
import grp
import mimetypes
import os
import pwd
import stat
import struct
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache

from standfast.capture.landing import Failure, FileReference, Finished, Landed, LandingEvent, Progress, Seen, Unchanged
from standfast.capture.origin import FilesOrigin
from standfast.capture.tree_walk import TreeWalk
from standfast.clock import Clock, machine_clock
from standfast.errors.capture import FolderUnreachableError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import FileFacts, FileType

XATTR_BYTES_LIMIT = 64 * 1024
MARK = struct.Struct(">qqqQIII")
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
    ) -> None:
        """Nothing is read yet.

        Args:
            origin: the folder and its rules.
            tool: for the records.
            skip: (device, inode) of folders that are left out, as the vault's own.
            reread: distrust size and times: land everything.
            clock: for the records.

        Raises:
            BadPatternError: an exclude pattern that is none.
        """
        self.tool, self._clock = tool, clock
        self._root, self._reread = os.fsencode(origin.path), reread
        self._walk = TreeWalk(origin.exclude, skip, origin.one_file_system)

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """Yield everything below the folder, each folder before what it holds.

        Raises:
            FolderUnreachableError: the folder itself can't be listed.
        """
        try:
            top = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as why:
            raise FolderUnreachableError(escape_name(self._root), why.strerror or str(why)) from why
        walk = self._walk
        first_names: dict[tuple[int, int], bytes] = {}
        now = self._clock()
        done = size_bytes = 0
        try:
            for batch in walk.batches(top):
                # With reread everything is landed; intake tells what is the same by its digest.
                pairs = [(name, _mark(found)) for name, found in batch]
                same = [False] * len(pairs) if self._reread else seen.unchanged(pairs)
                kept: list[bytes] = []
                kept_bytes = 0
                for (name, mark), (_, found), unchanged in zip(pairs, batch, same, strict=True):
                    first = _first_name(first_names, name, found)
                    if unchanged:
                        kept.append(name)
                        kept_bytes += found.st_size
                    else:
                        yield self._land(name, mark, found, first, now)
                if kept:
                    yield Unchanged(keys=kept, size_bytes=kept_bytes)
                done += len(batch)
                size_bytes += sum(found.st_size for _, found in batch)
                yield Progress(done_count=done, total_count=None, bytes_seen=size_bytes)
                now = self._clock()
                yield from walk.take_failures()
        finally:
            walk.close()
        yield from walk.take_failures()
        yield Finished(complete=walk.complete)

    def _land(self, name: bytes, mark: bytes, found: os.stat_result, first: bytes, now: datetime) -> LandingEvent:
        path = os.path.join(self._root, name)
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
                kind, content = "symlink", os.readlink(path)
            else:
                content = FileReference(
                    path=path, size_bytes=found.st_size, mtime_ns=found.st_mtime_ns, inode=found.st_ino
                )
            facts = FileFacts(
                type=kind,
                mode=stat.S_IMODE(mode),
                uid=found.st_uid,
                gid=found.st_gid,
                owner=_owner(found.st_uid),
                group=_group(found.st_gid),
                mtime_ns=str(found.st_mtime_ns),
                xattrs=_xattrs(path),
                link_to=link_to,
                sparse=kind == "file" and found.st_blocks * 512 < found.st_size,
            )
        except OSError as why:
            return Failure(key=name, what=escape_name(name), why=why.strerror or str(why))
        return Landed(
            key=name,
            mark=mark,
            untrusted_name=name,
            media_type=_media_type(name) if kind in ("file", "hardlink") else f"inode/{kind}",
            captured_at=now,
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


def _first_name(first_names: dict[tuple[int, int], bytes], name: bytes, found: os.stat_result) -> bytes:
    """The name under which this inode was met before in this run; empty for a first or only name."""
    if found.st_nlink < 2 or stat.S_ISDIR(found.st_mode):
        return b""
    first = first_names.setdefault((found.st_dev, found.st_ino), name)
    return b"" if first == name else first


def _xattrs(path: bytes) -> dict[str, str]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return {}  # this file system has none
    values: dict[str, str] = {}
    total = 0
    for name in names:
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
        except OSError:
            continue  # it went, or is not ours to read
        total += len(value)
        if total > XATTR_BYTES_LIMIT:
            break
        values[escape_name(os.fsencode(name))] = base64.b64encode(value).decode("ascii")
    return values


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
