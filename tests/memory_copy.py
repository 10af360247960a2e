"""A copy in memory that a test can make hostile: it lies, fills up, is unplugged, at the moment the test chooses."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from pathlib import Path

from standfast.errors.replicas import ReplicaBusyError, ReplicaFullError, ReplicaUnreachableError
from standfast.replicas.destination import PIECE_BYTES, Content
from standfast.replicas.names import LIMIT_BYTES, require_name


class MemoryCopy:
    """A `Destination` in a dictionary. `before` is told each act and name first; it may raise or meddle."""

    def __init__(self, objects: dict[str, bytes] | None = None, location: str = "memory") -> None:
        self.objects = dict(objects or {})
        self.location = location
        self.capacity_bytes = 10**12
        self.before: Callable[[str, str], None] = lambda act, name: None
        self.calls: list[tuple[str, str]] = []
        self.lies: dict[str, bytes] = {}
        """Served in place of what is held."""
        self.hidden: set[str] = set()
        """Left out of listings."""
        self._held = False

    @classmethod
    def of(cls, folder: Path, location: str = "memory") -> MemoryCopy:
        """All that lies in a folder."""
        return cls({str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}, location)

    def unplug(self) -> None:
        """From now on every act fails."""

        def gone(act: str, name: str) -> None:
            raise ReplicaUnreachableError(self.location, "unplugged")

        self.before = gone

    def _act(self, act: str, name: str) -> None:
        self.calls.append((act, name))
        self.before(act, name)

    def read(self, name: str) -> bytes:
        limit = LIMIT_BYTES[require_name(name)] + 1
        self._act("read", name)
        return self._get(name)[:limit]

    def read_pieces(self, name: str, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        require_name(name)
        self._act("read_pieces", name)
        data = memoryview(self._get(name))
        for at in range(0, len(data), piece_bytes):
            yield data[at : at + piece_bytes]

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        require_name(name)
        self._act("read_range", name)
        return self._get(name)[offset : offset + length]

    def size(self, name: str) -> int | None:
        require_name(name)
        self._act("size", name)
        return len(self.objects[name]) if name in self.objects else None

    def list(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        self._act("list", prefix)
        for name in sorted(self.objects):
            if name.startswith(prefix) and name not in self.hidden:
                yield name, len(self.objects[name])

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        if self._held:
            raise ReplicaBusyError(self.location)
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def put(self, name: str, content: Content) -> None:
        require_name(name)
        self._act("put", name)
        data = _whole(content)
        if name in self.objects:
            if self.objects[name] != data:
                raise FileExistsError(errno.EEXIST, "another object stands there", name)
            return
        self._store(name, data)

    def replace(self, name: str, content: Content) -> None:
        require_name(name)
        self._act("replace", name)
        self._store(name, _whole(content))

    def _get(self, name: str) -> bytes:
        try:
            return self.lies.get(name) or self.objects[name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "not there", name) from None

    def _store(self, name: str, data: bytes) -> None:
        rest = sum(len(each) for key, each in self.objects.items() if key != name)
        if rest + len(data) > self.capacity_bytes:
            raise ReplicaFullError(self.location)
        self.objects[name] = data


def _whole(content: Content) -> bytes:
    return content if isinstance(content, bytes) else b"".join(bytes(piece) for piece in content)
