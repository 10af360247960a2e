"""Whether an object that stands in a far copy is the one that is to be put there, piece by piece."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from standfast.replicas.destination import Content


def require_same(name: str, content: Content, held: Iterator[memoryview]) -> None:
    """Compare without holding either whole; both may come in pieces of any size.

    Raises:
        FileExistsError: other bytes stand there.
    """
    taken = FileExistsError(errno.EEXIST, "another object stands there", name)
    rest = memoryview(b"")
    for piece in (content,) if isinstance(content, bytes) else content:
        wanted = memoryview(piece)
        while wanted:
            rest = rest or next(held, memoryview(b""))
            length = min(len(rest), len(wanted))
            if not length or rest[:length] != wanted[:length]:
                raise taken
            rest, wanted = rest[length:], wanted[length:]
    if rest or any(held):
        raise taken
