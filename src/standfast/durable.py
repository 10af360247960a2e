"""Writes that survive a crash, each with the system calls it makes.

Every function here returns only when the change is on the disk, as far as the operating system says:
the file's bytes by `fsync(file)`, its name by `fsync(folder)`. What remains is a disk that answers
`fsync` before it wrote, and network file systems, where `rename` and `fsync` promise less.

Callers use these functions through the module (`durable.write_atomically`), never by name: the state
machine tests replace them to cut the program at every write.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

UNFINISHED = ".unfinished"
"""Ending of a file that is being written. One found later is debris and may be removed."""
OPEN_AT_ONCE = 64
"""Files that are written before they are waited for; far below the usual limit of 1,024 descriptors."""


def write_atomically(path: Path, data: bytes | memoryview, *, mode: int = 0o644) -> None:
    """Put `data` at `path`, in place of whatever stood there: the old content or the new, never a part.

    open(tmp, O_CREAT|O_TRUNC|O_NOFOLLOW) · write · fsync(file) · rename · fsync(folder).

    Raises:
        OSError: nothing at `path` has changed.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        write_through(unfinished, data, mode=mode)
        move_into_place(unfinished, path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def write_through(path: Path, data: bytes | memoryview, *, mode: int = 0o644) -> None:
    """Write `data` to `path` from its first byte and force it to the disk; the name is not forced."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def write_many_through(files: Iterable[tuple[Path, bytes | memoryview]], *, mode: int = 0o644) -> None:
    """As `write_through`, for many small files: all are written before the first is waited for, in a third of the time.

    Per group of `OPEN_AT_ONCE` files: open · write · posix_fadvise(DONTNEED), which starts the transfer and does not
    wait; then fsync(file) of each, which waits and reports what went wrong on the way.

    Raises:
        OSError: any of the files may hold its old bytes, its new ones or a part.
    """
    remaining = iter(files)
    while group := list(itertools.islice(remaining, OPEN_AT_ONCE)):
        with contextlib.ExitStack() as opened:
            handles = []
            for path, data in group:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
                opened.callback(os.close, handle)
                write_all(handle, data)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                handles.append(handle)
            for handle in handles:
                os.fsync(handle)


def write_all(handle: int, data: bytes | bytearray | memoryview) -> None:
    """Write every byte of `data` to an open descriptor; a short write goes on where it stopped."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def move_into_place(source: Path, target: Path) -> None:
    """Give a finished, forced file its final name, over an older one if there is one: rename · fsync(folder)."""
    os.replace(source, target)
    force_folder(target.parent)


def move_into_free_place(source: Path, target: Path) -> None:
    """As `move_into_place`, but never over something: link · unlink · fsync(folder).

    Where the file system knows no links (FAT, exFAT): open(O_CREAT|O_EXCL), which takes the name with an empty file,
    then rename over that. A cut between the two leaves the empty file.

    Raises:
        FileExistsError: the name is taken. Nothing has changed.
    """
    try:
        os.link(source, target, follow_symlinks=False)
        os.unlink(source)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.replace(source, target)
    force_folder(target.parent)


def force_folder(folder: Path) -> None:
    """Force the names in `folder` to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o755) -> None:
    """Make `folder` and what is missing above it, and force each new name."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir(mode=mode)
        force_folder(each.parent)


def remove(path: Path) -> None:
    """Remove a file if it is there, and force that to the disk."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        force_folder(path.parent)


@contextlib.contextmanager
def exclusive_lock(path: Path, holder: str) -> Iterator[str | None]:
    """Hold an advisory lock on `path` (flock). Yields None when it is ours, else what its holder wrote there.

    The kernel drops the lock when the process ends in any way, so it is never stale; the text in the
    file only tells a person who holds it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield os.pread(handle, 512, 0).decode("utf-8", "replace").strip() or "another process"
            return
        os.ftruncate(handle, 0)
        os.pwrite(handle, holder.encode(), 0)
        yield None
    finally:
        os.close(handle)
