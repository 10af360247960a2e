"""When a cosigner is asked again: something new, or its time is no longer fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from standfast import clock
from standfast.assembly.cosigning import _is_due
from standfast.assembly.ledger import CosignerNote

NOON = datetime(2031, 5, 4, 12, tzinfo=UTC)


def office(now: datetime, hours: int = 24) -> Any:
    """What `_is_due` looks at of an office."""
    return SimpleNamespace(clock=lambda: now, settings=SimpleNamespace(cosigning=SimpleNamespace(rhythm_hours=hours)))


@pytest.mark.parametrize(("passed_h", "size", "due"), [(1, 10, False), (23, 10, False), (24, 10, True), (1, 11, True)])
def test_asked_when_something_is_new_or_a_day_has_passed(passed_h: int, size: int, due: bool) -> None:
    note = CosignerNote(known_size=10, cosigned_at=clock.to_text(NOON))
    assert _is_due(office(NOON + timedelta(hours=passed_h)), note, size) is due


def test_one_that_failed_is_left_alone_for_a_while() -> None:
    note = CosignerNote(known_size=10, ask_after=clock.to_text(NOON + timedelta(hours=2)))
    assert not _is_due(office(NOON), note, 11)
    assert _is_due(office(NOON + timedelta(hours=2)), note, 11)
