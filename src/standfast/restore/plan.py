"""What every restore needs, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from standfast import clock
from standfast.vault.manifests import HeldItem, OriginLine

FAILURES_KEPT = 1_000


class HoldingsReader(Protocol):
    """What a restore reads from: `vault.reader.VaultReader` over any copy."""

    def items(self, origin: str | None = None, at: datetime | None = None) -> Iterator[HeldItem]:
        """What the origin held at a moment, now where none is given."""
        ...

    def pieces(self, held: HeldItem) -> Iterator[bytes | memoryview]:
        """The item's bytes; raises at the end unless they are what was sealed. Safe to call from several threads."""
        ...

    def read(self, held: HeldItem, limit_bytes: int = 1 << 30) -> bytes:
        """The whole item in memory."""
        ...

    def origins(self) -> list[OriginLine]:
        """Each origin by its newest line: name, kind, location."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFailure:
    """Something that could not be restored, or not as it was, and why."""

    what: str
    why: str


Tell = Callable[[int, int], None]
"""Called with (items done, items in all) now and then."""


@dataclass(slots=True, kw_only=True)
class RestoreResult:
    """What a restore brought back."""

    origin: str
    kind: str
    to: str
    items: int = 0
    bytes: int = 0
    failures: list[RestoreFailure] = field(default_factory=list)
    failure_count: int = 0
    notes: list[str] = field(default_factory=list)
    """What is worth saying and no failure, in words."""
    recovery_time_s: float = 0.0
    loss_s: float = 0.0
    """Age of the newest thing restored, in seconds, when the restore began."""

    @property
    def ok(self) -> bool:
        """Everything is back as it was."""
        return not self.failure_count

    def fail(self, what: str, why: str) -> None:
        """Note a failure; the list is bounded, the count is not."""
        self.failure_count += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(RestoreFailure(what=what, why=why))


def loss_of(items: list[HeldItem], now: datetime) -> float:
    """Age in seconds of the newest of these items."""
    newest = max((item.record.captured_at for item in items), default="")
    return max(0.0, (now - clock.from_text(newest)).total_seconds()) if newest else 0.0
