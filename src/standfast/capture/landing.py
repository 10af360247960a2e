"""The door between capture and intake: what a capture hands over, one thing at a time.

A capture is an iterator of these values. It writes nothing to disk: files are landed by reference, everything
else as bytes in memory, one at a time, so the landing never holds readable text. All of it is untrusted: names, sizes
and types come from outside, and intake screens them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from standfast.holdings.item import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A regular file to be read where it lies. `reading.open_reference` opens it, and requires that it is the one."""

    path: bytes
    """Absolute; may be longer than the system takes at once."""
    size_bytes: int
    mtime_ns: int
    inode: int
    device: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One thing captured, new or changed, ready to be screened and sealed."""

    key: bytes
    """What identifies it at its origin (path, address, message id), for the next capture. Never stored as it is."""
    mark: bytes
    """What tells a change without reading again (size, times and inode; validators). Stored only as a keyed digest."""
    memo: bytes = b""
    """What the capture wants to recall next time by `key`; stored sealed. At most 64 MiB."""
    untrusted_name: bytes
    media_type: str
    captured_at: datetime
    quality: str = "complete"
    facts: Facts
    content: bytes | FileReference
    cuts: tuple[int, ...] = ()
    """Offsets where something begins or ends that other contents hold too, as an attachment does: chunks end there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Things that are still there and as they were; nothing of them was read again."""

    keys: Sequence[bytes]
    size_bytes: int
    count: int = 0
    """Further ones that are not named, which only a `Finished` that says `all_still_there` may leave so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that could not be captured. What is held of it already stays as it is and is not taken for gone."""

    key: bytes
    """Empty when it concerns no single thing."""
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long capture has come. `total_count` is None where it can't be known."""

    done_count: int
    total_count: int | None
    bytes_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last value of a capture. Only after a complete one may what was not met again be called gone."""

    complete: bool
    passed_over: tuple[tuple[str, int], ...] = ()
    """What there was that holds nothing to keep, in words, and how many: no failure, and worth saying."""
    all_still_there: bool = False
    """The capture knows that nothing is gone of what the last complete run left, so that not all had to be met."""
    memo: bytes = b""
    """What the capture wants to recall of the origin as a whole, by the empty key; kept after a complete run only."""


LandingEvent = Landed | Unchanged | Failure | Progress | Finished


class Seen(Protocol):
    """What intake remembers of an origin, without naming anything. Safe to call from one thread at a time."""

    def unchanged(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """For each (key, mark): was it taken in before with this very mark? Ask in batches of up to 1,000."""
        ...

    def recall(self, key: bytes) -> bytes | None:
        """The memo that was landed with this key last time, or None.

        With the empty key: that of the last `Finished`, if its run was complete and no other has landed anything since.
        """
        ...


class Capture(Protocol):
    """One way of obtaining things from one origin."""

    tool: str
    """Program, version and room, for the record: `standfast/0.1.0 files`."""

    def run(self, seen: Seen) -> Iterator[LandingEvent]:
        """Yield what is there, and `Finished` last.

        Raises:
            StandfastError: nothing of the origin could be reached. A part that fails is yielded as `Failure`.
        """
        ...
