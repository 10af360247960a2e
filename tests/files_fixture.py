"""What the tests of files share: a memory of marks, a run of a capture, a reader over what it landed, deep trees."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from standfast.capture.files import FilesCapture
from standfast.capture.landing import Failure, FileReference, Finished, Landed, Unchanged
from standfast.capture.origin import FilesOrigin
from standfast.capture.reading import open_reference
from standfast.clock import to_text
from standfast.errors.vault import FixityMismatchError
from standfast.holdings.identifiers import escape_name
from standfast.holdings.item import FileFacts, Record
from standfast.vault.manifests import HeldItem, OriginLine

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


class Memory:
    """What was landed, by key: as intake remembers it, without sealing anything."""

    def __init__(self) -> None:
        self.marks: dict[bytes, bytes] = {}
        self.asked: list[int] = []

    def unchanged(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        self.asked.append(len(pairs))
        return [self.marks.get(key) == mark for key, mark in pairs]

    def recall(self, key: bytes) -> bytes | None:
        return None


@dataclass
class Run:
    """All that one capture yielded."""

    landed: dict[bytes, Landed] = field(default_factory=dict)
    order: list[bytes] = field(default_factory=list)
    """Of everything landed."""
    unchanged: list[bytes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    finished: Finished | None = None

    def facts(self, name: bytes) -> FileFacts:
        facts = self.landed[name].facts
        assert isinstance(facts, FileFacts)
        return facts

    @property
    def there(self) -> set[bytes]:
        return {*self.landed, *self.unchanged}


def capture(path: Path | str, memory: Memory | None = None, **options: object) -> Run:
    """Capture a folder to the end; what it landed is remembered."""
    origin = {key: options.pop(key) for key in ("exclude", "one_file_system") if key in options}
    settings = FilesOrigin(name="docs", path=str(path), **origin)  # type: ignore[arg-type]
    options.setdefault("clock", lambda: NOON)
    return take_all(FilesCapture(settings, tool="standfast/test files", **options), memory)  # type: ignore[arg-type]


def take_all(files: FilesCapture, memory: Memory | None = None) -> Run:
    """Run a capture to its end."""
    memory = memory or Memory()
    run = Run()
    for event in files.run(memory):
        assert run.finished is None, "nothing comes after the end"
        if isinstance(event, Landed):
            assert event.key not in run.landed
            run.landed[event.key] = event
            run.order.append(event.key)
            memory.marks[event.key] = event.mark
        elif isinstance(event, Unchanged):
            run.unchanged += event.keys
        elif isinstance(event, Failure):
            run.failures.append(event)
        elif isinstance(event, Finished):
            run.finished = event
    assert run.finished is not None
    return run


def content_of(landed: Landed) -> bytes:
    """What intake would read."""
    if not isinstance(landed.content, FileReference):
        return landed.content
    with os.fdopen(open_reference(landed.content), "rb") as file:
        return file.read()


@contextmanager
def removed_at_last(folder: Path) -> Iterator[Path]:
    """A folder that pytest could not remove, as it is too deep for Python."""
    folder.mkdir()
    try:
        yield folder
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def make_deep(folder: Path, depth: int, last: bytes = b"d") -> None:
    """Folders in folders, and a file in the deepest."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(last, dir_fd=handle)
        below = os.open(last, os.O_RDONLY | os.O_DIRECTORY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("bottom.txt", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=handle))
    os.close(handle)


class FakeReader:
    """Holds what captures landed, or what a test makes up, and gives it back as a vault's reader does."""

    def __init__(self, piece_bytes: int = 100_000) -> None:
        self.held: list[HeldItem] = []
        self.content: dict[str, bytes] = {}
        """By item; what a test changes here is damaged."""
        self.piece_bytes = piece_bytes

    def take(self, run: Run) -> FakeReader:
        for name, landed in run.landed.items():
            facts = landed.facts
            assert isinstance(facts, FileFacts)
            self.add(escape_name(name), content_of(landed), facts)
        return self

    def add(self, name: str, content: bytes = b"", facts: FileFacts | None = None, **changes: object) -> str:
        """One more item, by default a regular file; `changes` are to its facts. Returns its id."""
        facts = facts or FileFacts(type="file", mode=0o644, uid=os.getuid(), gid=os.getgid(), mtime_ns="1000000001")
        item = f"i{len(self.held):016}"
        record = Record(
            id=item,
            origin="docs",
            name=name,
            sha256=hashlib.sha256(content).hexdigest(),
            blake3="",
            size_bytes=len(content),
            media_type="text/plain",
            captured_at=to_text(NOON),
            tool="standfast/test",
            facts=msgspec.structs.replace(facts, **changes),
        )
        self.held.append(HeldItem(record, b"", (), len(self.held), 1))
        self.content[item] = content
        return item

    def items(self, origin: str | None = None, at: datetime | None = None) -> Iterator[HeldItem]:
        yield from (each for each in self.held if origin in (None, each.record.origin))

    def pieces(self, held: HeldItem) -> Iterator[bytes | memoryview]:
        content = self.content[held.record.id]
        for at in range(0, len(content), self.piece_bytes):
            yield memoryview(content)[at : at + self.piece_bytes]
        found = hashlib.sha256(content).hexdigest()
        if found != held.record.sha256:
            raise FixityMismatchError(held.record.id, sealed=held.record.sha256, found=found)

    def read(self, held: HeldItem, limit_bytes: int = 1 << 30) -> bytes:
        return b"".join(bytes(piece) for piece in self.pieces(held))

    def origins(self) -> list[OriginLine]:
        return []


def picture(folder: Path | str) -> dict[bytes, tuple[object, ...]]:
    """All that a restore must give back, by name; read by paths, sharing nothing with the code under test."""
    seen: dict[bytes, tuple[object, ...]] = {}
    root = os.fsencode(folder)
    for place, folders, files in os.walk(root):
        for last in (*folders, *files):
            path = os.path.join(place, last)
            found = os.lstat(path)
            content: object = None
            if stat.S_ISLNK(found.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(found.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            attributes = {
                name: os.getxattr(path, name, follow_symlinks=False)
                for name in os.listxattr(path, follow_symlinks=False)
            }
            links = found.st_nlink if stat.S_ISREG(found.st_mode) else 0
            facts = (found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, links)
            seen[os.path.relpath(path, root)] = (content, *facts, attributes)
    return seen
