"""Errors of taking in what a service or a program gave out.

StandfastError
  ExportError
    UnknownExportError        IMP-206, exit 206
    UnreadableExportError     IMP-207, exit 207
    PstReaderError            IMP-208, exit 208
    ExportInVaultError        IMP-209, exit 209
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class ExportError(StandfastError):
    """An export can't be taken in."""


class UnknownExportError(ExportError):
    """Nothing in it is of a kind that is known."""

    code, exit_status = "IMP-206", 206
    next_step = (
        "look into {path} for the mail itself (an .mbox, .eml, .pst, .vcf or .ics file, a Maildir, a Thunderbird "
        "profile) and add that; if it is mail after all, say of what kind with --kind"
    )

    def __init__(self, path: str, why: str) -> None:
        """Where it lies, and what was found there."""
        self.path, self.why = path, why
        super().__init__(f"{path} holds no mail, contacts or calendar that can be recognised: {why}")


class UnreadableExportError(ExportError):
    """It is not there, or can't be opened."""

    code, exit_status = "IMP-207", 207
    next_step = "check that {path} is whole and can be read; fetch the export once more if it was cut off"

    def __init__(self, path: str, why: str) -> None:
        """Where it should lie, and what the system or the format says."""
        self.path, self.why = path, why
        super().__init__(f"{path} can't be taken in: {why}")


class PstReaderError(ExportError):
    """The program that reads Outlook's files is not installed."""

    code, exit_status = "IMP-208", 208
    next_step = "install it: `apt install pst-utils`, then run the same command again"

    def __init__(self) -> None:
        """Nothing more is known."""
        super().__init__("Outlook's PST files are read by readpst, which is not installed here")


class ExportInVaultError(ExportError):
    """The export lies in the vault's own folder."""

    code, exit_status = "IMP-209", 209
    next_step = "move {path} out of the vault's folder, then add it"

    def __init__(self, path: str) -> None:
        """Where it lies."""
        self.path = path
        super().__init__(f"{path} lies in the vault's own folder")
