"""Walks a tree by open descriptors: what is swapped for a link meanwhile can't lead out of it.

Any depth is walked: descriptors of the deepest folders stay open, those above are closed and opened again, name by
name from the top, when the walk comes back to them; each must then be the folder that it was.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pathspec

from standfast.capture.landing import Failure
from standfast.errors.capture import BadPatternError
from standfast.holdings.identifiers import escape_name

ASKED_AT_ONCE = 1_000
OPEN_FOLDERS = 64
"""Levels whose descriptors stay open."""
HELD_FOLDERS = 128
"""Folders that a batch may keep open beyond those; with the levels, far below the usual limit of 1,024."""
PATH_LIMIT = 64 * 1024
"""Bytes of a name relative to the top: intake takes none that is longer."""
_KEPT = {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}
_PASSED_OVER = {stat.S_IFIFO: "pipes", stat.S_IFSOCK: "sockets", stat.S_IFCHR: "devices", stat.S_IFBLK: "devices"}
_CLOSED = -1
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(NamedTuple):
    """A thing in the tree. Its folder's descriptor is open until the next batch is asked for."""

    name: bytes
    """Relative to the top."""
    stat: os.stat_result
    """What the system says of it, links not followed."""
    folder: int
    last: bytes


@dataclass(slots=True)
class _Level:
    """A folder on the way down."""

    handle: int
    identity: tuple[int, int]
    last: bytes
    path_bytes: int
    """How much of the path leads here, the slash included."""
    names: list[bytes]
    """Entries still to be looked at, last first."""
    batch: int = 0
    """The newest batch that holds something of it."""


