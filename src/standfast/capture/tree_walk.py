"""Walks a tree by open descriptors: what is swapped for a link meanwhile can't lead out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pathspec

from standfast.capture.landing import Failure
from standfast.errors.capture import BadPatternError
from standfast.holdings.identifiers import escape_name

ASKED_AT_ONCE = 1_000
DEPTH_LIMIT = 400
"""Folders within folders; the walk keeps a descriptor open for each, and 1,024 are allowed by default."""

Found = tuple[bytes, os.stat_result]
"""A name relative to the top, and what the system says of it, links not followed."""


@dataclass(slots=True)
class _Level:
    """A folder on the way down: its descriptor, its name with a slash, and its entries, last first."""

    handle: int
    prefix: bytes
    names: list[bytes]


class TreeWalk:
    """Goes through a tree once. Within a folder by name, so that two walks meet things in the same order."""

    def __init__(
        self,
        exclude: tuple[str, ...],
        skip: Collection[tuple[int, int]],
        one_file_system: bool,
    ) -> None:
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
        self._failures: list[Failure] = []
        self.complete = True

    def batches(self, top: int) -> Iterator[list[Found]]:
        """Everything below, each folder before what it holds, up to 1,000 at a time. Takes the descriptor over."""
        device = os.fstat(top).st_dev if self._one_file_system else None
        self._enter(top, b"")
        batch: list[Found] = []
        while self._levels:
            level = self._levels[-1]
            if not level.names:
                os.close(self._levels.pop().handle)
                continue
            name = level.prefix + (last := level.names.pop())
            try:
                found = os.stat(last, dir_fd=level.handle, follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went while the folder was listed
            except OSError as why:
                self._fail(name, why)
                continue
            is_folder = stat.S_ISDIR(found.st_mode)
            if self._left_out(name, found, is_folder):
                continue
            batch.append((name, found))
            # What is mounted there is another origin: the folder is kept, and not gone into.
            if is_folder and device in (None, found.st_dev):
                self._descend(level.handle, last, name)
            if len(batch) >= ASKED_AT_ONCE:
                yield batch
                batch = []
        yield batch

    def take_failures(self) -> list[Failure]:
        """What could not be looked at since the last time."""
        failures, self._failures = self._failures, []
        return failures

    def close(self) -> None:
        """Close what a walk that was given up left open."""
        while self._levels:
            os.close(self._levels.pop().handle)

    def _descend(self, folder: int, last: bytes, name: bytes) -> None:
        if len(self._levels) > DEPTH_LIMIT:
            self._fail(name, f"folders are over {DEPTH_LIMIT} deep here; add this one as an origin of its own")
            return
        try:
            handle = os.open(last, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except OSError as why:
            self._fail(name, why)
            return
        self._enter(handle, name + b"/")

    def _enter(self, handle: int, prefix: bytes) -> None:
        names: list[bytes] = []
        try:
            with os.scandir(handle) as entries:
                names = sorted((os.fsencode(entry.name) for entry in entries), reverse=True)
        except OSError as why:
            self._fail(prefix.rstrip(b"/") or b".", why)
        self._levels.append(_Level(handle, prefix, names))

    def _left_out(self, name: bytes, found: os.stat_result, is_folder: bool) -> bool:
        mode = found.st_mode
        if not (is_folder or stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            return True
        if is_folder and (found.st_dev, found.st_ino) in self._skip:
            return True
        if self._exclude is None:
            return False
        return self._exclude.match_file(os.fsdecode(name) + ("/" if is_folder else ""))

    def _fail(self, name: bytes, why: OSError | str) -> None:
        # What lies below is not met in this run and must not be taken for gone.
        self.complete = False
        reason = why if isinstance(why, str) else why.strerror or str(why)
        self._failures.append(Failure(key=name, what=escape_name(name), why=reason))


def _compiled(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec | None:
    if not patterns:
        return None
    for pattern in patterns:
        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError as why:
            raise BadPatternError(pattern, str(why)) from why
    return pathspec.GitIgnoreSpec.from_lines(patterns)
