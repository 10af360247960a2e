"""Errors of restore.

StandfastError
  RestoreError
    PartlyRestoredError       RES-080, exit 80
    TargetNotEmptyError       RES-081, exit 81
    NothingHeldError          RES-082, exit 82
    UnsafeNameError           RES-083, exit 83
    TargetUnusableError       RES-084, exit 84
    BrowserMissingError       RES-085, exit 85
    TargetHoldsOtherMailError RES-094, exit 94
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class RestoreError(StandfastError):
    """Something about bringing things back."""


class PartlyRestoredError(RestoreError):
    """Most is back; some is not, or not as it was."""

    code, exit_status = "RES-080", 80
    next_step = (
        "look at the failures above; `standfast replicas heal` may bring missing objects back, then restore again"
    )

    def __init__(self, failure_count: int) -> None:
        """How many things."""
        self.failure_count = failure_count
        super().__init__(f"{failure_count} thing(s) could not be restored as they were")


class TargetNotEmptyError(RestoreError):
    """There is something where a restore should write."""

    code, exit_status = "RES-081", 81
    next_step = "name a new or empty folder with `--to`, or add `--force` to write over what is there"

    def __init__(self, folder: object) -> None:
        """The folder."""
        self.folder = str(folder)
        super().__init__(f"{folder} is not empty")


class NothingHeldError(RestoreError):
    """Of this origin nothing is held, or was at that time, or goes by that name."""

    code, exit_status = "RES-082", 82
    next_step = "run `standfast items --origin {origin}` to see what is held, and since when"

    def __init__(self, origin: str) -> None:
        """The origin."""
        self.origin = origin
        super().__init__(f"nothing of {origin} is held that fits")


class UnsafeNameError(RestoreError):
    """A name that would lead out of the target, or that no file can have."""

    code, exit_status = "RES-083", 83
    next_step = "take this one out by hand: `standfast export {item} --to DIR` gives it a safe name"

    def __init__(self, item: str, name: str) -> None:
        """The item, and its name as escaped."""
        self.item, self.name = item, name
        super().__init__(f"{name!r} can't be a file's name here")


class TargetUnusableError(RestoreError):
    """The target can't be written to."""

    code, exit_status = "RES-084", 84
    next_step = (
        "free space and restore again with `--force`, or choose another disk for `--to`; what was written stays there"
    )

    def __init__(self, folder: object, why: str) -> None:
        """The folder, and what the system said."""
        self.folder, self.why = str(folder), why
        super().__init__(f"{folder} can't be written to: {why}")


class BrowserMissingError(RestoreError):
    """A check that needs a browser found none."""

    code, exit_status = "RES-085", 85
    next_step = "install Chromium (Debian: `apt-get install chromium`), or set STANDFAST_CHROMIUM to its path"

    def __init__(self) -> None:
        """Takes nothing: any Chromium will do."""
        super().__init__("no Chromium was found on this machine")


class TargetHoldsOtherMailError(RestoreError):
    """Mail was restored to this folder before: of another origin, or in another form."""

    code, exit_status = "RES-094", 94
    next_step = "name a new or empty folder with `--to`"

    def __init__(self, folder: object, origin: str, form: str) -> None:
        """The folder, the origin whose mail lies there, and its form or what is wrong with its listing."""
        self.folder, self.origin, self.form = str(folder), origin, form
        super().__init__(f"{folder} holds mail of {origin} already: {form}")
