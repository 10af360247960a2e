"""A copy in a bucket of a store that speaks S3.

Not trusted: what the store says. An object is put whole or not at all; a name that is taken is not written over where
the store knows `If-None-Match`, and otherwise only by a second writer, of which there must be none. The checkpoint is
replaced only if it is the one that was there when writing began, where the store knows `If-Match`: so of two writers
one is told. Which store knows what: docs/replicas.md.

Reads go by blocks of whole MiB: ranges that follow chunks would tell the store how long they are.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from standfast.errors.replicas import (
    ReplicaBusyError,
    ReplicaFullError,
    ReplicaReadOnlyError,
    ReplicaUnreachableError,
)
from standfast.replicas.destination import PIECE_BYTES, Content
from standfast.replicas.names import LIMIT_BYTES, require_name
from standfast.replicas.s3_store import S3Access, in_a_line, open_store
from standfast.replicas.same_bytes import require_same
from standfast.vault.folder import CHECKPOINT_NAME

if TYPE_CHECKING:
    from obstore.store import S3Store

BLOCK_BYTES = 8 * PIECE_BYTES
"""What one request asks for, and the size of a part of a large object."""
PARTS_AT_ONCE = 2
"""More fill a bad line with parts that all come too late, and memory."""

_FULL = ("QuotaExceeded", "InsufficientStorage", "507 ", "insufficient storage", "XMinioStorageFull", "No space left")


class S3:
    """A `Destination` in a bucket. The bucket must be there; it is not made here."""

    def __init__(self, access: S3Access, *, conditional: bool = True) -> None:
        """Nothing is asked yet.

        Args:
            access: where, and as whom.
            conditional: whether the store knows create-only and `If-Match`, as its `probe` said.
        """
        self._access, self._conditional = access, conditional
        self._opening, self._opened = threading.Lock(), False
        self._client: S3Store | None = None
        self._writer = threading.Lock()
        self._checkpoint_tag: str | None = None

    @property
    def location(self) -> str:
        """As it was written."""
        return self._access.location

    def __enter__(self) -> S3:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open."""

    def read(self, name: str) -> bytes:
        """A whole object, cut one byte after its kind's limit."""
        limit = LIMIT_BYTES[require_name(name)] + 1
        parts: list[bytes] = []
        left = limit
        for piece in self.read_pieces(name, BLOCK_BYTES):
            parts.append(bytes(piece[:left]))
            left -= len(parts[-1])
            if not left:
                break
        return b"".join(parts)

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """An object in pieces; a cut line costs at most a block of it again."""
        require_name(name)
        size = self._head(name)["size"]
        for at in range(0, size, BLOCK_BYTES):
            block = self._range(name, at, min(BLOCK_BYTES, size - at))
            for start in range(0, len(block), piece_bytes):
                yield block[start : start + piece_bytes]

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of an object from `offset`; fewer where it ends."""
        require_name(name)
        size = self._head(name)["size"]
        return bytes(self._range(name, offset, min(length, size - offset))) if offset < size else b""

    def size(self, name: str) -> int | None:
        """Its size, or None."""
        require_name(name)
        try:
            return int(self._head(name)["size"])
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Everything under the prefix, a thousand names a request."""
        import obstore

        if prefix and not prefix.endswith("/"):
            raise ValueError("a prefix names folders and ends in /")
        with self._asking():
            for found in obstore.list(self._store(), prefix or None, chunk_size=1000):
                yield from ((each["path"], each["size"]) for each in found)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Remember the checkpoint that stands there: `replace` puts a new one in its place, and in no other's."""
        if not self._writer.acquire(blocking=False):
            raise ReplicaBusyError(self.location)
        try:
            self._require_bucket()
            try:
                self._checkpoint_tag = self._head(CHECKPOINT_NAME)["e_tag"]
            except FileNotFoundError:
                self._checkpoint_tag = None
            yield
        finally:
            self._writer.release()

    def put(self, name: str, content: Content) -> None:
        """Store an object that is not there, or require that it is the same."""
        require_name(name)
        large = not isinstance(content, bytes) and name.startswith("packs/")
        if self.size(name) is not None:
            require_same(name, content, self.read_pieces(name))
        elif large:
            self._send_parts(name, content)
        else:
            self._create(name, content if isinstance(content, bytes) else _joined(content))

    def replace(self, name: str, content: Content) -> None:
        """Store an object over whatever stands there."""
        require_name(name)
        if isinstance(content, bytes) or not name.startswith("packs/"):
            data = content if isinstance(content, bytes) else _joined(content)
            if name == CHECKPOINT_NAME and self._writer.locked() and self._conditional:
                self._replace_checkpoint(data)
            else:
                self._send(name, data, None)
        else:
            self._send_parts(name, content)

    def _create(self, name: str, data: bytes) -> None:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            self._send(name, data, "create" if self._conditional else None)
        except (AlreadyExistsError, PreconditionError):
            # Another writer's, or our own whose answer was lost on the way.
            require_same(name, data, self.read_pieces(name))

    def _replace_checkpoint(self, data: bytes) -> None:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        mode: Any = {"e_tag": self._checkpoint_tag} if self._checkpoint_tag else "create"
        try:
            self._send(CHECKPOINT_NAME, data, mode)
        except (AlreadyExistsError, PreconditionError) as why:
            if self.read(CHECKPOINT_NAME) != data:
                raise ReplicaBusyError(self.location) from why
            self._checkpoint_tag = self._head(CHECKPOINT_NAME)["e_tag"]

    def _send(self, name: str, data: bytes, mode: Any) -> None:
        import obstore

        with self._writing_to():
            told = obstore.put(self._store(), name, data, mode=mode, use_multipart=False)
        if name == CHECKPOINT_NAME:
            self._checkpoint_tag = told["e_tag"]

    def _send_parts(self, name: str, content: Content) -> None:
        """In parts, each sent again by itself after a cut. What `content` raises ends it, and nothing stands there."""
        import obstore

        failed: list[BaseException] = []

        def parts() -> Iterator[bytes]:
            try:
                # A copy of each piece: its buffer is used again while the part is still on its way.
                for piece in content:
                    yield bytes(piece)
            except BaseException as why:
                failed.append(why)
                raise

        try:
            with self._writing_to():
                obstore.put(self._store(), name, parts(), chunk_size=BLOCK_BYTES, max_concurrency=PARTS_AT_ONCE)
        except BaseException as why:
            if failed:
                raise failed[0] from None
            raise why

    def _range(self, name: str, offset: int, length: int) -> memoryview:
        import obstore

        with self._asking():
            got = memoryview(obstore.get_range(self._store(), name, start=offset, length=length))
        if len(got) != length:
            raise OSError(errno.EIO, "the store gave fewer bytes than it said", name)
        return got

    def _head(self, name: str) -> Mapping[str, Any]:
        import obstore

        try:
            with self._asking():
                return dict(obstore.head(self._store(), name))
        except FileNotFoundError:
            self._require_bucket()
            raise FileNotFoundError(errno.ENOENT, "not there", name) from None

    def _require_bucket(self) -> None:
        """A bucket that is gone answers as one that holds nothing; ask once for what only one that is there can give.

        Raises:
            ReplicaUnreachableError: it is not there.
        """
        import obstore

        if not self._opened:
            with self._asking():
                next(iter(obstore.list(self._store(), chunk_size=1)), None)
            self._opened = True

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell an object that is missing from a store that can't be reached."""
        from obstore.exceptions import BaseError

        try:
            yield
        except BaseError as why:
            raise ReplicaUnreachableError(self.location, in_a_line(why)) from why

    @contextlib.contextmanager
    def _writing_to(self) -> Iterator[None]:
        from obstore.exceptions import (
            AlreadyExistsError,
            BaseError,
            PermissionDeniedError,
            PreconditionError,
            UnauthenticatedError,
        )

        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            raise
        except FileNotFoundError as why:  # the bucket: for an object, it would have been made
            raise ReplicaUnreachableError(self.location, in_a_line(why)) from why
        except (PermissionDeniedError, UnauthenticatedError) as why:
            raise ReplicaReadOnlyError(self.location, in_a_line(why)) from why
        except BaseError as why:
            if any(word in str(why) for word in _FULL):
                raise ReplicaFullError(self.location) from why
            raise ReplicaUnreachableError(self.location, in_a_line(why)) from why

    def _store(self) -> S3Store:
        with self._opening:
            if self._client is None:
                self._client = open_store(self._access)
            return self._client


def _joined(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(bytes(piece) for piece in content)
