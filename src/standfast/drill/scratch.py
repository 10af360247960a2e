"""The place where a drill restores to: private, and gone when the drill ends, in whatever way it ends.

What lies there is plain text. Only a process that is killed leaves some; the next drill in the same place removes it,
since the lock in it went with the process. Removing is not erasing: on a disk that is not encrypted, traces may stay.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from standfast import durable
from standfast.errors.drill import ScratchUnusableError
from standfast.holdings.identifiers import ORIGIN_NAME

PREFIX = "standfast-drill-"
LOCK = ".drilling"


class Scratch:
    """A new folder, 0700, below `parent`. Use it in a `with`."""

    def __init__(self, parent: Path, *, keep: bool = False) -> None:
        """Nothing is made yet. `keep`: leave what was restored where it is."""
        self._parent, self._keep = parent, keep
        self._lock = contextlib.ExitStack()
        self.folder = parent

    def __enter__(self) -> Scratch:
        """Remove what killed drills left, then make the folder.

        Raises:
            ScratchUnusableError: the system refused it.
        """
        try:
            self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_abandoned(self._parent)
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
            other = self._lock.enter_context(durable.exclusive_lock(self.folder / LOCK, f"process {os.getpid()}"))
        except OSError as why:
            raise ScratchUnusableError(self._parent, why.strerror or str(why)) from why
        if other is not None:
            raise ScratchUnusableError(self.folder, f"it is held by {other}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything, or leave it when it is to be kept and the drill came to its end.

        Raises:
            ScratchUnusableError: something could not be removed: plain text is left.
        """
        try:
            if self._keep and error is None:
                (self.folder / LOCK).unlink()
            else:
                remove_tree(self.folder)
        except OSError as why:
            raise ScratchUnusableError(self.folder, why.strerror or str(why)) from why
        finally:
            self._lock.close()

    def place(self, origin: str) -> Path:
        """Where an origin goes; not made yet.

        Raises:
            ValueError: no origin has such a name: a defect of ours, since settings take no other.
        """
        if not ORIGIN_NAME.fullmatch(origin):
            raise ValueError(f"no origin is called {origin!r}")
        return self.folder / origin

    def clear(self, origin: str) -> None:
        """Remove what was restored there, unless it is to be kept.

        Raises:
            ScratchUnusableError: it could not be removed.
        """
        folder = self.place(origin)
        if self._keep or not folder.exists():
            return
        try:
            remove_tree(folder)
        except OSError as why:
            raise ScratchUnusableError(folder, why.strerror or str(why)) from why

    def free_bytes(self) -> int:
        """Room for one who is not root."""
        return shutil.disk_usage(self.folder).free


def remove_abandoned(parent: Path) -> None:
    """Remove what drills left that were killed. One that runs holds its lock; one that was to be kept has none."""
    for each in sorted(parent.glob(PREFIX + "*")):
        if each.is_symlink() or not (each / LOCK).is_file() or each.stat().st_uid != os.geteuid():
            continue
        with durable.exclusive_lock(each / LOCK, f"process {os.getpid()}, removing") as other:
            if other is None:
                remove_tree(each)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it, whatever modes were given back to what lies there. No link is followed.

    Raises:
        OSError: something stays.
    """
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _remove(folder.name, parent)
    finally:
        os.close(parent)


def _remove(name: str, parent: int) -> None:
    os.chmod(name, 0o700, dir_fd=parent)
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        with os.scandir(handle) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for each, is_folder in found:
            if is_folder:
                _remove(each, handle)
            else:
                os.unlink(each, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)
