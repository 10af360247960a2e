"""Extended attributes of what lies in an open folder, links not followed."""

from __future__ import annotations

import base64
import errno
import os

from standfast.holdings.identifiers import escape_name

ATTRIBUTES_LIMIT = 256 * 1024
"""Bytes of all values of one thing together; Linux allows 64 KiB for one value."""
WANTING = "without some extended attributes"
_HAS_NONE = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.ENODATA, errno.ERANGE}


def read_attributes(folder: int, last: bytes) -> tuple[dict[str, str], str]:
    """The extended attributes of one thing, as records write them, and what is wanting.

    Args:
        folder: descriptor of the open folder that it lies in.
        last: its name there.

    Returns:
        Escaped names with values in base64; and empty text, or that some could not be read or are too large.

    Raises:
        OSError: the thing is not there any more.
    """
    # There is no call that takes a folder and a name; the folder's entry in /proc leads to the same place.
    path = b"/proc/self/fd/%d/%b" % (folder, last)
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as why:
        if why.errno in _HAS_NONE:
            return {}, ""
        if why.errno in _NOT_OURS:
            return {}, WANTING
        raise
    values: dict[str, str] = {}
    total = 0
    wanting = ""
    for name in names:
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
        except OSError as why:
            if why.errno not in _NOT_OURS | _HAS_NONE:
                raise
            wanting = WANTING
            continue
        total += len(value)
        if total > ATTRIBUTES_LIMIT:
            return values, WANTING
        values[escape_name(os.fsencode(name))] = base64.b64encode(value).decode("ascii")
    return values, wanting