class TreeWalk:
    """Goes through a tree once. Within a folder by name, so that two walks meet things in the same order."""

    def __init__(self, exclude: tuple[str, ...], skip: Collection[tuple[int, int]], one_file_system: bool) -> None:
        """Nothing is opened yet.

        Args:
            exclude: patterns as in .gitignore.
            skip: (device, inode) of folders that are left out.
            one_file_system: don't go into what is mounted below.

        Raises:
            BadPatternError: a pattern that is none.
        """
        self._exclude = _compiled(exclude)
        self._skip, self._one_file_system = frozenset(skip), one_file_system
        self._levels: list[_Level] = []
        self._path = bytearray()
        self._done_with: list[int] = []
        self._batch = 1
        self._failures: list[Failure] = []
        self.complete = True
        self.passed_over: dict[str, int] = {}
        """How many things there were that hold nothing that can be kept, by what they are."""

    def batches(self, top: int) -> Iterator[list[Found]]:
        """Everything below, each folder before what it holds, up to 1,000 at a time. Takes the descriptor over.

        Raises:
            OSError: the top can't be listed.
        """
        top_stat = os.fstat(top)
        device = top_stat.st_dev if self._one_file_system else None
        self._levels.append(_Level(top, (top_stat.st_dev, top_stat.st_ino), b"", 0, _names(top)))
        batch: list[Found] = []
        prefix = b""
        while self._levels:
            level = self._levels[-1]
            if not level.names:
                self._leave()
                prefix = bytes(self._path)
                continue
            if level.handle == _CLOSED and not self._reopen():
                continue
            last = level.names.pop()
            found = self._look(prefix + last, last, level.handle)
            if found:
                level.batch = self._batch
                batch.append(found)
                # What is mounted there is another origin: the folder is kept, and not gone into.
                if stat.S_ISDIR(found.stat.st_mode) and device in (None, found.stat.st_dev):
                    self._enter(found)
                    prefix = bytes(self._path)
            if max(len(batch), len(self._failures)) >= ASKED_AT_ONCE or len(self._done_with) >= HELD_FOLDERS:
                yield batch
                self._next_batch()
                batch = []
        yield batch
        self._next_batch()

    def take_failures(self) -> list[Failure]:
        """What could not be looked at since the last time."""
        failures, self._failures = self._failures, []
        return failures

    def close(self) -> None:
        """Close what a walk that was given up left open."""
        self._next_batch()
        for level in self._levels:
            if level.handle != _CLOSED:
                os.close(level.handle)
        self._levels.clear()

    def _look(self, name: bytes, last: bytes, folder: int) -> Found | None:
        try:
            found = os.stat(last, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None  # it went while the folder was listed
        except OSError as why:
            self._fail(name, why)
            return None
        if self._left_out(name, found):
            return None
        return Found(name, found, folder, last)

    def _enter(self, found: Found) -> None:
        if len(found.name) >= PATH_LIMIT:
            self._fail(found.name, f"what lies in it has names longer than {PATH_LIMIT} bytes")
            return
        identity = (found.stat.st_dev, found.stat.st_ino)
        try:
            handle = _open_same(found.last, found.folder, identity)
        except OSError as why:
            self._fail(found.name, why)
            return
        try:
            names = _names(handle)
        except OSError as why:
            os.close(handle)
            self._fail(found.name, why)
            return
        self._path += found.last + b"/"
        self._levels.append(_Level(handle, identity, found.last, len(self._path), names))
        if len(self._levels) > OPEN_FOLDERS + 1:
            self._let_go(self._levels[-OPEN_FOLDERS - 1])

    def _leave(self) -> None:
        level = self._levels.pop()
        if level.handle != _CLOSED:
            self._let_go(level)
        del self._path[self._levels[-1].path_bytes if self._levels else 0 :]

    def _reopen(self) -> bool:
        """Open the folder at hand again, and the last ones above it; False when it is not there any more."""
        levels, depth = self._levels, len(self._levels) - 1
        at = max(n for n, level in enumerate(levels) if level.handle != _CLOSED)  # the top always is open
        try:
            for n in range(at + 1, depth + 1):
                above, level = levels[n - 1], levels[n]
                level.handle = _open_same(level.last, above.handle, level.identity)
                if at < n - 1 <= depth - OPEN_FOLDERS // 2:
                    os.close(above.handle)
                    above.handle = _CLOSED
        except OSError as why:
            self._fail(bytes(self._path).rstrip(b"/"), why)
            levels[depth].names.clear()
            return False
        return True

    def _let_go(self, level: _Level) -> None:
        """Close a folder's descriptor; later, where something in the batch under way lies in it."""
        if level.batch == self._batch:
            self._done_with.append(level.handle)
        else:
            os.close(level.handle)
        level.handle = _CLOSED

    def _next_batch(self) -> None:
        self._batch += 1
        while self._done_with:
            os.close(self._done_with.pop())

    def _left_out(self, name: bytes, found: os.stat_result) -> bool:
        kind = stat.S_IFMT(found.st_mode)
        is_folder = kind == stat.S_IFDIR
        if is_folder and (found.st_dev, found.st_ino) in self._skip:
            return True
        if self._exclude is not None and self._exclude.match_file(os.fsdecode(name) + ("/" if is_folder else "")):
            return True
        if kind in _KEPT:
            return False
        what = _PASSED_OVER.get(kind, "others")
        self.passed_over[what] = self.passed_over.get(what, 0) + 1
        return True

    def _fail(self, name: bytes, why: OSError | str) -> None:
        # What lies below is not met in this run and must not be taken for gone.
        self.complete = False
        reason = why if isinstance(why, str) else why.strerror or str(why)
        self._failures.append(Failure(key=name, what=escape_name(name), why=reason))


def _names(folder: int) -> list[bytes]:
    with os.scandir(folder) as entries:
        return sorted((os.fsencode(entry.name) for entry in entries), reverse=True)


def _open_same(last: bytes, folder: int, identity: tuple[int, int]) -> int:
    """Open a folder that was met before.

    Raises:
        OSError: it is not there, or another one, or a link.
    """
    handle = os.open(last, _FOLDER, dir_fd=folder)
    found = os.fstat(handle)
    if (found.st_dev, found.st_ino) != identity:
        os.close(handle)
        raise FileNotFoundError(errno.ENOENT, "another folder took its place while it was captured")
    return handle


def _compiled(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec | None:
    if not patterns:
        return None
    for pattern in patterns:
        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError as why:
            raise BadPatternError(pattern, str(why)) from why
    return pathspec.GitIgnoreSpec.from_lines(map(_without_the_folder, patterns))


def _without_the_folder(pattern: str) -> str:
    """`a/**` is all that lies in `a`, and not `a` itself, or nothing in it could be taken in again by `!a/b`."""
    bare = pattern.rstrip()
    return bare + "/*" if bare.endswith("/**") else pattern
