"""Where time comes from. Everything else receives a clock or a moment as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""


def machine_clock() -> datetime:
    """The present moment by this machine's clock, aware and in UTC.

    It proves nothing: what proves a time is a stamp over a checkpoint.
    """
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds by a clock that never jumps, for how long something takes. Its zero means nothing."""
    return time.monotonic()


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, `2031-05-04T12:00:00.000000Z`. Sorts as text.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone has no meaning here")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """The moment that `to_text` wrote; any RFC 3339 offset is accepted, a missing one means UTC.

    Raises:
        ValueError: not a moment.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
