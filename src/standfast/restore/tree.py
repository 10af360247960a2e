"""Writes below one folder and nowhere else, by open descriptors: no link that lies there is ever followed.

With `force`, what is replaced stays as it is until the new content is whole: that is written under another name and
then takes the place. What this restore wrote itself is never replaced by another part of it, as on a disk that takes
two names for one.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from standfast import durable
from standfast.errors.restore import TargetNotEmptyError, TargetUnusableError, UnsafeNameError
from standfast.holdings.identifiers import unescape_name

OPEN_FOLDERS = 64
"""Levels of the folder at hand whose descriptors stay open."""
NAME_LIMIT = 255
LARGE_BYTES = 1024 * 1024
ZERO_BLOCK_BYTES = 64 * 1024
_ZEROS = bytes(ZERO_BLOCK_BYTES)
_NO_NAMES = frozenset((b"", b".", b".."))
_CLOSED = -1
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def safe_parts(item: str, name: str) -> tuple[bytes, ...]:
    """The folders and the last part of an item's name, each fit to be one.

    Raises:
        UnsafeNameError: absolute, empty, `.` or `..`, a zero byte, or longer than a file system takes.
    """
    try:
        raw = unescape_name(name)
    except ValueError as why:
        raise UnsafeNameError(item, name) from why
    parts = tuple(raw.split(b"/"))
    if b"\0" in raw or not _NO_NAMES.isdisjoint(parts) or max(map(len, parts)) > NAME_LIMIT:
        raise UnsafeNameError(item, name)
    return parts


def prepare_target(folder: Path, *, force: bool) -> None:
    """Make the target, or require that it is empty.

    Raises:
        TargetNotEmptyError: something lies there, and `force` is not given.
        TargetUnusableError: it can't be made or listed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(folder) as entries:
            if not force and any(entries):
                raise TargetNotEmptyError(folder)
    except OSError as why:
        raise TargetUnusableError(folder, why.strerror or str(why)) from why


class Placed(NamedTuple):
    """Something new in the target, under its own name or one that it has until it is whole."""

    handle: int
    """Of a file, open for writing; -1 of a link."""
    folder: int
    name: bytes


