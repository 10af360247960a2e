"""The port: a place able to hold a copy of `holdings/`, by the names of its objects.

Trusted for holding, and for nothing else: who has it can withhold, delete, serve old objects, and see sizes and
rhythm. Nothing read from it is believed before `audit` or the reader has checked it.

Every implementation passes tests/contract/destination_contract.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

PIECE_BYTES = 1024 * 1024
NOT_A_FILE = -1
"""The size that `list` gives for what is no plain file: a link, a device, a folder that can't be opened."""

Pieces = Iterable[bytes | memoryview]
Content = bytes | Pieces
"""Bytes of an object, whole or in order. A piece is valid until the next one is asked for."""


class ReadableCopy(Protocol):
    """The reading half. Safe to call from several threads.

    Names are those of `names.kind_of`; any other is a ValueError. Every method may raise ReplicaUnreachableError: the
    place is gone, and nothing follows about what it holds.
    """

    @property
    def location(self) -> str:
        """Where it is, as a person wrote it."""
        ...

    def read(self, name: str) -> bytes:
        """A whole object, cut one byte after its kind's `names.LIMIT_BYTES`: no check of a longer one can pass.

        Raises:
            FileNotFoundError: not there.
            OSError: this object could not be read.
        """
        ...

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """An object in pieces of at most `piece_bytes`, each valid until the next is asked for. Errors as `read`."""
        ...

    def size(self, name: str) -> int | None:
        """Its size in bytes, or None where it is not there."""
        ...

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Everything there, what is no object too, with its size or `NOT_A_FILE`.

        A name that is not UTF-8 is escaped as `identifiers.escape_name` does.

        Args:
            prefix: only names that begin so; it is empty or ends in `/`.
        """
        ...


class Destination(ReadableCopy, Protocol):
    """A place that can be written to. One writer at a time: whoever writes holds `writing`."""

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of an object from `offset`; fewer where it ends. Errors as `read`.

        Whoever reads a copy in other hands asks for whole blocks of `PIECE_BYTES`: a range that follows a chunk tells
        how long it is.
        """
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold the place as its one writer, as far as the place can tell.

        Raises:
            ReplicaBusyError: another writer holds it.
        """
        ...

    def put(self, name: str, content: Content) -> None:
        """Store an object; when this returns it is durable. It is never seen half written.

        What `content` raises while it is read goes through, and nothing is stored. The same bytes put again change
        nothing.

        Raises:
            FileExistsError: other bytes stand there, or a folder or a link in its way. They are untouched.
            ReplicaFullError, ReplicaReadOnlyError: nothing was stored.
        """
        ...

    def replace(self, name: str, content: Content) -> None:
        """As `put`, over whatever stands there: the old object or the new one, never a part.

        Only for the checkpoint, policies, debris above the checkpoint, and objects that an audit found damaged.

        Raises:
            FileExistsError: something that is no file stands in its way.
            ReplicaFullError, ReplicaReadOnlyError: nothing was stored.
        """
        ...
