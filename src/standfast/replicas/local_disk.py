"""A copy in a folder on this machine: a disk, a stick, a mounted share.

Not trusted: what lies in the folder. No link inside it is followed, in reading or in writing: each folder is opened
from the one above it, and the root is held open, so that a disk that goes away is never taken for an empty one.

Writing: open(name.unfinished, O_NOFOLLOW) · write · fsync(file) · rename · fsync(folder), through `standfast.durable`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from standfast import durable
from standfast.errors.replicas import (
    RefusedLocationError,
    ReplicaBusyError,
    ReplicaError,
    ReplicaFullError,
    ReplicaReadOnlyError,
    ReplicaUnreachableError,
)
from standfast.holdings.identifiers import escape_name
from standfast.replicas.destination import NOT_A_FILE, PIECE_BYTES, Content
from standfast.replicas.names import LIMIT_BYTES, require_name

DEPTH_LIMIT = 12
"""Folders below the root; our own names have at most ten."""
PROBE_NAME = "Probe-" + "0123456789abcdef" * 4 + durable.UNFINISHED
"""As long as the longest name of ours, in both cases. Left behind by a cut, it is debris like any other."""

_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE = {errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ESHUTDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_IN_THE_WAY = {errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOTEMPTY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a place showed when it was tried."""

    free_bytes: int
    tells_case_apart: bool
    """False on most sticks. It does no harm: no two names of a copy differ in case alone."""


