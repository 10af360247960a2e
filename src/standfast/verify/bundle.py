"""A bundle's zip, read within bounds: a hostile one costs little, and means one thing. Format: docs/formats/bundle.md.

Verification, in this order; each is a `BundleRefusedError` with its reason:

 1. one directory at the end of the file, of at most `ENTRIES_LIMIT` entries
 2. names that can stand below one folder, each once, whatever their case
 3. plain files and folders, stored or deflated, not encrypted
 4. entries one after the other from the first byte, none over another, each headed as the directory says
 5. nothing unpacks to more than it may

Trusted: nothing. Content is unpacked only as a stream, everything else up to 16 MiB.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from standfast.errors.verify import BundleRefusedError, BundleUnreadableError
from standfast.holdings.digest import ContentDigest
from standfast.verify.layout import FOLDER_NAME

ENTRIES_LIMIT = 10_000
DIRECTORY_LIMIT_BYTES = 8 * 1024 * 1024
NAME_LIMIT_BYTES = 400
FILE_LIMIT_BYTES = 16 * 1024 * 1024
"""Of everything but an item's content."""
RATIO_LIMIT = 1_100
"""Deflate itself reaches 1,032."""
PIECE_BYTES = 1 << 20

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_CONTENT = re.compile(r"data/items/[1-9][0-9]*/content/[^/]+")
_ACTS = re.compile("[\x00-\x1f\x7f\\\\]")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error, RuntimeError)


@dataclass(frozen=True, slots=True)
class FileDigests:
    """Of one file of a bundle."""

    sha256: str
    sha512: str
    blake3: str
    size_bytes: int


Tell = Callable[[int, int], None]
"""Bytes read so far, of so many."""


class Bundle:
    """A zip that keeps the rules. Close it, or use it in a `with`."""

    def __init__(self, path: Path, tell: Tell = lambda done, total: None) -> None:
        """Open it and verify its form.

        Raises:
            BundleUnreadableError: the system does not give the file.
            BundleRefusedError: a rule is broken.
        """
        self._digests: dict[str, FileDigests] = {}
        self._tell, self._done_bytes = tell, 0
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as why:
            raise BundleUnreadableError(path, why.strerror or str(why)) from why
        try:
            self._zip, self._entries = _open(self._file)
        except OSError as why:
            self._file.close()
            raise BundleUnreadableError(path, why.strerror or str(why)) from why
        except BaseException:
            self._file.close()
            raise
        self._total_bytes = sum(each.file_size for each in self._entries.values())

    def __enter__(self) -> Bundle:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()

    @property
    def paths(self) -> frozenset[str]:
        """Every file, by its path below the one folder."""
        return frozenset(self._entries)

    def find(self, path: str) -> bytes | None:
        """A whole file, None where there is none.

        Raises:
            BundleRefusedError: damaged.
        """
        if path not in self._entries or self._entries[path].file_size > FILE_LIMIT_BYTES:
            return None
        return b"".join(self.pieces(path))

    def read(self, path: str) -> bytes:
        """A whole file of at most 16 MiB.

        Raises:
            BundleRefusedError: it is missing, too large or damaged.
        """
        found = self.find(path)
        if found is None:
            raise BundleRefusedError(f"{path} is missing, or too large")
        return found

    def pieces(self, path: str) -> Iterator[bytes]:
        """A file's bytes, 1 MiB at a time.

        Raises:
            BundleRefusedError: damaged; what came before it is not to be used.
        """
        try:
            with self._zip.open(self._entries[path]) as opened:
                while piece := opened.read(PIECE_BYTES):
                    yield piece
        except _BROKEN as why:
            raise BundleRefusedError(f"{path} is damaged ({why})") from None

    def digests(self, path: str) -> FileDigests:
        """The digests of a file; each file is read once for all of them.

        Raises:
            BundleRefusedError: it is missing or damaged.
        """
        if path not in self._entries:
            raise BundleRefusedError(f"{path} is missing")
        if path not in self._digests:
            running, sha512 = ContentDigest(), hashlib.sha512()
            for piece in self.pieces(path):
                running.update(piece)
                sha512.update(piece)
                self._done_bytes += len(piece)
                self._tell(self._done_bytes, self._total_bytes)
            found = FileDigests(running.sha256, sha512.hexdigest(), running.blake3, running.size_bytes)
            self._digests[path] = found
        return self._digests[path]


def _open(file: BinaryIO) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    try:
        start = _directory(file)
        opened = zipfile.ZipFile(file)
        listed = opened.infolist()
        if len(listed) > ENTRIES_LIMIT:
            raise BundleRefusedError(f"it has more than {ENTRIES_LIMIT} entries")
        entries = _named(listed)
        _require_in_a_row(file, listed, start)
    except _BROKEN as why:
        raise BundleRefusedError(f"it is no zip that can be read ({why})") from None
    return opened, entries


