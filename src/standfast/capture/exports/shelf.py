"""Where an export's files lie: a folder or one file here, archives in `archives.py`.

All of it is hostile. Names are only ever read, never written to a disk; links are not followed; an archive may not
unpack to more than a multiple of itself, and its members may not share bytes, which is how the worst zip bombs are
made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

ENTRIES_LIMIT = 5_000_000
DEPTH_LIMIT = 100
LINKS = "links and other things that are no files"


class ShelfError(ValueError):
    """The export can't be opened at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an export."""

    path: bytes
    """Relative, levels parted by `/`; no level is empty, `.` or `..`."""
    size_bytes: int
    mtime_s: float | None
    handle: object = None
    """The shelf's own."""

    @property
    def name(self) -> bytes:
        """The last level."""
        return self.path.rpartition(b"/")[2]


class Shelf(Protocol):
    """Files that can be listed and opened. Used by one thread; listing gives the order in which opening is cheap."""

    def entries(self) -> list[Entry]:
        """Every regular file.

        Raises:
            ShelfError: too many of them, or an archive that is none.
        """
        ...

    def open(self, entry: Entry) -> contextlib.AbstractContextManager[BinaryIO]:
        """A file's bytes from its beginning.

        Raises:
            OSError: it can't be read; also on reading, as is `zlib.error` or `zipfile.BadZipFile`.
        """
        ...

    def stamp(self) -> bytes:
        """A digest that is another one when anything of the export may have changed."""
        ...

    def close(self) -> None:
        """Close what is still open."""
        ...

    @property
    def left_out(self) -> dict[str, int]:
        """What was met when listing that is no regular file, in words, and how many."""
        ...


READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError)
"""What reading a broken or foreign archive raises: nothing was concluded about the file."""


class FolderShelf:
    """A folder and all below it. Links are not followed."""

    def __init__(self, root: bytes) -> None:
        """Nothing is read yet."""
        self._root = root
        self._entries: list[Entry] | None = None
        self._stamp = b""
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """Every regular file, by its path."""
        if self._entries is None:
            found: list[tuple[Entry, tuple[int, int, int]]] = []
            waiting = [(self._root, b"", 0)]
            while waiting:
                place, path, depth = waiting.pop()
                for each in self._scan(place):
                    name = path + each.name
                    if each.is_dir(follow_symlinks=False):
                        if depth >= DEPTH_LIMIT:
                            leave_out(self.left_out, "folders nested too deeply")
                        else:
                            waiting.append((each.path, name + b"/", depth + 1))
                    elif each.is_file(follow_symlinks=False):
                        told = each.stat(follow_symlinks=False)
                        entry = Entry(name, told.st_size, told.st_mtime, each.path)
                        found.append((entry, (told.st_size, told.st_mtime_ns, told.st_ino)))
                        if len(found) > ENTRIES_LIMIT:
                            raise ShelfError(f"it has more than {ENTRIES_LIMIT:,} files")
                    else:
                        leave_out(self.left_out, LINKS)
            found.sort(key=lambda pair: pair[0].path)
            digest = hashlib.sha256()
            for entry, marks in found:
                digest.update(repr((entry.path, marks)).encode())
            self._stamp = digest.digest()
            self._entries = [entry for entry, _ in found]
        return self._entries

    def open(self, entry: Entry) -> contextlib.AbstractContextManager[BinaryIO]:
        """A file's bytes."""
        return open_regular(cast(bytes, entry.handle))

    def stamp(self) -> bytes:
        """Of paths, sizes, times and inodes."""
        self.entries()
        return self._stamp

    def close(self) -> None:
        """Nothing stays open."""

    def _scan(self, place: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(place) as found:
                return list(found)
        except OSError as why:
            if place == self._root:
                raise ShelfError(why.strerror or str(why)) from why
            leave_out(self.left_out, "folders that can't be read")
            return []


class FileShelf:
    """One file."""

    def __init__(self, path: bytes) -> None:
        """Nothing is read yet."""
        self._path = path
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """The file."""
        told = os.stat(self._path)
        return [Entry(os.path.basename(self._path), told.st_size, told.st_mtime)]

    def open(self, entry: Entry) -> contextlib.AbstractContextManager[BinaryIO]:
        """Its bytes."""
        return open_regular(self._path, follow=True)

    def stamp(self) -> bytes:
        """Of its size, time and inode."""
        return file_stamp(self._path)

    def close(self) -> None:
        """Nothing stays open."""


def leave_out(counts: dict[str, int], what: str) -> None:
    """Count something that is passed over."""
    counts[what] = counts.get(what, 0) + 1


def read_small(shelf: Shelf, entry: Entry, limit_bytes: int) -> bytes:
    """A whole file.

    Raises:
        OSError: it is larger, or can't be read.
    """
    with shelf.open(entry) as file:
        raw = file.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise OSError(f"it is larger than {limit_bytes:,} bytes")
    return raw


def safe_path(untrusted: bytes) -> bytes:
    r"""A member's name with what would lead out of the archive taken off; it only names, and nothing is written by it.

    Example:
        >>> safe_path(b"/../a/./b\\c//d")
        b'a/b/c/d'
    """
    parts = untrusted[:4_096].replace(b"\\", b"/").replace(b"\0", b"").split(b"/")
    return b"/".join(part for part in parts if part not in (b"", b".", b"..")) or b"unnamed"


def file_stamp(path: bytes) -> bytes:
    """What tells that a file is the one that it was."""
    told = os.stat(path)
    return hashlib.sha256(repr((path, told.st_size, told.st_mtime_ns, told.st_ino)).encode()).digest()


@contextlib.contextmanager
def open_regular(path: bytes, *, follow: bool = False) -> Iterator[BinaryIO]:
    """A regular file, opened without following a link at its end."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file")
        yield file
