"""Errors of checking a bundle. What a step finds is no error but its result; these end the command.

StandfastError
  BundleError                     a disclosure bundle, or what it is checked with
    BundleUnreadableError         VER-100, exit 100
    BundleRefusedError            VER-101, exit 101
    StepsFailedError              VER-102, exit 102
    PolicyUnusableError           VER-103, exit 103
    AuthoritiesUnusableError      VER-104, exit 104
"""

from __future__ import annotations

from standfast.errors.base import StandfastError


class BundleError(StandfastError):
    """A disclosure bundle, or what it is checked with."""


class BundleUnreadableError(BundleError):
    """The file can't be read at all. Nothing was checked."""

    code, exit_status = "VER-100", 100
    next_step = "give the zip as it was received, as one file that you may read"

    def __init__(self, file: object, why: str) -> None:
        """Its path, and what the system says."""
        self.file, self.why = str(file), why
        super().__init__(f"{file} can't be read: {why}")


class BundleRefusedError(BundleError):
    """Bytes that should be a bundle break a rule of its form. `check` shows it as a step that failed."""

    code, exit_status = "VER-101", 101
    next_step = "ask for the bundle again, by another way; if it comes the same, it was not made by this program"

    def __init__(self, why: str) -> None:
        """The rule that is broken."""
        self.why = why
        super().__init__(f"this is no bundle: {why}")


class StepsFailedError(BundleError):
    """At least one step failed. The steps themselves were printed."""

    code, exit_status = "VER-102", 102
    next_step = "do not rely on this bundle; keep it as it is, and ask whoever sent it, by another way, for it again"

    def __init__(self, names: tuple[str, ...]) -> None:
        """The names of the steps that failed, in their order."""
        self.names = names
        super().__init__(
            f"a step failed: {', '.join(names)}" if len(names) == 1 else f"steps failed: {', '.join(names)}"
        )


class PolicyUnusableError(BundleError):
    """The policy that the reader gave is none. Nothing was checked."""

    code, exit_status = "VER-103", 103
    next_step = "give a policy file as docs/formats/policy.md describes it: logs, cosigners, groups and one quorum"

    def __init__(self, file: object, why: str) -> None:
        """Its path, and the rule that it breaks."""
        self.file, self.why = str(file), why
        super().__init__(f"{file} is no policy: {why}")


class AuthoritiesUnusableError(BundleError):
    """The folder of authorities holds no certificate that could be trusted. Nothing was checked."""

    code, exit_status = "VER-104", 104
    next_step = "give a folder with a file NAME.pem for each authority, its root certificate in it"

    def __init__(self, folder: object, why: str) -> None:
        """Its path, and what is wrong."""
        self.folder, self.why = str(folder), why
        super().__init__(f"{folder} gives no authorities: {why}")
