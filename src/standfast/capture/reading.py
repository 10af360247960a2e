"""Opens a file that was landed by reference: that very file, or nothing."""

from __future__ import annotations

import errno
import os
import stat

from standfast.capture.landing import FileReference

PATH_PIECE_BYTES = 2_048
"""The system takes paths below 4,096 bytes; longer ones are opened piece by piece."""


def open_reference(reference: FileReference) -> int:
    """A descriptor of the file, for reading. The caller closes it.

    Folders on the way may be links by now; that the file is the one that was met is seen by its device and inode.

    Raises:
        OSError: it is not there any more, or can't be read. Another file under its name counts as not there.
    """
    handle = _open(reference.path)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) != (reference.device, reference.inode):
        os.close(handle)
        raise FileNotFoundError(errno.ENOENT, "another file took its place while it was captured")
    return handle


def _open(path: bytes) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if len(path) < PATH_PIECE_BYTES:
        return os.open(path, flags)
    folder = os.open(b"/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rest = path.lstrip(b"/")
        while len(rest) >= PATH_PIECE_BYTES:
            # A part of a name is at most 255 bytes, so that there is a slash.
            here, slash, _ = rest[:PATH_PIECE_BYTES].rpartition(b"/")
            below = os.open(here, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder, rest = below, rest[len(here) + len(slash) :].lstrip(b"/")
        return os.open(rest, flags, dir_fd=folder)
    finally:
        os.close(folder)
