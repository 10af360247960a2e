"""Exports in zips and tars, and several of them beside each other.

An archive may not unpack to more than a multiple of itself, and its members may not share bytes, which is how the worst
zip bombs are made. Nothing is unpacked to a disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

from standfast.capture.exports.shelf import (
    ENTRIES_LIMIT,
    LINKS,
    READ_ERRORS,
    Entry,
    FileShelf,
    FolderShelf,
    Shelf,
    ShelfError,
    file_stamp,
    leave_out,
    safe_path,
)

DIRECTORY_LIMIT = 128 * 1024 * 1024
"""Of a zip's list of members: a million and more."""
RATIO_LIMIT, RATIO_FROM_BYTES = 250, 64 * 1024 * 1024
"""What a member of this size may unpack to, as a multiple. Mail packs to a half or a fifth, a log to a thirtieth."""
ARCHIVE_ENDINGS = (b".zip", b".tgz", b".tar.gz", b".tar")
_END_OF_DIRECTORY = b"PK\x05\x06"


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


class ZipShelf:
    """A zip."""

    def __init__(self, path: bytes) -> None:
        """Nothing is read yet."""
        self._path = path
        self._zip: zipfile.ZipFile | None = None
        self._entries: list[Entry] | None = None
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """Every member that is a file, in the order in which they lie."""
        if self._entries is None:
            self._entries = list(self._listed())
        return self._entries

    def _listed(self) -> Iterator[Entry]:
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
        for member in sorted(members, key=lambda each: each.header_offset):
            if member.is_dir():
                continue
            if stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG):
                yield Entry(safe_path(_zip_name(member)), member.file_size, _zip_time(member), member)
            else:
                leave_out(self.left_out, LINKS)

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
        return file_stamp(self._path)

    def close(self) -> None:
        """Close the zip."""
        if self._zip:
            self._zip.close()

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
        self._entries: list[Entry] | None = None
        self.left_out: dict[str, int] = {}

    def entries(self) -> list[Entry]:
        """Every member that is a file, in the order in which they lie."""
        if self._entries is None:
            limit = RATIO_LIMIT * os.stat(self._path).st_size + RATIO_FROM_BYTES
            try:
                self._tar = tarfile.open(os.fsdecode(self._path), "r:*")  # noqa: SIM115 -- kept open for its members
                self._entries = list(self._listed(self._tar, limit))
            except READ_ERRORS as why:
                raise ShelfError(f"it is no sound tar: {why}") from why
        return self._entries

    def _listed(self, tar: tarfile.TarFile, limit_bytes: int) -> Iterator[Entry]:
        unpacked = count = 0
        for member in tar:
            unpacked, count = unpacked + member.size, count + 1
            if unpacked > limit_bytes or count > ENTRIES_LIMIT:
                raise ShelfError("it unpacks to a multiple of itself that no mail has")
            if member.isreg() and not member.issparse():
                name = safe_path(member.name.encode("utf-8", "surrogateescape"))
                yield Entry(name, member.size, float(member.mtime), member)
            elif not member.isdir():
                leave_out(self.left_out, LINKS)

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
        return file_stamp(self._path)

    def close(self) -> None:
        """Close the tar."""
        if self._tar:
            self._tar.close()


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

    def close(self) -> None:
        """Close all of them."""
        for shelf in self._shelves:
            shelf.close()

    @property
    def left_out(self) -> dict[str, int]:
        """Of all of them."""
        out: dict[str, int] = {}
        for shelf in self._shelves:
            for what, count in shelf.left_out.items():
                out[what] = out.get(what, 0) + count
        return out


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
