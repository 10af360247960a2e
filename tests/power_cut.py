"""Cuts the power at a chosen write: the n-th system call that changes the disk never happens, and none after it.

What a process does while it dies (exception handlers, clean-up) would be more than a killed one can do, so those
writes fail too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHANGES = (
    "write",
    "writev",
    "fsync",
    "replace",
    "rename",
    "unlink",
    "remove",
    "mkdir",
    "rmdir",
    "ftruncate",
    "link",
    "symlink",
)


class PowerCut(BaseException):
    """The machine is off. Not an Exception: nothing may handle it."""


class Cutter:
    """Counts changes to the disk, and refuses from the `at`-th on."""

    def __init__(self, at: int | None) -> None:
        self.at, self.count = at, 0

    @property
    def cut(self) -> bool:
        return self.at is not None and self.count > self.at

    def step(self) -> None:
        self.count += 1
        if self.cut:
            raise PowerCut


@contextmanager
def power_cut(at: int | None) -> Iterator[Cutter]:
    """Within, the `at`-th change of the disk and all after it raise PowerCut; None only counts."""
    cutter = Cutter(at)
    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, _guarded(getattr(os, name), cutter))
        yield cutter


def _guarded(call, cutter):
    def guarded(*args, **kwargs):
        cutter.step()
        return call(*args, **kwargs)

    return guarded