class TargetTree:
    """A folder to write into. For one thread; `sibling` makes one for another."""

    def __init__(self, root: Path, *, force: bool, folder_mode: int = 0o755) -> None:
        """Close it when done.

        Args:
            root: the target.
            force: files and links that are in the way are replaced.
            folder_mode: of folders that are made.

        Raises:
            TargetUnusableError: it can't be opened.
        """
        self._force, self._folder_mode = force, folder_mode
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as why:
            raise TargetUnusableError(root, why.strerror or str(why)) from why
        self._ours: set[tuple[int, int]] = set()
        """Device and inode of folders, and with `force` of all that was written."""
        self._begin()

    def _begin(self) -> None:
        self._here: tuple[bytes, ...] | None = ()
        """The folder at hand; None while it changes."""
        self._names: list[bytes] = []
        self._handles: list[int] = []

    def sibling(self) -> TargetTree:
        """The same folder, whatever goes by its name by now, for another thread."""
        other = object.__new__(TargetTree)
        other._force, other._folder_mode = self._force, self._folder_mode
        other._root = os.dup(self._root)
        other._ours = self._ours
        other._begin()
        return other

    def folder(self, parts: tuple[bytes, ...]) -> int:
        """A descriptor of the folder, made with what is missing above it. Valid until the next call.

        Raises:
            OSError: something that is no folder stands there, a link included.
        """
        if parts == self._here:
            return self._handles[-1] if parts else self._root
        self._here = None
        at = kept = self._step_back(parts)
        while at and self._handles[at - 1] == _CLOSED:
            at -= 1
        handle = self._handles[at - 1] if at else self._root
        for n in range(at, len(parts)):
            handle = self._open_folder(handle, parts[n])
            if n < kept:
                self._handles[n] = handle
            else:
                self._handles.append(handle)
                self._names.append(parts[n])
            if n >= OPEN_FOLDERS and self._handles[n - OPEN_FOLDERS] != _CLOSED:
                os.close(self._handles[n - OPEN_FOLDERS])
                self._handles[n - OPEN_FOLDERS] = _CLOSED
        self._here = parts
        return handle

    def claim(self, folder: int) -> tuple[int, int]:
        """An open folder is part of this restore: nothing else of it takes its place. Returns device and inode."""
        found = os.fstat(folder)
        identity = (found.st_dev, found.st_ino)
        self._ours.add(identity)
        return identity

    def file(self, parts: tuple[bytes, ...]) -> AbstractContextManager[Placed]:
        """A new file to be written within the context, and closed by it.

        Raises:
            FileExistsError: something stands there: any thing without `force`, with it only what this restore wrote.
            OSError: it can't be made, or can't take the place of what stands there. Nothing of it is left.
        """
        return self._placing(parts, lambda folder, name: os.open(name, _NEW_FILE, 0o600, dir_fd=folder))

    def symlink(self, parts: tuple[bytes, ...], target: bytes) -> AbstractContextManager[Placed]:
        """A symbolic link; errors as of `file`."""

        def make(folder: int, name: bytes) -> int:
            os.symlink(target, name, dir_fd=folder)
            return -1

        return self._placing(parts, make)

    def link(self, parts: tuple[bytes, ...], first: tuple[bytes, ...]) -> int:
        """One more name for a file that was written before; errors as of `file`. Returns the bytes written: none."""
        source = os.dup(self.folder(first[:-1]))

        def make(folder: int, name: bytes) -> int:
            os.link(first[-1], name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
            return -1

        try:
            with self._placing(parts, make, same_file=True):
                return 0
        finally:
            os.close(source)

    def force_to_disk(self) -> None:
        """Wait until everything that was written to this file system is on the disk.

        Raises:
            OSError: some of it could not be written.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(self._root):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def close(self) -> None:
        """Close every descriptor."""
        self._step_back(())
        os.close(self._root)

    @contextmanager
    def _placing(
        self, parts: tuple[bytes, ...], make: Callable[[int, bytes], int], *, same_file: bool = False
    ) -> Iterator[Placed]:
        folder, last = self.folder(parts[:-1]), parts[-1]
        placed = self._make(folder, last, make)
        try:
            try:
                yield placed
            finally:
                if placed.handle >= 0:
                    os.close(placed.handle)
            if placed.name != last:
                os.rename(placed.name, last, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            self._forget(folder, placed.name)
            raise
        if same_file and placed.name != last:
            # Where both were names of one file already, renaming did nothing.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(placed.name, dir_fd=folder)

    def _make(self, folder: int, last: bytes, make: Callable[[int, bytes], int]) -> Placed:
        try:
            placed = Placed(make(folder, last), folder, last)
        except FileExistsError:
            if not self._force or _identity(folder, last) in self._ours:
                raise
            placed = self._make_aside(folder, make)
        if self._force:
            self._ours.add(_identity(folder, placed.name))
        return placed

    def _make_aside(self, folder: int, make: Callable[[int, bytes], int]) -> Placed:
        for n in itertools.count():
            name = b"standfast-%d%b" % (n, durable.UNFINISHED.encode())
            with contextlib.suppress(FileExistsError):
                return Placed(make(folder, name), folder, name)
        raise AssertionError("there is always a free name")

    def _forget(self, folder: int, name: bytes) -> None:
        with contextlib.suppress(OSError):
            self._ours.discard(_identity(folder, name))
            os.unlink(name, dir_fd=folder)

    def _open_folder(self, above: int, name: bytes) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=above)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):  # another thread made it
                os.mkdir(name, self._folder_mode, dir_fd=above)
            return os.open(name, _FOLDER, dir_fd=above)

    def _step_back(self, parts: tuple[bytes, ...]) -> int:
        """Close what is open of the folder at hand beyond what it shares with another; returns how much they share."""
        kept = min(len(self._names), len(parts))
        if tuple(self._names[:kept]) != parts[:kept]:
            kept = next(n for n in range(kept) if self._names[n] != parts[n])
        while len(self._handles) > kept:
            handle = self._handles.pop()
            if handle != _CLOSED:
                os.close(handle)
        del self._names[kept:]
        return kept


def _identity(folder: int, name: bytes) -> tuple[int, int]:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return found.st_dev, found.st_ino


def write_pieces(handle: int, pieces: Iterable[bytes | memoryview], *, sparse: bool) -> int:
    """Write content to its end; with `sparse`, runs of zeros become holes. Returns the bytes of the content."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if sparse:
            _write_around_zeros(handle, memoryview(piece))
        else:
            durable.write_all(handle, piece)
    if sparse:
        os.ftruncate(handle, size)
    if size >= LARGE_BYTES:
        # Starts the transfer to the disk and does not wait for it, so that little is left to wait for at the end.
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    return size


def _write_around_zeros(handle: int, view: memoryview) -> None:
    while view:
        block = view[:ZERO_BLOCK_BYTES]
        if bytes(block) == _ZEROS[: len(block)]:
            os.lseek(handle, len(block), os.SEEK_CUR)
        else:
            durable.write_all(handle, block)
        view = view[ZERO_BLOCK_BYTES:]
