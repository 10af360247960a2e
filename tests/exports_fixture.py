"""Takes an export in without a vault, for tests: what it lands, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from standfast.capture.exports.capture import ExportCapture
from standfast.capture.landing import Failure, Finished, Landed, Unchanged
from standfast.capture.origin import ExportOrigin
from standfast.holdings.item import CardFacts, MailboxFacts, MailFacts
from standfast.holdings.mailbox import MailboxHead, MessageLine, read_mailbox

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


@dataclass
class Memory:
    """What was landed before, as intake remembers it."""

    marks: dict[bytes, bytes] = field(default_factory=dict)
    whole: bytes = b""
    asked: int = 0

    def unchanged(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        self.asked += len(pairs)
        return [self.marks.get(key) == mark for key, mark in pairs]

    def recall(self, key: bytes) -> bytes | None:
        return self.whole if key == b"" else None


@dataclass
class Taken:
    """What one run landed."""

    messages: dict[str, Landed] = field(default_factory=dict)
    """By the SHA-256 of their bytes."""
    folders: dict[str, tuple[MailboxHead, list[MessageLine]]] = field(default_factory=dict)
    cards: dict[str, Landed] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    unchanged: int = 0
    finished: Finished = Finished(complete=False)  # noqa: RUF009 -- frozen

    def bodies(self, folder: str) -> list[bytes]:
        """The messages of a folder, in the order of its list."""
        return [self._content(line.sha256) for line in self.folders[folder][1]]

    def _content(self, sha256: str) -> bytes:
        content = self.messages[sha256].content
        assert isinstance(content, bytes)
        return content


def take(path: Path, form: str = "", memory: Memory | None = None) -> Taken:
    """Run the capture of an export to its end."""
    memory = memory if memory is not None else Memory()
    taken = Taken()
    origin = ExportOrigin(name="export", path=str(path), form=form)
    for event in ExportCapture(origin, tool="test", clock=lambda: NOON).run(memory):
        if isinstance(event, Landed):
            memory.marks[event.key] = event.mark
            assert isinstance(event.content, bytes)
            if isinstance(event.facts, MailFacts):
                taken.messages[event.untrusted_name.decode()[:64]] = event
            elif isinstance(event.facts, MailboxFacts):
                head, lines = read_mailbox(event.content)
                assert event.facts.messages == len(lines)
                taken.folders[head.folder] = (head, lines)
            else:
                assert isinstance(event.facts, CardFacts)
                taken.cards[event.untrusted_name.decode()] = event
        elif isinstance(event, Failure):
            taken.failures.append(event)
        elif isinstance(event, Unchanged):
            taken.unchanged += len(event.keys) + event.count
        elif isinstance(event, Finished):
            taken.finished = event
    if taken.finished.complete:
        memory.whole = taken.finished.memo
    return taken
