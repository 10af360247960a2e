"""Where an export's files lie: a folder, one file, a zip or a tar, or several archives beside each other.

All of it is hostile. Names are only ever read, never written to a disk; links are not followed; an archive may not
unpack to more than a multiple of itself, and its members may not share bytes, which is how the worst zip bombs are
made.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol, cast

ENTRIES_LIMIT = 5_000_000
DEPTH_LIMIT = 100
DIRECTORY_LIMIT = 128 * 1024 * 1024
"""Of a zip's list of members: a million and more."""
RATIO_LIMIT, RATIO_FROM_BYTES = 250, 64 * 1024 * 1024
"""What a member of this size may unpack to, as a multiple. Mail packs to a half or a fifth, a log to a thirtieth."""
ARCHIVE_ENDINGS = (b".zip", b".tgz", b".tar.gz", b".tar")
_END_OF_DIRECTORY = b"PK\x05\x06"


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

    @property
    def left_out(self) -> dict[str, int]:
        """What was met when listing that is no regular file, in words, and how many."""
        ...


READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, RuntimeError, NotImplementedError)
"""What reading a broken or foreign archive raises: nothing was concluded about the file."""


def open_shelf(path: str) -> Shelf:
    """The shelf at a path.

    Raises:
        ShelfError: there is nothing, or nothing that can be listed.
    """
    raw = os.fsencode(path)
    try:
        found = os.stat(raw)
    except OSError as why:
        raise ShelfError(why.strerror or str(why)) from why
    if stat.S_ISDIR(found.st_mode):
        shelf = FolderShelf(raw)
        files = shelf.entries()
        if files and len(files) <= 1_000 and all(entry.path.lower().endswith(ARCHIVE_ENDINGS) for entry in files):
            return JoinedShelf([_open_file(raw + b"/" + entry.path) for entry in files])
        return shelf
    if not stat.S_ISREG(found.st_mode):
        raise ShelfError("it is neither a file nor a folder")
    return _open_file(raw)