def _directory(file: BinaryIO) -> int:
    """Where the central directory begins, when it is the only one that the file can have."""
    size = file.seek(0, 2)
    tail_start = max(0, size - _END.size - 65_535)
    file.seek(tail_start)
    tail = file.read(_END.size + 65_535)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise BundleRefusedError("it is no zip")
    _, disk, first, here, count, length, offset, comment = _END.unpack_from(tail, at)
    stop = tail_start + at
    if stop + _END.size + comment != size or comment:
        raise BundleRefusedError("something stands after its directory")
    if disk or first or here != count:
        raise BundleRefusedError("it is a part of several")
    if stop >= 20 and tail[max(0, at - 20) : at].startswith(b"PK\6\7"):
        end64 = int.from_bytes(tail[at - 12 : at - 4], "little")
        file.seek(end64)
        block = file.read(_END64.size)
        if len(block) < _END64.size or not block.startswith(b"PK\6\6") or end64 + _END64.size + 20 != stop:
            raise BundleRefusedError("its directory is damaged")
        *_, count, length, offset = _END64.unpack(block)
        stop = end64
    if count > ENTRIES_LIMIT or length > DIRECTORY_LIMIT_BYTES:
        raise BundleRefusedError(f"it has more than {ENTRIES_LIMIT} entries, or a directory that is too long")
    if offset + length != stop:
        raise BundleRefusedError("its directory does not stand where it says")
    file.seek(0)
    return int(offset)


def _named(listed: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    folders: set[str] = set()
    seen: set[str] = set()
    entries: dict[str, zipfile.ZipInfo] = {}
    for each in listed:
        name = each.orig_filename
        parts = name.removesuffix("/").split("/")
        if _ACTS.search(name) or len(name.encode()) > NAME_LIMIT_BYTES or {"", ".", ".."} & set(parts):
            raise BundleRefusedError(f"a name in it can't be one: {name[:80]!r}")
        plain = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        if plain in seen:
            raise BundleRefusedError(f"two entries are called {name[:80]!r}")
        seen.add(plain)
        folders.add(parts[0])
        is_folder = name.endswith("/")
        _require_plain(each, is_folder)
        if not is_folder:
            entries["/".join(parts[1:])] = each
    if len(folders) != 1 or "" in entries or not FOLDER_NAME.fullmatch(next(iter(folders))):
        raise BundleRefusedError("it must hold one folder and nothing beside it")
    return entries


def _require_plain(each: zipfile.ZipInfo, is_folder: bool) -> None:
    name, kind = each.orig_filename[:80], stat.S_IFMT(each.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
        raise BundleRefusedError(f"{name!r} is a link or a special file")
    if each.flag_bits & 0x2041:
        raise BundleRefusedError(f"{name!r} is encrypted")
    if each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleRefusedError(f"{name!r} is compressed in a way that is not known")
    stored = each.compress_type == zipfile.ZIP_STORED
    if (stored and each.file_size != each.compress_size) or each.file_size > RATIO_LIMIT * each.compress_size + 64:
        raise BundleRefusedError(f"{name!r} unpacks to more than it may")
    if is_folder and each.file_size:
        raise BundleRefusedError(f"{name!r} is a folder with content")
    if each.file_size > FILE_LIMIT_BYTES and not _CONTENT.fullmatch(each.orig_filename.partition("/")[2]):
        raise BundleRefusedError(f"{name!r} is larger than {FILE_LIMIT_BYTES} bytes")


def _require_in_a_row(file: BinaryIO, listed: list[zipfile.ZipInfo], directory: int) -> None:
    free_from = 0
    for number, each in enumerate(sorted(listed, key=lambda one: one.header_offset)):
        if each.header_offset < free_from or (number == 0 and each.header_offset):
            raise BundleRefusedError(f"{each.orig_filename[:80]!r} does not stand where an entry can")
        file.seek(each.header_offset)
        head = _LOCAL.unpack(file.read(_LOCAL.size))
        method, name_length, extra_length = head[3], head[9], head[10]
        name = file.read(name_length)
        expected = each.orig_filename.encode("utf-8" if each.flag_bits & 0x800 else "cp437")
        if head[0] != b"PK\3\4" or name != expected or method != each.compress_type:
            raise BundleRefusedError(f"{each.orig_filename[:80]!r} is headed otherwise than the directory says")
        free_from = each.header_offset + _LOCAL.size + name_length + extra_length + each.compress_size
    if free_from > directory:
        raise BundleRefusedError("an entry stands over the directory")