class LocalDisk:
    """A `Destination` in a folder. `close` it, or use it in a `with`: while it is open, its disk can't be unmounted."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened yet. `folder` itself may be reached through a link; nothing below it may."""
        self._folder = folder
        self._opening = threading.Lock()
        self._root: int | None = None

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def __enter__(self) -> LocalDisk:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the folder; the next use opens it again."""
        with self._opening:
            if self._root is not None:
                os.close(self._root)
                self._root = None

    def read(self, name: str) -> bytes:
        """A whole object, cut one byte after its kind's limit."""
        limit = LIMIT_BYTES[require_name(name)] + 1
        with self._reading(), self._file(name) as handle:
            size = os.fstat(handle).st_size
            parts, left = [], limit
            while left and (part := os.read(handle, min(left, max(size, 65536) + 1))):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """An object in pieces, each in the same buffer."""
        require_name(name)
        with self._reading(), self._file(name) as handle:
            # Small packs are many: no larger buffer than the object needs.
            room = min(piece_bytes, max(os.fstat(handle).st_size, 4096))
            view = memoryview(bytearray(room))
            while got := os.readv(handle, [view]):
                yield view[:got]

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of an object from `offset`."""
        require_name(name)
        with self._reading(), self._file(name) as handle:
            return os.pread(handle, length, offset)

    def size(self, name: str) -> int | None:
        """Its size, or None."""
        require_name(name)
        try:
            with self._reading(), self._inside(name) as (folder, last):
                return os.stat(last, dir_fd=folder, follow_symlinks=False).st_size
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Everything below the prefix, folder by folder, names sorted."""
        if prefix and not prefix.endswith("/"):
            raise ValueError("a prefix names folders and ends in /")
        with self._reading():
            try:
                with self._inside(prefix + "x") as (folder, _):
                    yield from _walk(folder, prefix, prefix.count("/"))
            except FileNotFoundError:
                return

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """An advisory lock (flock) on the folder itself, so that no lock file lies in the copy."""
        handle = os.open(".", _FOLDER_FLAGS, dir_fd=self._root_handle())
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as why:
                raise ReplicaBusyError(self.location) from why
            except OSError:  # network shares know no lock on a folder: there, one writer is the person's duty
                pass
            yield
        finally:
            os.close(handle)

    def put(self, name: str, content: Content) -> None:
        """Store an object that is not there, or require that it is the same."""
        require_name(name)
        with self._writing_to(), self._inside(name, make=True) as (folder, last):
            try:
                handle = os.open(last, _READ_FLAGS, dir_fd=folder)
            except FileNotFoundError:
                _write(folder, last, content)
                return
            try:
                if not _holds(handle, content):
                    raise FileExistsError(errno.EEXIST, "another object stands there", name)
            finally:
                os.close(handle)

    def replace(self, name: str, content: Content) -> None:
        """Store an object over whatever file or link stands there."""
        require_name(name)
        with self._writing_to(), self._inside(name, make=True) as (folder, last):
            _write(folder, last, content)

    def probe(self) -> Probe:
        """Try the place: write, force, list and read back a file of one MiB, and remove it.

        Raises:
            RefusedLocationError: it gives back other bytes or another name than were written.
            ReplicaUnreachableError, ReplicaFullError, ReplicaReadOnlyError: it can't be used at all.
        """
        data = os.urandom(PIECE_BYTES)
        with self._writing_to():
            root = self._root_handle()
            try:
                durable.write_through(_path(root) / PROBE_NAME, data)
                durable.force_folder(_path(root))
                if PROBE_NAME not in os.listdir(root):
                    raise RefusedLocationError(self.location, "it changes the names of files")
                handle = os.open(PROBE_NAME, _READ_FLAGS, dir_fd=root)
                with os.fdopen(handle, "rb") as file:
                    if file.read(len(data) + 1) != data:
                        raise RefusedLocationError(self.location, "it does not give back what was written")
                apart = not (_path(root) / PROBE_NAME.lower()).exists()
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(PROBE_NAME, dir_fd=root)
                    durable.force_folder(_path(root))
            there = os.fstatvfs(root)
            return Probe(free_bytes=there.f_bavail * there.f_frsize, tells_case_apart=apart)

    def _root_handle(self) -> int:
        with self._opening:
            if self._root is None:
                try:
                    self._root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                except OSError as why:
                    raise ReplicaUnreachableError(self.location, why.strerror or str(why)) from why
            return self._root

    @contextlib.contextmanager
    def _inside(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that holds an object, open, and the last part of its name. No part is followed if it is a link."""
        *folders, last = name.split("/")
        handle = os.dup(self._root_handle())
        try:
            for each in folders:
                try:
                    inner = os.open(each, _FOLDER_FLAGS, dir_fd=handle)
                except FileNotFoundError:
                    if not make:
                        raise
                    durable.make_folder(_path(handle) / each)
                    inner = os.open(each, _FOLDER_FLAGS, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle, last
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _file(self, name: str) -> Iterator[int]:
        with self._inside(name) as (folder, last):
            handle = os.open(last, _READ_FLAGS, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "not a plain file", name)
            yield handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Tell an object that is missing or unreadable from a place that is gone."""
        try:
            yield
        except OSError as why:
            if why.errno in _GONE or (why.errno in (errno.ENOENT, errno.EIO) and not self._alive()):
                raise ReplicaUnreachableError(self.location, why.strerror or str(why)) from why
            raise

    @contextlib.contextmanager
    def _writing_to(self) -> Iterator[None]:
        try:
            yield
        except _ContentError as why:
            raise why.reason from None
        except FileExistsError:
            raise
        except OSError as why:
            if why.errno in _IN_THE_WAY:
                raise FileExistsError(errno.EEXIST, "a folder or a link stands in its way") from why
            raise self._meaning(why) from why

    def _meaning(self, why: OSError) -> ReplicaError:
        if why.errno in _FULL:
            return ReplicaFullError(self.location)
        if why.errno in _CLOSED:
            return ReplicaReadOnlyError(self.location, why.strerror or str(why))
        return ReplicaUnreachableError(self.location, why.strerror or str(why))

    def _alive(self) -> bool:
        """Whether the root still stands and can be listed."""
        try:
            root = self._root_handle()
            os.listdir(root)
            return os.fstat(root).st_nlink > 0
        except (OSError, ReplicaUnreachableError):
            return False


class _ContentError(Exception):
    """What is to be stored could not be read: told apart from a place that can't take it."""

    def __init__(self, reason: OSError) -> None:
        self.reason = reason


def _pieces(content: Content) -> Iterator[bytes | memoryview]:
    pieces: Iterable[bytes | memoryview] = (content,) if isinstance(content, bytes) else content
    try:
        yield from pieces
    except OSError as why:
        raise _ContentError(why) from why


def _path(folder: int) -> Path:
    """A path into a folder that is open, whatever its names have become since: Linux resolves it by the handle."""
    return Path(f"/proc/self/fd/{folder}")


def _write(folder: int, last: str, content: Content) -> None:
    target = _path(folder) / last
    if isinstance(content, bytes):
        durable.write_atomically(target, content)
        return
    unfinished = target.with_name(last + durable.UNFINISHED)
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            for piece in _pieces(content):
                durable.write_all(handle, piece)
            os.fsync(handle)
        finally:
            os.close(handle)
        durable.move_into_place(unfinished, target)
    except Exception:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def _holds(handle: int, content: Content) -> bool:
    """Whether an open file is exactly this content."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        return False
    with os.fdopen(handle, "rb", closefd=False) as file:
        return all(file.read(len(piece)) == piece for piece in _pieces(content)) and not file.read(1)


def _walk(folder: int, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as inside:
        entries = sorted(inside, key=lambda entry: entry.name)
    for entry in entries:
        name = prefix + escape_name(os.fsencode(entry.name))
        if not entry.is_dir(follow_symlinks=False):
            plain = entry.is_file(follow_symlinks=False)
            yield name, entry.stat(follow_symlinks=False).st_size if plain else NOT_A_FILE
            continue
        try:
            inner = os.open(entry.name, _FOLDER_FLAGS, dir_fd=folder)
        except OSError as why:
            if why.errno in _GONE or why.errno == errno.EIO:
                raise
            yield name + "/", NOT_A_FILE
            continue
        try:
            if depth < DEPTH_LIMIT:
                yield from _walk(inner, name + "/", depth + 1)
            else:
                yield name + "/", NOT_A_FILE
        finally:
            os.close(inner)
