"""Errors of intake: what came in could not be taken in, or not all of it.

StandfastError
  IntakeError
    PartlyProtectedError      INT-060, exit 60
    OldCopyError              INT-061, exit 61
    UnfinishedGenesisError    INT-062, exit 62
    UnknownOriginError        INT-063, exit 63
    RecipientsMissingError    INT-064, exit 64
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class IntakeError(StandfastError):
    """Something about taking things in."""


class PartlyProtectedError(IntakeError):
    """Some of what should have been protected was not; the rest is held."""

    code, exit_status = "INT-060", 60
    next_step = (
        "look at the failures above, mend what can be mended, then run `standfast protect` again: "
        "only what is missing is fetched"
    )

    def __init__(self, origins: list[str]) -> None:
        """The origins or replicas with failures."""
        self.origins = ", ".join(origins)
        super().__init__(f"not everything could be protected: {self.origins}")


class OldCopyError(IntakeError):
    """A copy of this vault is ahead of this folder."""

    code, exit_status = "INT-061", 61
    next_step = (
        "either this folder is an old copy (then run `standfast rebuild --from {copy} NEWDIR`), or somebody else "
        "signs with this log's key (then tell your partners, and do not write here); nothing was signed"
    )

    def __init__(self, where: str, ours: int, theirs: int, *, copy: str = "") -> None:
        """Where the newer checkpoint was found, both sizes in leaves, and a copy to rebuild from, if not the same."""
        self.where, self.ours, self.theirs, self.copy = where, ours, theirs, copy or where
        super().__init__(f"{where} holds a log of {theirs} leaves, this folder one of {ours}")


class UnfinishedGenesisError(IntakeError):
    """`init` was cut off before the vault's first checkpoint."""

    code, exit_status = "INT-062", 62
    next_step = "nothing is held in it: remove {folder} and run `standfast init` again"

    def __init__(self, folder: object) -> None:
        """The vault's folder."""
        self.folder = str(folder)
        super().__init__(f"{folder} was never finished by `init`")


class UnknownOriginError(IntakeError):
    """No such origin in the settings."""

    code, exit_status = "INT-063", 63
    next_step = (
        "run `standfast status` to see the origins, or add one with `standfast add web URL` or "
        "`standfast add files PATH`"
    )

    def __init__(self, origin: str) -> None:
        """The name asked for."""
        self.origin = origin
        super().__init__(f"there is no origin called {origin}" if origin else "there is no origin yet")


class RecipientsMissingError(IntakeError):
    """The keyring in force names nobody who could read."""

    code, exit_status = "INT-064", 64
    next_step = "run `standfast audit` on this folder and bring the keyring back from a replica"

    def __init__(self) -> None:
        """Takes nothing: the keyring in force is the only one meant."""
        super().__init__("the keyring names no recipient, so nothing could be sealed")
