"""What the tests of files share: a memory of marks, a run of a capture, trees that are hard to remove."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from standfast.capture.files import FilesCapture
from standfast.capture.landing import Failure, FileReference, Finished, Landed, Unchanged
from standfast.capture.origin import FilesOrigin
from standfast.capture.reading import open_reference
from standfast.holdings.item import FileFacts

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
