"""A copy in a folder on another machine, over SFTP.

Not trusted: what the server says. Writing: open(name.unfinished) · write · fsync where the server has it · link to the
name, which fails where it is taken · remove the unfinished one. Where links can't be made (some disks), the name is
looked for and the file renamed: there, one writer is a person's duty. SFTP can't force a folder to the disk.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from standfast import durable
from standfast.errors.replicas import RefusedLocationError, ReplicaBusyError, ReplicaUnreachableError
from standfast.holdings.identifiers import escape_name
from standfast.replicas.destination import NOT_A_FILE, PIECE_BYTES, Content
from standfast.replicas.names import LIMIT_BYTES, require_name
from standfast.replicas.same_bytes import require_same
from standfast.replicas.sftp_line import SftpAccess, SftpLine, meaning

if TYPE_CHECKING:
    import asyncssh

BLOCK_BYTES = 4 * PIECE_BYTES
DEPTH_LIMIT = 12
ENTRIES_LIMIT = 1_000_000
"""Of one folder: a server may invent names for ever."""
UNFINISHED = durable.UNFINISHED.encode()
PROBE_NAME = b"standfast-probe"


class Sftp:
    """A `Destination` over SFTP. `close` it, or use it in a `with`."""

    def __init__(self, access: SftpAccess) -> None:
        """Nothing is connected yet.

        Raises:
            RefusedLocationError: no `sftp://user@host/path`.
        """
        self._line = SftpLine(access)
        self._root = access.folder.rstrip("/").encode()
        self._writer = threading.Lock()
        self._made: set[bytes] = set()

    @property
    def location(self) -> str:
        """As it was written."""
        return self._line.access.location

    def __enter__(self) -> Sftp:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        self._line.close()

    def read(self, name: str) -> bytes:
        """A whole object, cut one byte after its kind's limit."""
        limit = LIMIT_BYTES[require_name(name)] + 1
        taken = bytearray()
        for piece in self.read_pieces(name, BLOCK_BYTES):
            taken += piece[: limit - len(taken)]
            if len(taken) == limit:
                break
        return bytes(taken)

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """An object in pieces. Each block opens the file anew, so that a cut costs a block."""
        require_name(name)
        at = 0
        while block := self._block(name, at, BLOCK_BYTES):
            view = memoryview(block)
            for start in range(0, len(view), piece_bytes):
                yield view[start : start + piece_bytes]
            at += len(block)
            if len(block) < BLOCK_BYTES:
                return

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of an object from `offset`; fewer where it ends."""
        require_name(name)
        return self._block(name, offset, length)

    def size(self, name: str) -> int | None:
        """Its size, or None."""
        require_name(name)
        path = self._path(name)
        try:
            with meaning(self._line, name):
                return self._line.run(lambda client: client.lstat(path)).size or 0
        except FileNotFoundError:
            self._require_root()
            return None

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Everything below the prefix, folder by folder, names sorted. No link is followed."""
        if prefix and not prefix.endswith("/"):
            raise ValueError("a prefix names folders and ends in /")
        if not prefix:
            self._require_root()
        yield from self._walk(prefix, prefix.count("/"))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keeps other threads out; SFTP has no lock that ends with its holder."""
        if not self._writer.acquire(blocking=False):
            raise ReplicaBusyError(self.location)
        try:
            self._require_root()
            yield
        finally:
            self._writer.release()

    def put(self, name: str, content: Content) -> None:
        """Store an object that is not there, or require that it is the same."""
        require_name(name)
        if self.size(name) is not None:
            require_same(name, content, self.read_pieces(name))
            return
        final = self._path(name)
        unfinished = self._write(name, content)
        with meaning(self._line, name, writing=True):
            self._line.run(lambda client: _give_name(client, unfinished, final))

    def replace(self, name: str, content: Content) -> None:
        """Store an object over whatever file or link stands there."""
        require_name(name)
        final = self._path(name)
        unfinished = self._write(name, content)
        try:
            with meaning(self._line, name, writing=True):
                self._line.run(lambda client: client.posix_rename(unfinished, final))
        except OSError as why:
            raise FileExistsError(errno.EEXIST, f"it could not be replaced: {why.strerror}", name) from why

    def probe(self) -> None:
        """Try the place: make the folder, write, read back, list, remove; and see that a name that is taken stays.

        Raises:
            RefusedLocationError: it does not give back what was written, or other things lie there.
            ReplicaUnreachableError, ReplicaFullError, ReplicaReadOnlyError: it can't be used at all.
        """
        data = b"standfast probe " * 4096

        async def tried(client: asyncssh.SFTPClient) -> bytes:
            path, other = self._root + b"/" + PROBE_NAME, self._root + b"/" + PROBE_NAME + UNFINISHED
            for each in (path, other):
                async with client.open(each, "wb") as file:
                    await file.write(data)
            try:
                async with client.open(path, "rb") as file:
                    return await file.read()
            finally:
                await client.remove(path)
                await client.remove(other)

        with meaning(self._line, PROBE_NAME.decode(), writing=True):
            self._line.run(lambda client: client.makedirs(self._root, exist_ok=True))
            if self._line.run(tried) != data:
                raise RefusedLocationError(self.location, "it does not give back what was written")

    def _path(self, name: str) -> bytes:
        return self._root + b"/" + name.encode()

    def _block(self, name: str, offset: int, length: int) -> bytes:
        path = self._path(name)

        async def read(client: asyncssh.SFTPClient) -> bytes:
            async with client.open(path, "rb") as file:
                return await file.read(length, offset)

        try:
            with meaning(self._line, name):
                return self._line.run(read)
        except FileNotFoundError:
            self._require_root()
            raise

    def _write(self, name: str, content: Content) -> bytes:
        """All of it under another name, forced to the disk; that name."""
        final = self._path(name)
        self._make_folder(final.rpartition(b"/")[0])
        pieces = iter((content,)) if isinstance(content, bytes) else iter(content)
        with meaning(self._line, name, writing=True):
            path = self._line.run(lambda client: _free_name(client, final))
            file = self._line.run(lambda client: client.open(path, "xb"))
            try:
                at = 0
                for piece in pieces:
                    data, start = bytes(piece), at
                    self._line.run(lambda _, data=data, start=start: file.write(data, start))  # type: ignore[misc]
                    at += len(data)
                self._line.run(lambda client: _force(client, file))
            except BaseException:
                with contextlib.suppress(Exception):
                    self._line.run(lambda _: file.close())
                    self._line.run(lambda client: client.remove(path))
                raise
            self._line.run(lambda _: file.close())
        return path

    def _make_folder(self, folder: bytes) -> None:
        if folder in self._made:
            return
        with meaning(self._line, folder.decode("utf-8", "replace"), writing=True):
            self._line.run(lambda client: client.makedirs(folder, exist_ok=True))
        self._made.add(folder)

    def _require_root(self) -> None:
        """A folder that is gone is no copy that holds nothing."""
        import asyncssh

        try:
            self._line.run(lambda client: client.stat(self._root))
        except asyncssh.SFTPError as why:
            raise ReplicaUnreachableError(self.location, f"its folder is not there: {why}") from why

    def _walk(self, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
        import asyncssh

        folder = self._root + b"/" + prefix.encode().rstrip(b"/") if prefix else self._root
        try:
            found = self._line.run(lambda client: _entries(client, folder))
        except asyncssh.SFTPError:
            if prefix and depth:
                return
            raise
        for raw, kind, size in found:
            name = prefix + escape_name(raw)
            if kind != asyncssh.FILEXFER_TYPE_DIRECTORY:
                yield name, size if kind == asyncssh.FILEXFER_TYPE_REGULAR else NOT_A_FILE
            elif depth < DEPTH_LIMIT and "\\" not in name:
                yield from self._walk(name + "/", depth + 1)
            else:
                yield name + "/", NOT_A_FILE


async def _entries(client: asyncssh.SFTPClient, folder: bytes) -> list[tuple[bytes, int, int]]:
    found = []
    listed: AsyncIterator[asyncssh.SFTPName] = client.scandir(folder)
    async for each in listed:
        raw = each.filename if isinstance(each.filename, bytes) else each.filename.encode("utf-8", "surrogateescape")
        if raw in (b".", b"..") or b"/" in raw:
            continue
        found.append((raw, each.attrs.type, each.attrs.size or 0))
        if len(found) > ENTRIES_LIMIT:
            break
    return sorted(found)


async def _force(client: asyncssh.SFTPClient, file: asyncssh.SFTPClientFile) -> None:
    import asyncssh

    with contextlib.suppress(asyncssh.SFTPOpUnsupported):
        await file.fsync()


async def _free_name(client: asyncssh.SFTPClient, final: bytes) -> bytes:
    """A name to write under. What a cut left is never written into: it may be a second link to an object."""
    import asyncssh

    with contextlib.suppress(asyncssh.SFTPError):
        await client.remove(final + UNFINISHED)
    if await client.lexists(final + UNFINISHED):  # a server that forbids removal
        return b"%s.%s%s" % (final, secrets.token_hex(4).encode(), UNFINISHED)
    return final + UNFINISHED


async def _give_name(client: asyncssh.SFTPClient, unfinished: bytes, final: bytes) -> None:
    """Link to the name, which fails where it is taken; else look, and rename."""
    import asyncssh

    try:
        await client.link(unfinished, final)
    except asyncssh.SFTPError:
        if await client.lexists(final):
            await client.remove(unfinished)
            raise asyncssh.SFTPFileAlreadyExists("another object stands there") from None
        await client.rename(unfinished, final)
        return
    with contextlib.suppress(asyncssh.SFTPError):  # a server that forbids removal keeps it: debris, under another name
        await client.remove(unfinished)
