"""Errors of the drill.

StandfastError
  DrillError
    DrillFailedError          DRL-095, exit 95
    NoCopyToDrillError        DRL-096, exit 96
    ScratchUnusableError      DRL-097, exit 97
    ScratchTooSmallError      DRL-098, exit 98
"""

from __future__ import annotations

from collections.abc import Sequence

from standfast.errors.base import StandfastError


class DrillError(StandfastError):
    """Something about rehearsing a recovery."""


class DrillFailedError(DrillError):
    """At least one origin did not come back from the copy as it was, or could not be checked to its end."""

    code, exit_status = "DRL-095", 95
    next_step = (
        "read the report: each check that did not pass says what it found; `standfast replicas heal` brings "
        "damaged objects of a copy back, then run `standfast drill` again"
    )

    def __init__(self, origins: Sequence[str]) -> None:
        """The names of those origins."""
        self.origins = ", ".join(origins)
        super().__init__(f"the drill did not pass for {self.origins}")


class NoCopyToDrillError(DrillError):
    """A drill reads a replica alone, and none that can be reached holds a copy."""

    code, exit_status = "DRL-096", 96
    next_step = (
        "add a copy in other hands with `standfast replicas add NAME LOCATION`, or plug one in and fill it with "
        "`standfast replicas sync`, then run `standfast drill` again"
    )

    def __init__(self) -> None:
        """Takes nothing: any replica will do."""
        super().__init__("no replica that can be reached holds a copy to restore from")


class ScratchUnusableError(DrillError):
    """The place where a drill restores to can't be written to, or could not be cleared."""

    code, exit_status = "DRL-097", 97
    next_step = (
        "look at the owner and permissions of {folder}; it may hold what the drill restored in plain text: "
        "remove what is in it"
    )

    def __init__(self, folder: object, why: str) -> None:
        """The folder, and what the system said."""
        self.folder, self.why = str(folder), why
        super().__init__(f"{folder} can't be used as scratch place: {why}")


class ScratchTooSmallError(DrillError):
    """What is held does not fit into the scratch place. Nothing was restored."""

    code, exit_status = "DRL-098", 98
    next_step = "make room at {folder}, or choose a place on a larger disk, then run `standfast drill` again"

    def __init__(self, folder: object, *, needed_bytes: int, free_bytes: int) -> None:
        """The folder, what the largest origin takes, and what is free."""
        self.folder, self.needed_bytes, self.free_bytes = str(folder), needed_bytes, free_bytes
        super().__init__(f"{folder} has {free_bytes} bytes free, and the drill needs {needed_bytes}")