def _open_file(raw: bytes) -> Shelf:
    try:
        with open(raw, "rb") as file:
            head = file.read(512)
    except OSError as why:
        raise ShelfError(why.strerror or str(why)) from why
    if head[:4] in (b"PK\x03\x04", _END_OF_DIRECTORY):
        return ZipShelf(raw)
    if head[:2] == b"\x1f\x8b" or head[257:262] == b"ustar":
        return TarShelf(raw)
    return FileShelf(raw)


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
                            self._leave_out("folders nested too deeply")
                        else:
                            waiting.append((each.path, name + b"/", depth + 1))
                    elif each.is_file(follow_symlinks=False):
                        told = each.stat(follow_symlinks=False)
                        entry = Entry(name, told.st_size, told.st_mtime, each.path)
                        found.append((entry, (told.st_size, told.st_mtime_ns, told.st_ino)))
                        if len(found) > ENTRIES_LIMIT:
                            raise ShelfError(f"it has more than {ENTRIES_LIMIT:,} files")
                    else:
                        self._leave_out("links and other things that are no files")
            found.sort(key=lambda pair: pair[0].path)
            digest = hashlib.sha256()
            for entry, marks in found:
                digest.update(repr((entry.path, marks)).encode())
            self._stamp = digest.digest()
            self._entries = [entry for entry, _ in found]
        return self._entries

    def open(self, entry: Entry) -> contextlib.AbstractContextManager[BinaryIO]:
        """A file's bytes."""
        return _open_regular(cast(bytes, entry.handle))

    def stamp(self) -> bytes:
        """Of paths, sizes, times and inodes."""
        self.entries()
        return self._stamp

    def _scan(self, place: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(place) as found:
                return list(found)
        except OSError as why:
            if place == self._root:
                raise ShelfError(why.strerror or str(why)) from why
            self._leave_out("folders that can't be read")
            return []

    def _leave_out(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1


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
        return _open_regular(self._path, follow=True)

    def stamp(self) -> bytes:
        """Of its size, time and inode."""
        return _file_stamp(self._path)


class ZipShelf:
    """A zip."""

    def __init__(self, path: bytes) -> None:
        """Nothing is read yet."""
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """Every member that is a file, in the order in which they lie."""
        size = os.stat(self._path).st_size
        _check_directory(self._path, size)
        try:
            members = self._opened().infolist()
        except READ_ERRORS as why:
            raise ShelfError(f"it is no sound zip: {why}") from why
        if sum(member.compress_size for member in members) > size:
            raise ShelfError("its members share bytes, as those of a zip bomb do")
        if len(members) > ENTRIES_LIMIT:
            raise ShelfError(f"it has more than {ENTRIES_LIMIT:,} members")
        found = []
        for member in sorted(members, key=lambda each: each.header_offset):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir():
                continue
            if kind not in (0, stat.S_IFREG):
                self.left_out["links and other things that are no files"] = 1 + self.left_out.get(
                    "links and other things that are no files", 0
                )
                continue
            found.append(Entry(safe_path(_zip_name(member)), member.file_size, _zip_time(member), member))
        return found

    @contextlib.contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """A member's bytes."""
        member = cast(zipfile.ZipInfo, entry.handle)
        if member.flag_bits & 1:
            raise OSError("it is encrypted")
        if member.file_size > RATIO_FROM_BYTES and member.file_size > RATIO_LIMIT * max(member.compress_size, 1):
            raise OSError("it would unpack to a multiple of itself that no mail has")
        with self._opened().open(member) as file:
            yield cast(BinaryIO, file)

    def stamp(self) -> bytes:
        """Of the zip's own size, time and inode."""
        return _file_stamp(self._path)

    def _opened(self) -> zipfile.ZipFile:
        if self._zip is None:
            self._zip = zipfile.ZipFile(os.fsdecode(self._path))
        return self._zip


class TarShelf:
    """A tar, packed by gzip or not. Its members are best opened in their order."""

    def __init__(self, path: bytes) -> None:
        """Nothing is read yet."""
        self._path = path
        self._tar: tarfile.TarFile | None = None
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """Every member that is a file, in the order in which they lie."""
        limit = RATIO_LIMIT * os.stat(self._path).st_size + RATIO_FROM_BYTES
        found: list[Entry] = []
        unpacked = 0
        try:
            self._tar = tarfile.open(os.fsdecode(self._path), "r:*")  # noqa: SIM115 -- kept open for its members
            for member in self._tar:
                unpacked += member.size
                if unpacked > limit or len(found) > ENTRIES_LIMIT:
                    raise ShelfError("it unpacks to a multiple of itself that no mail has")
                if member.isreg() and not member.issparse():
                    name = safe_path(member.name.encode("utf-8", "surrogateescape"))
                    found.append(Entry(name, member.size, float(member.mtime), member))
                elif not member.isdir():
                    self.left_out["links and other things that are no files"] = 1 + self.left_out.get(
                        "links and other things that are no files", 0
                    )
        except READ_ERRORS as why:
            raise ShelfError(f"it is no sound tar: {why}") from why
        return found

    @contextlib.contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """A member's bytes."""
        file = self._tar.extractfile(cast(tarfile.TarInfo, entry.handle)) if self._tar else None
        if file is None:
            raise OSError("it is no file")
        with file:
            yield cast(BinaryIO, file)

    def stamp(self) -> bytes:
        """Of the tar's own size, time and inode."""
        return _file_stamp(self._path)


class JoinedShelf:
    """Archives beside each other that are one export, as Google gives it out."""

    def __init__(self, shelves: list[Shelf]) -> None:
        """`shelves`: in the order in which they are read."""
        self._shelves = shelves

    def entries(self) -> list[Entry]:
        """Those of each."""
        return [
            Entry(entry.path, entry.size_bytes, entry.mtime_s, (shelf, entry))
            for shelf in self._shelves
            for entry in shelf.entries()
        ]

    def open(self, entry: Entry) -> contextlib.AbstractContextManager[BinaryIO]:
        """Its bytes."""
        shelf, inner = cast("tuple[Shelf, Entry]", entry.handle)
        return shelf.open(inner)

    def stamp(self) -> bytes:
        """Of all of them."""
        return hashlib.sha256(b"".join(shelf.stamp() for shelf in self._shelves)).digest()

    @property
    def left_out(self) -> dict[str, int]:
        """Of all of them."""
        out: dict[str, int] = {}
        for shelf in self._shelves:
            for what, count in shelf.left_out.items():
                out[what] = out.get(what, 0) + count
        return out


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


def _zip_name(member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 0x800:
        return member.filename.encode("utf-8", "surrogateescape")
    with contextlib.suppress(UnicodeError):
        return member.filename.encode("cp437")
    return member.filename.encode("utf-8", "surrogateescape")


def _zip_time(member: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*member.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _check_directory(path: bytes, size: int) -> None:
    """Refuse a list of members that would not fit into memory, before `zipfile` reads all of it."""
    with open(path, "rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(tail) < at + 20:
        raise ShelfError("it is no sound zip: it has no end")
    (told,) = struct.unpack_from("<I", tail, at + 12)
    if told == 0xFFFFFFFF:
        end = tail.rfind(b"PK\x06\x06", 0, at)
        told = struct.unpack_from("<Q", tail, end + 40)[0] if end >= 0 and len(tail) >= end + 48 else told
    if told > DIRECTORY_LIMIT:
        raise ShelfError("its list of members is too long")


def _file_stamp(path: bytes) -> bytes:
    told = os.stat(path)
    return hashlib.sha256(repr((path, told.st_size, told.st_mtime_ns, told.st_ino)).encode()).digest()


@contextlib.contextmanager
def _open_regular(path: bytes, *, follow: bool = False) -> Iterator[BinaryIO]:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file")
        yield file
