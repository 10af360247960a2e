"""Where a reader takes the objects of a vault from: this machine's folder, or any copy."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

OPEN_FILES = 64


class Source(Protocol):
    """Objects of `holdings/` by their names. Safe to call from several threads."""

    def read(self, name: str) -> bytes:
        """A whole object.

        Raises:
            FileNotFoundError: not there.
            OSError: could not be read; nothing was concluded.
        """
        ...

    def size(self, name: str) -> int | None:
        """Its size in bytes, or None where it is not there."""
        ...

    def read_into(self, name: str, offset: int, out: memoryview) -> None:
        """Fill `out` with the bytes from `offset`.

        Raises:
            FileNotFoundError: not there.
            EOFError: it ends before `out` is full.
        """
        ...


class FolderSource:
    """A folder on this machine, local or mounted. Links are not followed."""

    def __init__(self, holdings: Path) -> None:
        """Nothing is opened yet."""
        self._root = str(holdings)
        self._lock = threading.Lock()
        self._files: OrderedDict[str, int] = OrderedDict()
        # Readers come and go without a word; what they held open must not stay.
        weakref.finalize(self, _close_all, self._files)

    def read(self, name: str) -> bytes:
        """A whole object."""
        handle = self._open(name)
        try:
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(handle)

    def size(self, name: str) -> int | None:
        """Its size in bytes, or None."""
        try:
            return os.lstat(os.path.join(self._root, name)).st_size
        except FileNotFoundError:
            return None

    def read_into(self, name: str, offset: int, out: memoryview) -> None:
        """Fill `out` from `offset`; keeps some files open between calls."""
        with self._lock:
            handle = self._files.get(name)
            if handle is None:
                handle = self._files[name] = self._open(name)
                if len(self._files) > OPEN_FILES:
                    os.close(self._files.popitem(last=False)[1])
            else:
                self._files.move_to_end(name)
            handle = os.dup(handle)
        try:
            while out:
                got = os.preadv(handle, [out], offset)
                if got == 0:
                    raise EOFError(f"{name} ends early")
                out, offset = out[got:], offset + got
        finally:
            os.close(handle)

    def close(self) -> None:
        """Close what is still open."""
        with self._lock:
            _close_all(self._files)

    def _open(self, name: str) -> int:
        return os.open(os.path.join(self._root, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _close_all(files: OrderedDict[str, int]) -> None:
    while files:
        os.close(files.popitem()[1])
