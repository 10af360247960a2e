"""Errors of handing something out.

StandfastError
  DisclosureError                 a bundle for a stranger; nothing was handed out
    BundleExistsError             DIS-185, exit 185
    BundlePlaceError              DIS-186, exit 186
    RecipientMissingError         DIS-187, exit 187
    BundleUnsoundError            DIS-188, exit 188
    TooManyItemsError             DIS-189, exit 189
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class DisclosureError(StandfastError):
    """A bundle for a stranger. Nothing was handed out."""


class BundleExistsError(DisclosureError):
    """There is a file where the bundle should be written."""

    code, exit_status = "DIS-185", 185
    next_step = "give `--to` another name; what is there is never written over"

    def __init__(self, file: object) -> None:
        """Its path."""
        self.file = str(file)
        super().__init__(f"{file} is there already")


class BundlePlaceError(DisclosureError):
    """The bundle can't be written where it should be."""

    code, exit_status = "DIS-186", 186
    next_step = "give `--to` a file in a folder that is there, may be written to, and has room for the items"

    def __init__(self, file: object, why: str) -> None:
        """Its path, and what the system says."""
        self.file, self.why = str(file), why
        super().__init__(f"{file} can't be written: {why}")


class RecipientMissingError(DisclosureError):
    """Nobody is named as recipient, or nothing as purpose: custody would say nothing."""

    code, exit_status = "DIS-187", 187
    next_step = "say with `--recipient` and `--purpose`, in a few words, who gets it and what for"

    def __init__(self, what: str) -> None:
        """`recipient` or `purpose`."""
        self.what = what
        super().__init__(f"a disclosure needs a {what}, in at most 1,000 characters")


class BundleUnsoundError(DisclosureError):
    """The bundle that was written does not pass the check that its recipient will make. It was removed."""

    code, exit_status = "DIS-188", 188
    next_step = "run `standfast verify` to see whether the vault is sound, and report what it says with this message"

    def __init__(self, names: tuple[str, ...]) -> None:
        """The steps that failed."""
        self.names = names
        super().__init__(f"the bundle fails its own check: {', '.join(names)}")


class TooManyItemsError(DisclosureError):
    """More items than one bundle may hold."""

    code, exit_status = "DIS-189", 189
    next_step = "make several bundles, of at most {limit} items each"

    def __init__(self, count: int, limit: int) -> None:
        """How many were asked for, and how many there may be."""
        self.count, self.limit = count, limit
        super().__init__(f"{count} items are more than the {limit} that a bundle may hold")
