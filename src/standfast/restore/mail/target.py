"""Puts mail into a folder, and leaves alone whatever lies there.

A file is written under another name and gets its own when it is whole, so that a run that was cut off leaves nothing
that could be taken for mail. What lies there under a name already stays as it is.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from standfast import durable
from standfast.errors.restore import TargetNotEmptyError, TargetUnusableError
from standfast.holdings.mail_listing import LISTING_NAME
from standfast.restore.tree import TargetTree

FILE_MODE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
Parts = tuple[bytes, ...]


def prepare_mail_target(folder: Path, *, force: bool) -> None:
    """Make the target, or require that it is empty, or that mail was restored to it before.

    Raises:
        TargetNotEmptyError: something else lies there, and `force` is not given.
        TargetUnusableError: it can't be made or listed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
    except OSError as why:
        raise TargetUnusableError(folder, why.strerror or str(why)) from why
    begun = {LISTING_NAME, LISTING_NAME + durable.UNFINISHED}
    if names and not force and not names & begun:
        raise TargetNotEmptyError(folder)


class MailTarget:
    """The folder. For one thread; `sibling` makes one for another."""

    def __init__(self, root: Path) -> None:
        """Close it when done.

        Raises:
            TargetUnusableError: it can't be opened.
        """
        self._tree = TargetTree(root, force=False, folder_mode=0o700)

    def sibling(self) -> MailTarget:
        """The same folder for another thread."""
        other = object.__new__(MailTarget)
        other._tree = self._tree.sibling()
        return other

    def make_folder(self, parts: Parts) -> tuple[int, int]:
        """Make a folder with what is missing above it. Returns device and inode, which tell it from others.

        Raises:
            OSError: it can't be made, or a link or a file stands there.
        """
        found = os.fstat(self._tree.folder(parts))
        return found.st_dev, found.st_ino

    def names(self, parts: Parts) -> set[bytes]:
        """What lies in a folder."""
        return {os.fsencode(name) for name in os.listdir(self._tree.folder(parts))}

    def read(self, parts: Parts, limit_bytes: int) -> bytes | None:
        """A regular file's content, None where there is none, or something else, or more than the limit."""
        with contextlib.suppress(FileNotFoundError), self.opened(parts) as file:
            raw = file.read(limit_bytes + 1)
            return raw if len(raw) <= limit_bytes else None
        return None

    @contextmanager
    def opened(self, parts: Parts) -> Iterator[BinaryIO]:
        """A regular file, to be read.

        Raises:
            OSError: it is not there, or it is a link.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(parts[-1], flags, dir_fd=self._tree.folder(parts[:-1]))
        with os.fdopen(handle, "rb") as file:
            yield file

    def exists(self, parts: Parts) -> bool:
        """Whether anything stands there."""
        with contextlib.suppress(FileNotFoundError):
            os.stat(parts[-1], dir_fd=self._tree.folder(parts[:-1]), follow_symlinks=False)
            return True
        return False

    def place(
        self,
        parts: Parts,
        pieces: Iterable[bytes | memoryview],
        *,
        aside: Parts | None = None,
        mtime_s: int | None = None,
    ) -> int:
        """Write a file whole, and give it its name. Returns its size.

        Args:
            parts: its folders and name; nothing may stand there but what is to be replaced.
            pieces: its content.
            aside: under what name it is written first; beside it, when not given.
            mtime_s: its time.

        Raises:
            OSError: it can't be written; nothing of it is left.
        """
        aside = aside or (*parts[:-1], parts[-1] + durable.UNFINISHED.encode())
        folder = os.dup(self._tree.folder(aside[:-1]))
        try:
            size = self._write(folder, aside[-1], pieces, mtime_s)
            try:
                os.rename(aside[-1], parts[-1], src_dir_fd=folder, dst_dir_fd=self._tree.folder(parts[:-1]))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(aside[-1], dir_fd=folder)
                raise
            return size
        finally:
            os.close(folder)

    def force_to_disk(self) -> None:
        """Wait until everything is on the disk."""
        self._tree.force_to_disk()

    def close(self) -> None:
        """Close every descriptor."""
        self._tree.close()

    @staticmethod
    def _write(folder: int, name: bytes, pieces: Iterable[bytes | memoryview], mtime_s: int | None) -> int:
        handle = os.open(name, _NEW, FILE_MODE, dir_fd=folder)
        size = 0
        try:
            for piece in pieces:
                durable.write_all(handle, piece)
                size += len(piece)
            if mtime_s is not None:
                os.utime(handle, (mtime_s, mtime_s))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise
        finally:
            os.close(handle)
        return size
