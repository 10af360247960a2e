"""Writes below one folder and nowhere else, by open descriptors: no link that lies there is ever followed."""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from standfast.errors.restore import TargetNotEmptyError, TargetUnusableError, UnsafeNameError
from standfast.holdings.identifiers import unescape_name

OPEN_FOLDERS = 64
NAME_LIMIT = 255
ZERO_BLOCK_BYTES = 64 * 1024
_ZEROS = bytes(ZERO_BLOCK_BYTES)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def safe_parts(item: str, name: str) -> tuple[bytes, ...]:
    """The folders and the last part of an item's name, each fit to be one.

    Raises:
        UnsafeNameError: absolute, empty, `.` or `..`, a zero byte, or longer than a file system takes.
    """
    try:
        parts = tuple(unescape_name(name).split(b"/"))
    except ValueError as why:
        raise UnsafeNameError(item, name) from why
    if any(part in (b"", b".", b"..") or b"\0" in part or len(part) > NAME_LIMIT for part in parts):
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
        if not force and any(os.scandir(folder)):
            raise TargetNotEmptyError(folder)
    except OSError as why:
        raise TargetUnusableError(folder, why.strerror or str(why)) from why


class TargetTree:
    """A folder to write into. For one thread; another one opens its own."""

    def __init__(self, root: Path, *, force: bool) -> None:
        """`force`: files and links that are in the way are replaced. Close it when done."""
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._force = force
        self._folders: OrderedDict[tuple[bytes, ...], int] = OrderedDict()

    def folder(self, parts: tuple[bytes, ...]) -> int:
        """A descriptor of the folder, made with what is missing above it. Valid until the next call.

        Raises:
            OSError: something that is no folder stands there, a link included.
        """
        if not parts:
            return self._root
        known = self._folders.get(parts)
        if known is not None:
            self._folders.move_to_end(parts)
            return known
        parent = self.folder(parts[:-1])
        try:
            handle = os.open(parts[-1], _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            os.mkdir(parts[-1], 0o700, dir_fd=parent)
            handle = os.open(parts[-1], _FOLDER, dir_fd=parent)
        self._folders[parts] = handle
        if len(self._folders) > OPEN_FOLDERS:
            os.close(self._folders.popitem(last=False)[1])
        return handle

    def create(self, parts: tuple[bytes, ...]) -> int:
        """A new file, open for writing; it is there under its name at once.

        Raises:
            FileExistsError: something stands there, and `force` is not given.
        """
        folder = self.folder(parts[:-1])
        self._clear(folder, parts[-1])
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(parts[-1], flags, 0o600, dir_fd=folder)

    def symlink(self, parts: tuple[bytes, ...], target: bytes) -> int:
        """A symbolic link; returns the descriptor of its folder."""
        folder = self.folder(parts[:-1])
        self._clear(folder, parts[-1])
        os.symlink(target, parts[-1], dir_fd=folder)
        return folder

    def link(self, parts: tuple[bytes, ...], first: tuple[bytes, ...]) -> None:
        """One more name for a file that was written before."""
        source = os.dup(self.folder(first[:-1]))
        try:
            folder = self.folder(parts[:-1])
            self._clear(folder, parts[-1])
            os.link(first[-1], parts[-1], src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(source)

    def remove(self, parts: tuple[bytes, ...]) -> None:
        """Take a file away that was begun and is not what it should be."""
        os.unlink(parts[-1], dir_fd=self.folder(parts[:-1]))

    def close(self) -> None:
        """Close every descriptor."""
        while self._folders:
            os.close(self._folders.popitem()[1])
        os.close(self._root)

    def _clear(self, folder: int, last: bytes) -> None:
        if not self._force:
            return
        try:
            if not stat.S_ISDIR(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode):
                os.unlink(last, dir_fd=folder)
        except FileNotFoundError:
            return


def write_pieces(handle: int, pieces: Iterable[bytes | memoryview], *, sparse: bool) -> int:
    """Write content to its end; with `sparse`, runs of zeros become holes. Returns the bytes of the content."""
    size = 0
    for piece in pieces:
        view = memoryview(piece)
        size += len(view)
        while view:
            if sparse and view[:ZERO_BLOCK_BYTES] == _ZEROS[: len(view)]:
                skipped = min(len(view), ZERO_BLOCK_BYTES)
                os.lseek(handle, skipped, os.SEEK_CUR)
                view = view[skipped:]
                continue
            part = view[:ZERO_BLOCK_BYTES] if sparse else view
            view = view[os.write(handle, part) :]
    if sparse:
        os.ftruncate(handle, size)
    return size
